//! The timing waterfall: bars by lane on a time axis, with durations and the packets that begin and end them.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::axis::Axis;
use super::{View, pen};
use crate::recording::{Span, Time};
use crate::wire::text::visible;

/// A line of the view.
enum Line<'a> {
    Lane(&'a str, usize),
    Bar(&'a Span, usize),
}

/// Draws the lanes around the bars of this instant.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let spans = &view.run.recording().spans;
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let mut lines = lines(spans);
    let mut most = (area.width / 3).min(32);
    // Where that shows every bar, a lane is said on the rows of its bars and has none of its own.
    if lines.len() > usize::from(body.height) && spans.len() <= usize::from(body.height) {
        lines.retain(|line| matches!(line, Line::Bar(..)));
        most = (area.width / 2).min(48);
    }
    let is_short = lines.len() == spans.len();
    let widest = spans.iter().map(|span| pen::columns(&name(span, is_short))).max().unwrap_or(0);
    let names = (widest + 4).min(most);
    // Beside another run both have one axis, so that lengths can be compared by eye.
    let all = || spans.iter().chain(view.other.iter().flat_map(|run| &run.recording().spans));
    let axis = Axis {
        from: all().map(|span| span.from).min().unwrap_or(Time::ZERO),
        to: all().map(|span| span.to).max().unwrap_or(Time::ZERO),
        width: area.width.saturating_sub(names + 1),
    };
    axis.draw(area, buffer, (names, 0), view.theme.dim);
    let first = first(&lines, view.state.cursor, body.height);
    draw_cursor(body, buffer, view, &axis, names);
    for (y, line) in (0..body.height).zip(lines.iter().skip(first)) {
        match line {
            Line::Lane(name, hue) => {
                let style = view.theme.hues[hue % 6];
                pen::put(buffer, body, (1, y), &pen::cut(&visible(name), usize::from(area.width - 1)), style);
            }
            Line::Bar(span, hue) => {
                let row = Rect { y: body.y + y, height: 1, ..body };
                let name = name(span, is_short);
                draw_bar(row, buffer, view, &axis, (span, &name, names, view.theme.hues[hue % 6]));
            }
        }
    }
}

/// A bar's name; with its lane's where that has no row.
fn name(span: &Span, with_lane: bool) -> String {
    if with_lane { visible(format!("{}: {}", span.lane, span.name)) } else { visible(&span.name) }
}

fn lines(spans: &[Span]) -> Vec<Line<'_>> {
    let mut lines = Vec::with_capacity(spans.len() + 4);
    let mut lane = None;
    let mut hue = 0;
    for span in spans {
        if lane != Some(&span.lane) {
            hue = lane.map_or(2, |_| hue + 1);
            lane = Some(&span.lane);
            lines.push(Line::Lane(&span.lane, hue));
        }
        lines.push(Line::Bar(span, hue));
    }
    lines
}

/// The line at the top: the first, while the bar of this instant stands in sight below it, so that its lane keeps its name.
fn first(lines: &[Line<'_>], cursor: Time, height: u16) -> usize {
    let current = current(lines, cursor);
    let lane = lines[..current].iter().rposition(|line| matches!(line, Line::Lane(..))).unwrap_or(0);
    let height = usize::from(height);
    match () {
        () if current < height => 0,
        () if current - lane < height => lane.min(lines.len().saturating_sub(height)),
        () => super::first(current, u16::try_from(height).unwrap_or(u16::MAX), lines.len()),
    }
}

/// The last bar that has begun.
fn current(lines: &[Line<'_>], cursor: Time) -> usize {
    let running = |line: &Line<'_>| matches!(line, Line::Bar(span, _) if span.from <= cursor && cursor < span.to);
    let begun = |line: &Line<'_>| matches!(line, Line::Bar(span, _) if span.from <= cursor);
    lines.iter().position(running).or_else(|| lines.iter().rposition(begun)).unwrap_or(0)
}

fn draw_cursor(area: Rect, buffer: &mut Buffer, view: &View<'_>, axis: &Axis, names: u16) {
    if let Some(column) = axis.column_inside(view.state.cursor) {
        for y in 0..area.height {
            pen::put(buffer, area, (names + column, y), "┊", view.theme.accent);
        }
    }
}

fn draw_bar(
    row: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    axis: &Axis,
    (span, name, names, hue): (&Span, &str, u16, Style),
) {
    let (theme, cursor) = (view.theme, view.state.cursor);
    let running = span.from <= cursor && cursor < span.to;
    let style = match () {
        () if running => theme.strong,
        () if span.from > cursor => theme.dim,
        () => theme.text,
    };
    let name = pen::cut(name, usize::from(names.saturating_sub(4)));
    pen::put(buffer, row, (1, 0), if running { "▸" } else { " " }, theme.accent);
    pen::put(buffer, row, (3, 0), &name, style);
    let eighths = u32::from(axis.width.saturating_sub(1)) * 8;
    let from = axis.column(span.from);
    let length = axis.place(span.to, eighths).saturating_sub(u32::from(from) * 8);
    let bar = bar(length);
    let bar_style = if span.from > cursor { theme.dim } else { hue };
    pen::put(buffer, row, (names + from, 0), &bar, bar_style);
    let after = names + from + pen::columns(&bar) + 1;
    let (long, short) = (words(span), (Time::ZERO + span.to.since(span.from)).to_string());
    let place = |words: &str| {
        let width = pen::columns(words);
        let before = from.checked_sub(width + 1).map(|room| names + room);
        if after + width <= row.width { Some(after) } else { before }
    };
    // No room beside it: on the bar, when that stays visible at both ends.
    let on_bar = |words: String| (names + from + 1, words, bar_style.add_modifier(Modifier::REVERSED));
    let (x, words, style) = match (place(&long), place(&short)) {
        (Some(x), _) => (x, long, style),
        (None, _) if pen::columns(&long) + 4 <= pen::columns(&bar) => on_bar(long),
        (None, Some(x)) => (x, short, style),
        (None, None) => on_bar(short),
    };
    pen::put(buffer, row, (x, 0), &words, style);
}

/// Blocks of so many eighths; what is shorter than an eighth is still seen.
fn bar(eighths: u32) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if eighths == 0 {
        return "▏".to_owned();
    }
    "█".repeat(eighths as usize / 8) + PARTS[eighths as usize % 8]
}

/// `40 ms (packets 1 to 4)`.
fn words(span: &Span) -> String {
    let length = Time::ZERO + span.to.since(span.from);
    match span.packets {
        Some((first, last)) if first == last => format!("{length} (packet {first})"),
        Some((first, last)) => format!("{length} (packets {first} to {last})"),
        None => length.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tui::views::{Kind, State, fixture};

    #[test]
    fn bars_stand_on_a_time_axis_with_their_durations() {
        let state = State { cursor: Time::ZERO + Duration::from_millis(50), ..State::default() };
        for (width, height) in [(40, 14), (74, 26), (120, 36)] {
            let name = format!("waterfall_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn(Kind::Waterfall, (width, height), &state, None));
        }
    }

    #[test]
    fn where_lanes_leave_no_room_for_every_bar_they_are_said_on_the_bars() {
        let run = crate::demos::run("tcp-handshake", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let run = crate::tui::views::Prepared::new(std::sync::Arc::new(run));
        for (height, lanes_of_their_own) in [(7, true), (6, false), (4, false)] {
            let text = fixture::drawn_of(&run, Kind::Waterfall, (76, height), &State::default());
            for bar in ["may not send yet", "has no bytes", "has no answer"] {
                assert!(text.contains(bar), "{bar} at {height} rows: {text}");
            }
            assert_eq!(!text.contains("1 the client: "), lanes_of_their_own, "{text}");
        }
    }
}
