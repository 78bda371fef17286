//! The timing waterfall: bars by lane on a time axis, with durations and the packets that begin and end them.
mod scale;

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::{View, pen};
use crate::recording::{Span, Time};
use crate::wire::text::visible;
use scale::Scale;

/// Folds that are drawn as lines.
const FEW: usize = 8;

/// Fewer bars than this do not show what a run is like: theirs is the axis of all.
const MANY: usize = 8;

/// A line of the view.
enum Line<'a> {
    Lane(&'a str, usize),
    Bar(&'a Span, usize),
}

/// Draws the lanes around the bars of this instant.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let spans = &view.run.recording().spans;
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let (is_short, names) = names(body, view);
    let mut lines = lines(spans);
    if is_short {
        lines.retain(|line| matches!(line, Line::Bar(..)));
    }
    let first = first(&lines, view.state.cursor, body.height);
    let scale = Scale::new(
        on_scale(view, &lines, first..first + usize::from(body.height)).into_iter(),
        area.width.saturating_sub(names + 1),
    );
    scale.draw(area, buffer, names, view.theme.dim);
    // Below the bars is a row for what is said of the folds, where they leave one.
    let has_room = lines.len() < usize::from(body.height);
    let said = scale.left_out().filter(|_| has_room);
    let bars = Rect { height: body.height - u16::from(said.is_some()), ..body };
    draw_folds(bars, buffer, view, &scale, names);
    draw_cursor(bars, buffer, view, &scale, names);
    if let Some(left_out) = said {
        draw_left_out(Rect { y: bars.bottom(), height: 1, ..body }, buffer, view, left_out);
    }
    for (y, line) in (0..body.height).zip(lines.iter().skip(first)) {
        match line {
            Line::Lane(name, hue) => {
                let style = view.theme.hues[hue % 6];
                pen::put(buffer, body, (1, y), &pen::cut(&visible(name), usize::from(area.width - 1)), style);
            }
            Line::Bar(span, hue) => {
                let row = Rect { y: body.y + y, height: 1, ..body };
                let name = name(span, is_short);
                draw_bar(row, buffer, view, &scale, (span, &name, names, view.theme.hues[hue % 6]));
            }
        }
    }
}

/// Whether a lane is said on the rows of its bars, having none of its own (where only that shows every bar), and the columns of
/// the names. Beside another run both have the same, so that both have one scale.
fn names(body: Rect, view: &View<'_>) -> (bool, u16) {
    let runs = || [Some(view.run), view.other].into_iter().flatten().map(|it| &it.recording().spans);
    let height = usize::from(body.height);
    let is_short = runs().any(|spans| lines(spans).len() > height) && runs().all(|spans| spans.len() <= height);
    let most = match () {
        () if is_short => (body.width / 2).min(64),
        () if body.width < 70 => body.width / 3,
        () => (body.width * 2 / 5).min(48),
    };
    let widest = runs().flatten().map(|span| pen::columns(&name(span, is_short))).max().unwrap_or(0);
    (is_short, (widest + 4).min(most))
}

/// The bars the axis is made for: all, or those on show where they are a small part of a run that does not fit.
/// Beside another run both have one axis, so that lengths can be compared by eye.
fn on_scale<'a>(view: &View<'a>, lines: &[Line<'a>], shown: Range<usize>) -> Vec<&'a Span> {
    let all: Vec<&Span> = match view.other {
        Some(other) => view.run.recording().spans.iter().chain(&other.recording().spans).collect(),
        None => view.run.recording().spans.iter().collect(),
    };
    let on_show = lines.iter().skip(shown.start).take(shown.len());
    let on_show: Vec<&Span> =
        on_show.filter_map(|it| if let Line::Bar(span, _) = it { Some(*span) } else { None }).collect();
    let extent = |spans: &[&Span]| {
        let from = spans.iter().map(|it| it.from).min().unwrap_or(Time::ZERO);
        spans.iter().map(|it| it.to).max().unwrap_or(Time::ZERO).since(from)
    };
    if view.other.is_none() && on_show.len() >= MANY && extent(&on_show) < extent(&all) / 3 { on_show } else { all }
}

/// Where time is left out. Many lines would be all one sees: then the axis alone tells where it was.
fn draw_folds(area: Rect, buffer: &mut Buffer, view: &View<'_>, scale: &Scale, names: u16) {
    let is_few = scale.left_out().is_some_and(|(count, _)| count <= FEW);
    for column in scale.folds().filter(|_| is_few) {
        for y in 0..area.height {
            pen::put(buffer, area, (names + column, y), "╎", view.theme.border);
        }
    }
}

/// How much time is left out, and how often.
fn draw_left_out(row: Rect, buffer: &mut Buffer, view: &View<'_>, (count, time): (usize, Time)) {
    let sign = if count <= FEW { "╎ " } else { "" };
    let places = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    // Live what runs between the bars is the program itself.
    let is_live = view.run.recording().run.live.is_some();
    let what = if is_live { "of this program's own work, or waiting" } else { "in which nothing runs" };
    let words = format!("{sign}left out {places}: {time} {what}");
    pen::put(buffer, row, (1, 0), &pen::cut(&words, usize::from(row.width.saturating_sub(2))), view.theme.dim);
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

fn draw_cursor(area: Rect, buffer: &mut Buffer, view: &View<'_>, scale: &Scale, names: u16) {
    if let Some(column) = scale.column_inside(view.state.cursor) {
        for y in 0..area.height {
            pen::put(buffer, area, (names + column, y), "┊", view.theme.accent);
        }
    }
}

fn draw_bar(
    row: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    scale: &Scale,
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
    let from = scale.column(span.from);
    let length = scale.eighths(span.to).saturating_sub(u32::from(from) * 8);
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

    #[test]
    fn two_runs_have_one_scale_whatever_their_bars_are_called() {
        let run = |settings: &[(&str, &str)]| {
            let settings = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
            let run = crate::demos::run("handshake-timing", &settings, &crate::demos::Setup::default());
            crate::tui::views::Prepared::new(std::sync::Arc::new(run.expect("it ships")))
        };
        let (long, short) = (run(&[("session", "resumed")]), run(&[("http", "3"), ("size", "0B")]));
        for (width, height) in [(120, 30), (119, 31), (80, 19), (80, 20)] {
            let text = fixture::drawn_beside(&long, &short, Kind::Waterfall, (width, height), &State::default());
            let lines: Vec<&str> = text.lines().filter(|it| it.contains('╷')).collect();
            let axes: Vec<String> = match width >= 90 {
                true => lines[0].split('┃').map(|it| it.trim_end().to_owned()).collect(),
                false => lines.iter().map(|it| it.trim_end().to_owned()).collect(),
            };
            assert_eq!((axes.len(), &axes[0]), (2, &axes[1]), "{width}x{height}: {text}");
        }
    }

    #[test]
    fn handshakes_of_a_run_with_long_pauses_can_be_told_apart() {
        let recorded =
            crate::demos::run("tls-performance", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let run = crate::tui::views::Prepared::new(std::sync::Arc::new(recorded.clone()));
        let state = State { cursor: run.recording().end, ..State::default() };
        let text = fixture::drawn_of(&run, Kind::Waterfall, (100, 30), &state);
        let bars: Vec<usize> = text.lines().map(|line| line.matches('█').count()).filter(|it| *it > 0).collect();
        assert_eq!(bars.len(), run.recording().spans.len(), "{text}");
        assert!(bars.iter().all(|it| *it >= 3), "{bars:?} {text}");
        assert!(text.contains("left out 4 times: ") && text.contains(" in which nothing runs"), "{text}");
        assert!(!text.contains('┊') || text.lines().all(|it| !(it.contains("left out") && it.contains('┊'))), "{text}");
        // On this machine's sockets the program itself runs between the bars.
        let mut live = recorded;
        let address = "192.0.2.1:443".parse().expect("an address with its port");
        live.run.live = Some(crate::recording::Live { host: Some("example.org".to_owned()), address });
        let live = crate::tui::views::Prepared::new(std::sync::Arc::new(live));
        let text = fixture::drawn_of(&live, Kind::Waterfall, (100, 30), &state);
        assert!(text.contains(" of this program's own work, or waiting"), "{text}");
    }
}
