//! The rows of a trace: each step in a line, and below them all that is known of the one under the cursor.
pub(crate) mod beside;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Pointed, Prepared, State, View, pen};
use crate::quantity::Quantity;
use crate::recording::{Step, Time, Value};
use crate::wire::text::visible;

/// Columns of a row before its text: number, when, how long.
const BEFORE: u16 = 27;

/// Draws the rows above, the one under the cursor below.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let steps = &view.run.recording().steps;
    let here = chosen(steps, view.state);
    let (first, rows) = shown(area, here, steps.len());
    for (y, (index, step)) in (0..rows).zip(steps.iter().enumerate().skip(first)) {
        draw_row(Rect { y: area.y + y, height: 1, ..area }, buffer, view, (index, step, index == here));
    }
    let below = Rect { y: area.y + rows, height: area.height - rows, ..area };
    if let Some(step) = steps.get(here) {
        draw_details(below, buffer, view, step);
    }
}

/// Rows that are enough for the words of one step: in a high area the rows of the others have the rest.
const DETAILS: u16 = 18;

/// The first row on show, and how many have room.
fn shown(area: Rect, here: usize, count: usize) -> (usize, u16) {
    let most = (area.height / 2).max(area.height.saturating_sub(DETAILS)).max(1);
    let rows = u16::try_from(count).unwrap_or(u16::MAX).min(most);
    (super::first(here, rows, count), rows)
}

/// The step of a click.
pub(crate) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let steps = &view.run.recording().steps;
    let (first, rows) = shown(area, chosen(steps, view.state), steps.len());
    let y = at.y.checked_sub(area.y).filter(|y| *y < rows)?;
    Some(Pointed::Step(first + usize::from(y)))
}

/// The step the keys went to, of several at one instant; else the one at the cursor.
pub(crate) fn chosen(steps: &[Step], state: &State) -> usize {
    state.row.filter(|row| *row < steps.len()).unwrap_or_else(|| current(steps, state.cursor))
}

/// Whether both runs have rows that can be lined up.
pub(crate) fn both(run: &Prepared, other: &Prepared) -> bool {
    !run.recording().steps.is_empty() && !other.recording().steps.is_empty()
}

/// The last step that has begun; the first before any has.
fn current(steps: &[Step], cursor: Time) -> usize {
    steps.iter().rposition(|step| step.at <= cursor && (step.at < cursor || step.at == step.until)).unwrap_or(0)
}

fn draw_row(row: Rect, buffer: &mut Buffer, view: &View<'_>, (index, step, here): (usize, &Step, bool)) {
    let theme = view.theme;
    let style = match () {
        () if here => theme.strong,
        () if step.at > view.state.cursor => theme.dim,
        () => theme.text,
    };
    pen::put(buffer, row, (0, 0), if here { "▸" } else { " " }, theme.accent);
    pen::put_right(buffer, row, (4, 0), &(index + 1).to_string(), theme.dim);
    pen::put_right(buffer, row, (15, 0), &step.at.to_string(), style);
    // What took no time has none to tell.
    if step.until > step.at {
        pen::put_right(buffer, row, (BEFORE - 2, 0), &format!("+{}", Quantity::time(step.until - step.at)), theme.dim);
    }
    let hue = if is_trouble(&step.kind) { theme.warn } else { style };
    let x = indent(step);
    let room = usize::from(row.width.saturating_sub(x));
    let end = pen::put(buffer, row, (x, 0), &pen::cut(&visible(&step.title), room), hue);
    // A server's name in the other views, where there is room for it; it is among the facts as well.
    let host = format!("at {}", visible(step.fact("host")));
    if !step.fact("host").is_empty() && end + 2 + pen::columns(&host) <= row.width {
        pen::put_right(buffer, row, (row.width, 0), &host, theme.dim);
    }
}

/// Kinds that cost time and brought nothing.
fn is_trouble(kind: &str) -> bool {
    matches!(kind, "timeout" | "refused" | "lame" | "failed" | "stale")
}

fn draw_details(area: Rect, buffer: &mut Buffer, view: &View<'_>, step: &Step) {
    let (theme, width) = (view.theme, usize::from(area.width.saturating_sub(2)).max(8));
    let mut y = 1;
    let mut put = |text: &str, style, indent: &str| {
        let options = textwrap::Options::new(width).subsequent_indent(indent);
        for line in textwrap::wrap(text, options) {
            if y < area.height {
                pen::put(buffer, area, (1, y), &line, style);
            }
            y += 1;
        }
    };
    if is_cut(step, area.width) {
        put(&visible(&step.title), theme.strong, "");
    }
    put(&visible(&step.why), theme.text, "");
    packed(step, width).iter().for_each(|line| put(line, theme.dim, "    "));
    for fact in &step.facts {
        let Value::List(texts) = &fact.value else { continue };
        let style = if fact.name == "refused" { theme.warn } else { theme.text };
        texts.iter().for_each(|text| put(&format!("{}: {}", fact.in_words(), visible(text)), style, "    "));
    }
    if !step.packets.is_empty() {
        put(&format!("packets {}", numbers(&step.packets)), theme.dim, "");
    }
}

/// Whether the row of a step has not room for all of its title.
fn is_cut(step: &Step, width: u16) -> bool {
    indent(step) + pen::columns(&visible(&step.title)) > width
}

/// The column where a step's title begins.
fn indent(step: &Step) -> u16 {
    BEFORE + u16::from(step.depth.min(8)) * 2
}

/// Numbers in ascending order: `3, 5 to 8, 11`.
fn numbers(all: &[u32]) -> String {
    let follows = |a: &u32, b: &u32| a.checked_add(1) == Some(*b);
    let told = all.chunk_by(follows).map(|it| match it {
        [one] => one.to_string(),
        [one, two] => format!("{one}, {two}"),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The short facts, as many on a line as it takes; none is broken that has room on a line of its own.
fn packed(step: &Step, width: usize) -> Vec<String> {
    let short = step.facts.iter().filter(|fact| !matches!(fact.value, Value::List(_)));
    let mut lines: Vec<String> = Vec::new();
    for fact in short {
        let text = format!("{} {}", fact.in_words(), visible(step.fact(&fact.name)));
        match lines.last_mut() {
            Some(line) if usize::from(pen::columns(line) + pen::columns(&text)) + 3 <= width => {
                line.push_str("   ");
                line.push_str(&text);
            }
            _ => lines.push(text),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::recording::{Recording, Time};
    use crate::tui::views::{Kind, Prepared, State, fixture};

    fn trace(settings: &[(&str, &str)]) -> Recording {
        let settings = settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        crate::demos::run("dns-trace", &settings, &crate::demos::Setup::default()).expect("a demo that ships")
    }

    #[test]
    fn packets_that_follow_each_other_are_told_by_their_ends() {
        assert_eq!(super::numbers(&[3, 5, 6, 7, 8, 11, 12]), "3, 5 to 8, 11, 12");
        assert_eq!(super::numbers(&[]), "");
    }

    #[test]
    fn each_step_is_a_row_and_the_one_under_the_cursor_is_explained() {
        let run = Prepared::new(std::sync::Arc::new(trace(&[("name", "www.blog.example")])));
        let at = |step: usize| run.recording().steps[step].until;
        for (width, height) in [(40, 20), (74, 26), (120, 36)] {
            let state = State { cursor: at(1), ..State::default() };
            let name = format!("steps_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn_of(&run, Kind::Steps, (width, height), &state));
        }
        for step in 0..run.recording().steps.len() {
            let state = State { cursor: at(step), ..State::default() };
            let text = fixture::drawn_of(&run, Kind::Steps, (160, 40), &state);
            assert!(text.contains("zone"), "{text}");
        }
        let before = State { cursor: Time::ZERO, ..State::default() };
        assert!(fixture::drawn_of(&run, Kind::Steps, (20, 3), &before).contains('1'));
    }
}
