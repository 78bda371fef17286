//! The demos by chapter, each with what it is about.
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
    /// Its number among the demos by chapter.
    row: usize,
}

/// A line of the list.
#[derive(Clone, Copy)]
enum Row {
    Chapter(&'static str),
    /// With its number among the demos by chapter.
    Demo(usize, &'static Demo),
}

/// The chapter a demo stands under.
fn chapter(demo: &Demo) -> &'static str {
    demo.chapters.first().copied().unwrap_or_default()
}

/// Where a chapter stands among the others: W2 before W10.
fn place(chapter: &str) -> (u32, &str) {
    let number = chapter.trim_start_matches(|c: char| !c.is_ascii_digit());
    (number.parse().unwrap_or_default(), chapter)
}

/// All demos, those of a chapter together, the chapters in the order of the course.
fn by_chapter() -> Vec<&'static Demo> {
    let mut all = demos::all().to_vec();
    all.sort_by_key(|demo| place(chapter(demo)));
    all
}

/// The list's lines: each chapter above its demos.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut above = "";
    for (index, demo) in by_chapter().into_iter().enumerate() {
        if chapter(demo) != above {
            above = chapter(demo);
            rows.push(Row::Chapter(above));
        }
        rows.push(Row::Demo(index, demo));
    }
    rows
}

/// The list and what stands beside (or below) it.
fn panes(area: Rect) -> [Rect; 2] {
    let count = u16::try_from(rows().len()).unwrap_or(u16::MAX);
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
            Binding::new([Key::code(KeyCode::Right), Key::char('l')], "next chapter", Action::Right),
            Binding::quiet([Key::code(KeyCode::Left), Key::char('h')], "chapter before", Action::Left),
            Binding::quiet([Key::code(KeyCode::PageDown)], "ten on", Action::PageDown),
            Binding::quiet([Key::code(KeyCode::PageUp)], "ten back", Action::PageUp),
            Binding::quiet([Key::code(KeyCode::Home)], "first", Action::First),
            Binding::quiet([Key::code(KeyCode::End)], "last", Action::Last),
            Binding::new([Key::code(KeyCode::Esc), Key::char('q')], "back", Action::Back),
        ]
    }

    fn update(&mut self, action: Action, world: &World) -> Vec<Effect> {
        let last = demos::all().len().saturating_sub(1);
        if let Some(by) = action.rows() {
            self.row = self.row.saturating_add_signed(by).min(last);
            return Vec::new();
        }
        match action {
            Action::Left | Action::Right => self.row = self.beside(action == Action::Right),
            Action::First => self.row = 0,
            Action::Last => self.row = last,
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
        let rows = rows();
        let row = usize::from(at.y.checked_sub(list.y + 1)?) + self.first(list.height, &rows);
        match rows.get(row).filter(|_| list.contains(at))? {
            Row::Demo(index, _) => Some(Action::Choose(*index)),
            Row::Chapter(_) => None,
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, world: &World) {
        let theme = &world.theme;
        if demos::all().is_empty() {
            pen::put(buffer, area, (1, 1), "This build has no demos.", theme.dim);
            return;
        }
        let [list, detail] = panes(area);
        pen::put(buffer, list, (1, 0), "Experiments in the lab; enter runs one", theme.dim);
        let rows = rows();
        let first = self.first(list.height, &rows);
        for (y, row) in (1..list.height).zip(&rows[first..]) {
            let place = Rect { y: list.y + y, height: 1, ..list };
            match row {
                Row::Chapter(id) => draw_chapter(place, buffer, world, id),
                Row::Demo(index, demo) => draw_row(place, buffer, theme, demo, *index == self.row),
            }
        }
        draw_more(list, buffer, theme, (first, rows.len()));
        if let Some(demo) = self.chosen() {
            draw_detail(detail, buffer, theme, demo);
        }
    }
}

impl Demos {
    fn chosen(&self) -> Option<&'static Demo> {
        by_chapter().get(self.row).copied()
    }

    /// The first demo of the next chapter; backwards the first of this one, or of the one before.
    fn beside(&self, forward: bool) -> usize {
        let all = by_chapter();
        let begins = |at: &usize| *at == 0 || chapter(all[*at]) != chapter(all[*at - 1]);
        let found = if forward { (self.row + 1..all.len()).find(begins) } else { (0..self.row).rev().find(begins) };
        found.unwrap_or(self.row)
    }

    /// The first line on show, so that the chosen demo is, and its chapter where it is the first of it.
    fn first(&self, height: u16, rows: &[Row]) -> usize {
        let here = rows.iter().position(|row| matches!(row, Row::Demo(index, _) if *index == self.row)).unwrap_or(0);
        let room = usize::from(height.saturating_sub(1));
        (here + room.min(3)).saturating_sub(room).min(rows.len().saturating_sub(room))
    }
}

fn draw_chapter(area: Rect, buffer: &mut Buffer, world: &World, id: &str) {
    let title = world.content.chapter(id).map_or("", |it| it.title.as_str());
    pen::put(
        buffer,
        area,
        (1, 0),
        &pen::cut(&format!("{id} {title}"), area.width.saturating_sub(2).into()),
        world.theme.dim,
    );
}

fn draw_row(area: Rect, buffer: &mut Buffer, theme: &Theme, demo: &Demo, chosen: bool) {
    let style = if chosen { theme.selected } else { theme.text };
    pen::put(buffer, area, (0, 0), &" ".repeat(usize::from(area.width)), style);
    pen::put(buffer, area, (3, 0), if chosen { "▸" } else { " " }, style);
    pen::put(buffer, area, (5, 0), &pen::cut(demo.title, usize::from(area.width.saturating_sub(7))), style);
    // The name stands below as well: the title comes first.
    if pen::columns(demo.title) + pen::columns(demo.name) + 8 <= area.width {
        pen::put_right(buffer, area, (area.width - 2, 0), demo.name, if chosen { style } else { theme.dim });
    }
}

/// Marks at the right end of the list where it goes on above or below.
fn draw_more(list: Rect, buffer: &mut Buffer, theme: &Theme, (first, count): (usize, usize)) {
    let x = list.width.saturating_sub(1);
    if first > 0 {
        pen::put(buffer, list, (x, 1), "↑", theme.accent);
    }
    if first + usize::from(list.height.saturating_sub(1)) < count {
        pen::put(buffer, list, (x, list.height.saturating_sub(1)), "↓", theme.accent);
    }
}

/// What the chosen demo is about.
fn draw_detail(area: Rect, buffer: &mut Buffer, theme: &Theme, demo: &Demo) {
    let mut lines = vec![Line::styled(demo.title, theme.title)];
    lines.extend(wrapped(demo.about, area.width, theme.text));
    lines.push(Line::default());
    // Above the knobs, which may need more rows than there are.
    lines.push(Line::styled(format!("roundtrip demo {}", demo.name), theme.code));
    if demo.live.is_some() {
        lines.push(Line::styled(format!("roundtrip demo {} --live", demo.name), theme.code));
        lines.extend(wrapped("It also runs on real sockets: L on its screen.", area.width, theme.dim));
    }
    lines.push(Line::default());
    if demo.knobs.is_empty() {
        lines.push(Line::styled("It has no knobs.", theme.dim));
    }
    for (knob, value) in Knobs::defaults(demo.knobs).iter() {
        let room = usize::from(area.width.saturating_sub(26)).max(8);
        let mut about = textwrap::wrap(knob.about, room).into_iter();
        lines.push(Line::from(vec![
            Span::styled(format!("{:<12}", knob.name), theme.key),
            Span::styled(format!("{:<12}", value.to_string()), theme.strong),
            Span::styled(about.next().unwrap_or_default(), theme.dim),
        ]));
        lines.extend(about.map(|it| Line::styled(format!("{:24}{it}", ""), theme.dim)));
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
        let second = by_chapter()[1].name;
        assert!(
            matches!(effects.as_slice(), [Effect::Go(Place::Demo { demo, .. })] if demo.name == second),
            "{effects:?}"
        );
    }

    #[test]
    fn a_chapter_stands_once_above_all_of_its_demos_and_keys_go_from_one_to_the_next() {
        let world = crate::tui::stage::world();
        let mut heads: Vec<&str> =
            rows().iter().filter_map(|row| if let Row::Chapter(id) = row { Some(*id) } else { None }).collect();
        assert_eq!(rows().len(), demos::all().len() + heads.len());
        let mut screen = Demos::default();
        let mut met = vec![chapter(by_chapter()[0])];
        for _ in 1..heads.len() {
            screen.update(Action::Right, &world);
            met.push(chapter(by_chapter()[screen.row]));
        }
        assert_eq!(met, heads);
        heads.dedup();
        assert_eq!(met, heads, "no chapter twice");
        for (action, row) in [
            (Action::Last, demos::all().len() - 1),
            (Action::PageUp, demos::all().len() - 11),
            (Action::First, 0),
            (Action::PageDown, 10),
        ] {
            screen.update(action, &world);
            assert_eq!(screen.row, row);
        }
    }

    #[test]
    fn chapters_stand_in_the_order_of_the_course() {
        let course = crate::content::load(crate::content::Source::Embedded).0;
        let ids: Vec<&str> = course.chapters.iter().map(|it| it.id.as_str()).collect();
        assert!(ids.contains(&"W10") && ids.is_sorted_by_key(|id| place(id)), "{ids:?}");
        assert!(by_chapter().is_sorted_by_key(|demo| ids.iter().position(|id| *id == chapter(demo))));
    }

    #[test]
    fn the_chosen_one_is_on_show_in_every_height_and_a_click_finds_it() {
        let world = crate::tui::stage::world();
        for height in [14, 22, 34, 60] {
            let area = Rect::new(0, 0, 80, height);
            for row in 0..demos::all().len() {
                let screen = Demos { row };
                let mut buffer = Buffer::empty(area);
                screen.draw(area, &mut buffer, &world);
                let text = crate::tui::views::fixture::text(&buffer);
                let name = by_chapter()[row].name;
                let at = text.lines().position(|line| line.contains('▸') && line.contains(name));
                let y = u16::try_from(at.unwrap_or_else(|| panic!("{name} at {height}:\n{text}"))).expect("short");
                assert_eq!(screen.click(area, Position { x: 5, y }, &world), Some(Action::Choose(row)));
            }
        }
    }
}
