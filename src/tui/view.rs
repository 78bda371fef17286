//! The frame around every screen.
//!
//! ```text
//!  Roundtrip › W1 › One request, peeled                       step 3 of 9
//! ┌──────────────────────────────────────────────────────────────────────┐
//! │ the screen                                                           │
//! └──────────────────────────────────────────────────────────────────────┘
//!  enter open   n next step   ? help   : find
//! ```
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use super::action::{Action, Binding};
use super::app::{App, SMALLEST};
use super::theme::Theme;
use crate::content::layout::cut;

/// Header, body, footer.
#[must_use]
pub fn areas(size: Size) -> (Rect, Rect, Rect) {
    let whole = Rect::new(0, 0, size.width, size.height);
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(whole);
    (header, body, footer)
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let theme = &app.world.theme;
    let whole = frame.area();
    let buffer = frame.buffer_mut();
    Block::new().style(theme.text).render(whole, buffer);
    if is_too_small(whole.as_size()) {
        return too_small(whole, buffer, theme);
    }
    let (header, body, footer) = areas(whole.as_size());
    draw_header(header, buffer, app);
    if let Some(screen) = app.screens.last() {
        screen.draw(body, buffer, &app.world);
    }
    if let Some(overlay) = &app.overlay {
        dim(body, buffer, theme);
        overlay.draw(body, buffer, &app.world);
    }
    draw_footer(footer, buffer, app);
}

const fn is_too_small(size: Size) -> bool {
    size.width < SMALLEST.width || size.height < SMALLEST.height
}

fn too_small(area: Rect, buffer: &mut Buffer, theme: &Theme) {
    // What matters most comes first: the rest may have no room.
    let text = format!(
        "needs {}x{}, is {}x{}. Make the window larger; all is kept.",
        SMALLEST.width, SMALLEST.height, area.width, area.height
    );
    for (row, line) in area.rows().zip(textwrap::wrap(&text, usize::from(area.width).max(1))) {
        Line::styled(line, theme.text).render(row, buffer);
    }
}

fn dim(area: Rect, buffer: &mut Buffer, theme: &Theme) {
    for position in area.positions() {
        buffer[position].set_style(theme.dim);
    }
}

fn draw_header(area: Rect, buffer: &mut Buffer, app: &App) {
    let theme = &app.world.theme;
    let right = app.screens.last().map(|screen| screen.status(&app.world)).unwrap_or_default();
    let width = u16::try_from(right.width()).unwrap_or(area.width).min(area.width);
    let mut left = vec![Span::styled(" Roundtrip", theme.title)];
    // The status has its room; what is left of the titles says so.
    let mut room = usize::from(area.width.saturating_sub(width + 2)).saturating_sub(10);
    for screen in app.screens.iter().skip(app.screens.len().saturating_sub(2).max(1)) {
        let title = cut(&screen.title(&app.world), room.saturating_sub(3));
        room = room.saturating_sub(3 + title.width());
        left.push(Span::styled(" › ", theme.dim));
        left.push(Span::styled(title, theme.text));
    }
    Line::from(left).render(area, buffer);
    if width > 0 {
        let place = Rect { x: area.right().saturating_sub(width + 1), width, ..area };
        Line::styled(right, theme.dim).render(place, buffer);
    }
}

fn draw_footer(area: Rect, buffer: &mut Buffer, app: &App) {
    let theme = &app.world.theme;
    if let Some(said) = &app.said {
        let style = if said.bad { theme.warn } else { theme.good };
        let sign = if said.bad { " ! " } else { " " };
        return draw_said(area, buffer, style, &format!("{sign}{}", said.text));
    }
    for (place, binding) in footer_places(area, &app.bindings()) {
        let keys = binding.keys.first().map(|key| key.name()).unwrap_or_default();
        let line =
            Line::from(vec![Span::styled(keys, theme.key), Span::styled(format!(" {}", binding.label), theme.dim)]);
        line.render(place, buffer);
    }
}

/// A message takes as many rows as it needs, up from the footer.
fn draw_said(footer: Rect, buffer: &mut Buffer, style: Style, text: &str) {
    let options = textwrap::Options::new(usize::from(footer.width).max(8)).subsequent_indent("   ");
    let lines = textwrap::wrap(text, options);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(footer.y);
    let area = Rect { y: footer.bottom() - height, height, ..footer };
    Clear.render(area, buffer);
    for (row, line) in area.rows().zip(lines) {
        Line::styled(line, style).render(row, buffer);
    }
}

/// What help is called where the footer has not room for every key and leaves out those that matter less.
const MORE: &str = "more";

/// Where each key of the footer stands. Help and the way back always have room; of the others those that matter more come
/// first; a screen that ranks its keys has so many that help is said to have the rest.
fn footer_places(area: Rect, bindings: &[Binding]) -> Vec<(Rect, Binding)> {
    let mut shown: Vec<Binding> = bindings.iter().filter(|binding| binding.in_footer).cloned().collect();
    if shown.iter().map(|it| footer_width(it) + GAP).sum::<u16>() + 1 > area.width + GAP {
        if shown.iter().any(|it| it.matters) {
            shown.iter_mut().filter(|it| it.action == Action::Help).for_each(|it| it.label = MORE);
        }
        shown = fitting(shown, area.width.saturating_sub(1));
    }
    let mut x = area.x + 1;
    let mut places = Vec::new();
    for binding in shown {
        let width = footer_width(&binding);
        places.push((Rect { x, width, ..area }.intersection(area), binding));
        x += width + GAP;
    }
    places
}

/// Columns between two keys of the footer.
const GAP: u16 = 2;

/// Those that have room together, in their order.
fn fitting(shown: Vec<Binding>, width: u16) -> Vec<Binding> {
    let rank = |binding: &Binding| match binding.action {
        Action::Help | Action::Back | Action::Quit => 0,
        _ if binding.matters => 1,
        _ => 2,
    };
    let mut left = width + GAP;
    let mut kept = vec![false; shown.len()];
    for wanted in 0..=2 {
        for (index, binding) in shown.iter().enumerate().filter(|(_, it)| rank(it) == wanted) {
            let needed = footer_width(binding) + GAP;
            if needed <= left {
                left -= needed;
                kept[index] = true;
            }
        }
    }
    shown.into_iter().zip(kept).filter_map(|(binding, kept)| kept.then_some(binding)).collect()
}

fn footer_width(binding: &Binding) -> u16 {
    let key = binding.keys.first().map(|key| key.name().width()).unwrap_or(0);
    u16::try_from(key + 1 + binding.label.width()).unwrap_or(u16::MAX)
}

/// What a click into the footer means; nothing while something else stands there.
#[must_use]
pub fn footer_action(app: &App, at: Position) -> Option<Action> {
    if app.said.is_some() || is_too_small(app.world.size) {
        return None;
    }
    let (_, _, footer) = areas(app.world.size);
    let places = footer_places(footer, &app.bindings());
    places.into_iter().find(|(place, _)| place.contains(at)).map(|(_, binding)| binding.action)
}

/// A box in the middle for an overlay, at most as large as asked.
#[must_use]
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    area.centered(Constraint::Length(width.min(area.width)), Constraint::Length(height.min(area.height)))
}

/// An empty box with a border and a title, drawn over whatever was there.
pub fn popup(area: Rect, buffer: &mut Buffer, theme: &Theme, title: &str) -> Rect {
    Clear.render(area, buffer);
    let block = Block::bordered()
        .style(theme.text)
        .border_style(theme.focus)
        .title(Span::styled(format!(" {title} "), theme.title));
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::action::Key;

    fn labels(width: u16, bindings: &[Binding]) -> Vec<&'static str> {
        let area = Rect { x: 0, y: 0, width, height: 1 };
        let places = footer_places(area, bindings);
        assert!(places.iter().all(|(place, binding)| place.width == footer_width(binding)), "none is cut off");
        places.iter().map(|(_, binding)| binding.label).collect()
    }

    #[test]
    fn the_footer_leaves_out_what_matters_less_and_says_so() {
        let key = |c, label| Binding::new([Key::char(c)], label, Action::Open);
        let bindings = [
            key('a', "one"),
            key('b', "two"),
            key('c', "three").first(),
            Binding::quiet([Key::char('d')], "quiet", Action::Open),
            Binding::new([Key::char('q')], "back", Action::Back),
            Binding::new([Key::char('?')], "help", Action::Help),
        ];
        // 1 + 5 + 2 + 5 + 2 + 7 + 2 + 6 + 2 + 6
        assert_eq!(labels(38, &bindings), ["one", "two", "three", "back", "help"]);
        assert_eq!(labels(37, &bindings), ["one", "three", "back", MORE]);
        assert_eq!(labels(30, &bindings), ["three", "back", MORE]);
        assert_eq!(labels(18, &bindings), ["back", MORE]);
    }
}
