//! The demos: every experiment there is, what it shows, which knobs it has.
use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::Screen;
use crate::content::DemoRef;
use crate::demos::{self, Demo, Knobs};
use crate::tui::action::{Action, Binding, Effect, Key, Place};
use crate::tui::app::World;
use crate::tui::theme::Theme;
use crate::tui::views::pen;

/// The list, and which one is chosen.
#[derive(Default)]
pub struct Demos {
    row: usize,
}

impl Demos {
    fn chosen(&self) -> Option<&'static Demo> {
        demos::all().get(self.row).copied()
    }
}

/// The list and what stands beside (or below) it.
fn panes(area: Rect) -> [Rect; 2] {
    let count = u16::try_from(demos::all().len()).unwrap_or(u16::MAX);
    if area.width >= 100 {
        return Layout::horizontal([Constraint::Percentage(45), Constraint::Fill(1)]).spacing(2).areas(area);
    }
    let list = count.saturating_add(2).min(area.height / 2);
    Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).spacing(1).areas(area)
}

impl Screen for Demos {
    fn title(&self, _world: &World) -> String {
        "Demos".to_owned()
    }

    fn status(&self, _world: &World) -> String {
        format!("{} demos", demos::all().len())
    }

    fn bindings(&self, _world: &World) -> Vec<Binding> {
        vec![
            Binding::new([Key::code(KeyCode::Enter)], "run it", Action::Open),
            Binding::new([Key::code(KeyCode::Down), Key::char('j')], "down", Action::Down),
            Binding::new([Key::code(KeyCode::Up), Key::char('k')], "up", Action::Up),
            Binding::new([Key::code(KeyCode::Esc), Key::char('q')], "back", Action::Back),
        ]
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        let last = demos::all().len().saturating_sub(1);
        match action {
            Action::Down | Action::Scroll { down: true, .. } => self.row = (self.row + 1).min(last),
            Action::Up | Action::Scroll { down: false, .. } => self.row = self.row.saturating_sub(1),
            Action::Choose(row) if row == self.row => return self.update(Action::Open, world),
            Action::Choose(row) => self.row = row.min(last),
            Action::Back => return vec![Effect::Back],
            Action::Open => {
                let open = |demo: &Demo| {
                    let demo = DemoRef { name: demo.name.to_owned(), ..DemoRef::default() };
                    Effect::Go(Place::Demo { demo, seed: world.seed })
                };
                return self.chosen().map(open).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn click(&self, area: Rect, at: Position, _world: &World) -> Option<Action> {
        let [list, _] = panes(area);
        let row = usize::from(at.y.checked_sub(list.y + 1)?) + self.first(list.height);
        (list.contains(at) && row < demos::all().len()).then_some(Action::Choose(row))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        if demos::all().is_empty() {
            pen::put(buffer, area, (1, 1), "This build has no demos.", theme.dim);
            return;
        }
        let [list, detail] = panes(area);
        pen::put(buffer, list, (1, 0), "Experiments in the lab; enter runs one", theme.dim);
        let rows = demos::all().iter().enumerate().skip(self.first(list.height));
        for (y, (index, demo)) in (1..list.height).zip(rows) {
            self.draw_row(Rect { y: list.y + y, height: 1, ..list }, buffer, theme, (index, demo));
        }
        if let Some(demo) = self.chosen() {
            draw_detail(detail, buffer, theme, demo);
        }
    }
}

impl Demos {
    /// The first row on show, so that the chosen one is.
    fn first(&self, height: u16) -> usize {
        (self.row + 2).saturating_sub(usize::from(height))
    }

    fn draw_row(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, (index, demo): (usize, &Demo)) {
        let chosen = index == self.row;
        let style = if chosen { theme.selected } else { theme.text };
        pen::put(buffer, area, (0, 0), &" ".repeat(usize::from(area.width)), style);
        pen::put(buffer, area, (1, 0), if chosen { "▸" } else { " " }, style);
        let chapters = demo.chapters.join(" ");
        let room = usize::from(area.width.saturating_sub(pen::columns(&chapters) + 5));
        pen::put(buffer, area, (3, 0), &pen::cut(demo.title, room), style);
        pen::put_right(buffer, area, (area.width - 1, 0), &chapters, if chosen { style } else { theme.dim });
    }
}

/// What the chosen demo is about.
fn draw_detail(area: Rect, buffer: &mut Buffer, theme: &Theme, demo: &Demo) {
    let mut lines = vec![Line::styled(demo.title, theme.title)];
    lines.extend(wrapped(demo.about, area.width, theme.text));
    lines.push(Line::default());
    if demo.knobs.is_empty() {
        lines.push(Line::styled("It has no knobs.", theme.dim));
    }
    for (knob, value) in Knobs::defaults(demo.knobs).iter() {
        lines.push(Line::from(vec![
            Span::styled(format!("{:<12}", knob.name), theme.key),
            Span::styled(format!("{:<12}", value.to_string()), theme.strong),
            Span::styled(knob.about, theme.dim),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::styled(format!("roundtrip demo {}", demo.name), theme.code));
    if demo.live.is_some() {
        lines.push(Line::styled(format!("roundtrip demo {} --live", demo.name), theme.code));
        lines.extend(wrapped("It also runs on real sockets: L on its screen.", area.width, theme.dim));
    }
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    for (row, line) in inner.rows().zip(lines) {
        line.render(row, buffer);
    }
}

fn wrapped(text: &str, width: u16, style: Style) -> Vec<Line<'_>> {
    let width = usize::from(width.saturating_sub(2)).max(8);
    textwrap::wrap(text, width).into_iter().map(|line| Line::styled(line, style)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demos_are_listed_with_what_they_are_about() {
        let world = crate::tui::stage::world();
        for (width, height) in [(80, 22), (120, 34)] {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            Demos { row: 1 }.draw(area, &mut buffer, &world);
            insta::assert_snapshot!(format!("demos_{width}x{height}"), crate::tui::views::fixture::text(&buffer));
        }
    }

    #[test]
    fn enter_opens_the_chosen_one() {
        let world = crate::tui::stage::world();
        let mut screen = Demos::default();
        screen.update(Action::Down, &world);
        let effects = screen.update(Action::Open, &world);
        let second = demos::all()[1].name;
        assert!(
            matches!(effects.as_slice(), [Effect::Go(Place::Demo { demo, .. })] if demo.name == second),
            "{effects:?}"
        );
    }
}
