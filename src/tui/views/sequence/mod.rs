//! The sequence diagram: a lifeline a node, packets as arrows, time running down; rows are events, gaps are named.
mod arrow;
mod lifelines;
mod rows;
mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::{Detail, Pointed, Prepared, State, View, label, pen};
use crate::recording::{EventKind, Packet, Time};
use crate::wire::text::visible;
use arrow::Canvas;
pub(crate) use lifelines::lifelines;
use lifelines::{GUTTER, Lifelines, order};
pub(crate) use rows::{Row, Rows, What};

/// Draws the rows around the cursor.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let topology = &view.run.recording().topology;
    let lifelines = Lifelines::new(topology, view.run.order(), area.width);
    let [head, body, words] = parts(area, view);
    draw_head(head, buffer, view, &lifelines);
    words::draw(words, buffer, view);
    let (mut before, mut end) = (None, 0);
    for (index, y, height) in visible_rows(view, body.height) {
        let row = view.rows().all[index];
        let place = Rect { y: body.y + y, height, ..body };
        draw_row(place.intersection(body), buffer, view, &lifelines, (index, before));
        before = Some(row.at);
        end = y + height;
    }
    for y in end..body.height {
        draw_lifelines(body, buffer, view, &lifelines, (Row { at: Time::ZERO, what: What::Arrives(0), blocked: 0 }, y));
    }
}

/// What stands on the row of a click.
pub(crate) fn hit(area: Rect, at: Position, view: &View<'_>) -> Option<Pointed> {
    let [_, body, _] = parts(area, view);
    let y = at.y.checked_sub(body.y).filter(|_| body.contains(at))?;
    let (row, _, _) = visible_rows(view, body.height).find(|(_, top, height)| (*top..top + height).contains(&y))?;
    let row = view.rows().all[row];
    Some(match row.what {
        What::Crossing { first, .. } => Pointed::Packet(first),
        What::Leaves(n) | What::Arrives(n) => Pointed::Packet(n),
        What::Event { index, .. } => Pointed::Event(index),
        What::EventEnds(_) | What::Silence(_) => Pointed::Time(row.at),
    })
}

/// The names of the nodes, the rows, and the words of what is under the cursor.
fn parts(area: Rect, view: &View<'_>) -> [Rect; 3] {
    let states = u16::from(area.height >= 12 && !view.run.machines().all.is_empty());
    let head = states + if area.height >= 14 { 2 } else { 1 };
    let rows = [Constraint::Length(head), Constraint::Min(0), Constraint::Length(words::rows(area.height))];
    Layout::vertical(rows).areas(area)
}

/// The row the cursor is on.
pub(crate) fn current(run: &Prepared, state: &State) -> usize {
    let rows = run.rows(state.detail);
    if let Some(row) = state.row.filter(|row| *row < rows.all.len()) {
        return row;
    }
    if let Some(row) = state.event.and_then(|event| rows.of_event(event)) {
        return row;
    }
    let packet = run.recording().packet(state.packet);
    let about = packet.filter(|it| it.at == state.cursor || it.arrived == Some(state.cursor));
    about.and_then(|it| rows.of_packet(it.n)).unwrap_or_else(|| rows.at(state.cursor))
}

/// How many lines a row takes.
fn lines(view: &View<'_>, row: &Row) -> u16 {
    let reason = u16::from(view.state.detail == Detail::Reasons && reason(view, row).is_some());
    1 + reason + u16::from(parting(view, row).is_some())
}

/// Why the sender sent the packet of this row.
fn reason<'a>(view: &View<'a>, row: &Row) -> Option<&'a str> {
    let (What::Crossing { first: n, .. } | What::Leaves(n)) = row.what else { return None };
    view.run.recording().packet(n)?.reason.as_deref()
}

/// Why a packet was sent, also where it is on a later link of its way.
fn reason_of<'a>(view: &View<'a>, packet: &'a Packet) -> Option<&'a str> {
    let row = || view.rows().of_packet(packet.n).and_then(|row| view.rows().all.get(row));
    packet.reason.as_deref().or_else(|| reason(view, row()?))
}

/// What was done to the packet of this row, in this run or the one beside it.
fn parting(view: &View<'_>, row: &Row) -> Option<String> {
    let (first, hops) = match row.what {
        What::Crossing { first, hops } => (first, hops),
        What::Leaves(n) => (n, 1),
        _ => return None,
    };
    let runs = [Some(view.run), view.other];
    let mut all = runs.into_iter().flatten().flat_map(|run| &run.recording().run.interventions);
    let found = all.find(|it| (first..first + hops).contains(&it.packet))?;
    Some(format!("╌╌ the futures part: {} ╌╌", label::meddling(found)))
}

/// The rows on the screen with their place from the top and their lines; the cursor's row stands in the middle.
fn visible_rows<'a>(view: &'a View<'_>, height: u16) -> impl Iterator<Item = (usize, u16, u16)> + 'a {
    let all = &view.rows().all;
    let current = current(view.run, view.state);
    let mut first = current.min(all.len());
    let mut above = 0;
    let after: u16 = all.iter().skip(current).take(usize::from(height)).map(|row| lines(view, row)).sum();
    let wanted = (height / 2).max(height.saturating_sub(after));
    while first > 0 && above + lines(view, &all[first - 1]) <= wanted {
        first -= 1;
        above += lines(view, &all[first]);
    }
    let mut y = 0;
    let place = move |(index, row)| {
        let (top, lines) = (y, lines(view, row));
        y += lines;
        (top < height).then_some((index, top, lines))
    };
    all.iter().enumerate().skip(first).map_while(place)
}

/// Each node's name, its address, and the state it is in at the cursor.
fn draw_head(area: Rect, buffer: &mut Buffer, view: &View<'_>, lifelines: &Lifelines) {
    let nodes = &view.run.recording().topology.nodes;
    let idle = nodes.len() - lifelines.order.len();
    if idle > 0 {
        pen::put(buffer, area, (1, 0), &format!("+{idle} idle"), view.theme.dim);
    }
    let states = u16::from(area.height > 1 && !view.run.machines().all.is_empty());
    for (place, node) in lifelines.order.iter().enumerate() {
        let (from, to) = lifelines.share(place, area.width);
        let room = usize::from(to.saturating_sub(from)).max(3);
        let centre = lifelines.columns[*node];
        // In the middle of its lifeline, but never over a neighbour's.
        let middle = |text: &str| {
            let width = pen::columns(text);
            centre.saturating_sub(width / 2).min(to.saturating_sub(width)).max(from)
        };
        let name = pen::cut(&visible(&nodes[*node].name), room);
        pen::put(buffer, area, (middle(&name), 0), &name, view.theme.title);
        if states > 0 {
            let state = view.run.machines().summary(*node, view.state.cursor);
            let style = if state.is_some() { view.theme.accent } else { view.theme.border };
            let text = pen::cut(&visible(state.as_deref().unwrap_or("│")), room);
            pen::put(buffer, area, (middle(&text), area.height - 1), &text, style);
        }
        if area.height - states > 1 {
            let address = nodes[*node].interfaces.iter().flat_map(|it| &it.addresses).next();
            let text = address.map_or_else(|| "│".to_owned(), ToString::to_string);
            let text = if usize::from(pen::columns(&text)) > room { "│".to_owned() } else { text };
            pen::put(buffer, area, (middle(&text), 1), &text, view.theme.dim);
        }
    }
}

fn draw_row(place: Rect, buffer: &mut Buffer, view: &View<'_>, lifelines: &Lifelines, at: (usize, Option<Time>)) {
    let (index, before) = at;
    let (theme, row) = (view.theme, view.rows().all[index]);
    let mut line = 0;
    for y in 0..place.height {
        draw_lifelines(place, buffer, view, lifelines, (row, y));
    }
    if let Some(text) = parting(view, &row) {
        pen::put(
            buffer,
            place,
            (GUTTER, 0),
            &pen::cut(&text, usize::from(place.width - GUTTER.min(place.width))),
            theme.warn,
        );
        line = 1;
    }
    let main = Rect { y: place.y + line, height: place.height.saturating_sub(line).min(1), ..place };
    let is_current = index == current(view.run, view.state);
    if before != Some(row.at) && !matches!(row.what, What::Silence(_)) {
        let style = if row.at <= view.state.cursor { theme.text } else { theme.dim };
        pen::put_right(buffer, main, (GUTTER - 1, 0), &instant(row.at, before), style);
    }
    draw_what(main, buffer, view, lifelines, &row);
    if is_current {
        light(main, buffer, view);
        pen::put(buffer, main, (0, 0), "▸", theme.accent);
    }
    if view.state.detail == Detail::Reasons
        && let Some(text) = reason(view, &row)
    {
        let text = format!("why: {}", visible(text));
        let room = usize::from(place.width.saturating_sub(GUTTER + 2));
        pen::put(buffer, place, (GUTTER + 2, line + 1), &pen::cut(&text, room), theme.code);
    }
}

/// `1.775 s`; where that is what the row before says, how much later it is: `+290 µs`.
fn instant(at: Time, before: Option<Time>) -> String {
    let text = at.to_string();
    match before.filter(|it| it.to_string() == text) {
        Some(before) => format!("+{}", Time::ZERO + at.since(before)),
        None => text,
    }
}

/// The background of the row under the cursor.
fn light(main: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let selected = view.theme.selected;
    for position in main.intersection(buffer.area).positions() {
        let mut style =
            ratatui::style::Style { bg: selected.bg, add_modifier: selected.add_modifier, ..Default::default() };
        if view.focused {
            style = style.add_modifier(ratatui::style::Modifier::BOLD);
        }
        buffer[position].set_style(style);
    }
}

fn draw_lifelines(place: Rect, buffer: &mut Buffer, view: &View<'_>, lifelines: &Lifelines, (row, y): (Row, u16)) {
    for (node, x) in lifelines.order.iter().map(|node| (*node, lifelines.columns[*node])) {
        let blocked = node < 64 && row.blocked & (1 << node) != 0;
        let (sign, style) = if blocked { ("┃", view.theme.accent) } else { ("│", view.theme.border) };
        pen::put(buffer, place, (x, y), sign, style);
    }
}

fn draw_what(main: Rect, buffer: &mut Buffer, view: &View<'_>, lifelines: &Lifelines, row: &Row) {
    let mut canvas = Canvas { area: main, buffer, view, lifelines };
    match row.what {
        What::Crossing { first, hops } => {
            for n in first..first + hops {
                canvas.crossing(n);
            }
        }
        What::Leaves(n) => canvas.leaves(n),
        What::Arrives(n) => canvas.arrives(n),
        What::Event { index, ends_later } => canvas.event(index, row.at, &begins(view, index, ends_later)),
        What::EventEnds(index) => canvas.event(index, row.at, &ends(view, index)),
        What::Silence(length) => canvas.silence(length),
    }
}

fn begins(view: &View<'_>, index: usize, ends_later: bool) -> String {
    let event = &view.run.recording().events[index];
    match &event.kind {
        EventKind::Call { call, .. } if ends_later => format!("{} …", visible(call)),
        EventKind::Call { call, result } if result.is_empty() => visible(call),
        EventKind::Call { call, result } => format!("{} {}", visible(call), visible(result)),
        // The lifeline says whose state it is; what it was before stands in the words below.
        EventKind::State { machine, to, .. } => match view.run.machines().names_needed(event.node) {
            true => {
                format!("● {}  {}", visible(to), visible(view.run.machines().short(event.node, machine)))
            }
            false => format!("● {}", visible(to)),
        },
        EventKind::Decision { text } => visible(view.run.machines().decided(event.node, text)),
        EventKind::Note { text } => visible(text),
    }
}

fn ends(view: &View<'_>, index: usize) -> String {
    match &view.run.recording().events[index].kind {
        EventKind::Call { call, result } => {
            let name = call.split('(').next().unwrap_or(call);
            format!("{} {}", visible(name), visible(result))
        }
        _ => begins(view, index, false),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tui::views::{Kind, fixture};

    #[test]
    fn of_many_nodes_those_to_whom_nothing_happens_have_no_lifeline() {
        let run = crate::demos::run("dns-trace", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let run = Prepared::new(std::sync::Arc::new(run));
        let state = State { cursor: run.recording().end, ..State::default() };
        let text = fixture::drawn_of(&run, Kind::Sequence, (110, 18), &state);
        let head = text.lines().next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(head, "+6 idle client resolver isp core root-a tld-example ns1-shop");
        assert!(!text.contains("LISTEN"), "UDP listens to nobody: {text}");
    }

    fn drawn(size: (u16, u16), state: &State) -> String {
        fixture::drawn(Kind::Sequence, size, state, None)
    }

    #[test]
    fn arrows_events_losses_and_silences_in_order_of_time() {
        let state = State { cursor: Time::ZERO + Duration::from_millis(30), packet: 3, ..State::default() };
        insta::assert_snapshot!("sequence_120x36", drawn((120, 36), &state));
        insta::assert_snapshot!("sequence_74x26", drawn((74, 26), &state));
        insta::assert_snapshot!("sequence_40x14", drawn((40, 14), &state));
    }

    #[test]
    fn instants_that_read_the_same_say_how_far_they_are_apart() {
        assert_eq!(instant(Time(1_775_100_000), None), "1.775 s");
        assert_eq!(instant(Time(1_775_390_000), Some(Time(1_775_100_000))), "+290 µs");
        assert_eq!(instant(Time(1_776_100_000), Some(Time(1_775_100_000))), "1.776 s");
    }

    #[test]
    fn reasons_and_the_inside_of_nodes_are_shown_when_asked_for() {
        let state = State { detail: Detail::Reasons, ..State::default() };
        insta::assert_snapshot!("sequence_reasons", drawn((74, 26), &state));
        let state = State { detail: Detail::Notes, ..State::default() };
        let notes = drawn((74, 26), &state);
        assert!(notes.contains("request read") && !notes.contains("recv"), "{notes}");
    }
}
