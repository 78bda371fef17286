//! The network as a map: nodes on their places, links with their properties, packets where they are at this instant.
mod place;

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::widgets::{Block, BorderType, Widget};

use super::{View, label, pen};
use crate::recording::{Event, EventKind, Node, NodeKind, Packet, Time, Topology};
use crate::wire::text::visible;
use place::Map;

/// The rows of the list below the map, where it has room.
const LOG: u16 = 9;

/// A sign on a link: which packet, how far from its sender, and what it looks like.
struct Moving<'a> {
    packet: &'a Packet,
    ppm: u32,
    lost: bool,
}

/// Draws the map at the cursor's instant.
pub(crate) fn draw(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let log = if area.height >= 24 { LOG } else { 0 };
    let [map, log] = Layout::vertical([Constraint::Min(0), Constraint::Length(log)]).areas(area);
    draw_map(map, buffer, view);
    draw_log(log, buffer, view);
}

/// The packets sent last, and what became of each by now.
fn draw_log(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let (theme, packets) = (view.theme, &view.run.recording().packets);
    if area.height < 2 {
        return;
    }
    pen::put(buffer, area, (1, 0), "sent last", theme.dim);
    let names = view.run.recording().topology.nodes.iter().map(|node| pen::columns(&node.name));
    let widest = (names.max().unwrap_or(0) * 2 + 3).min(24);
    let sent = packets.partition_point(|packet| packet.at <= view.state.cursor);
    for (y, packet) in (1..area.height).zip(packets[..sent].iter().rev()) {
        let chosen = packet.n == view.state.packet;
        let base = if chosen { theme.strong } else { theme.text };
        pen::put(buffer, area, (0, y), if chosen { "▸" } else { " " }, theme.accent);
        pen::put_right(buffer, area, (11, y), &packet.at.to_string(), base);
        let ends = format!("{} → {}", visible(view.node(packet.from)), visible(view.node(packet.to)));
        pen::put(buffer, area, (13, y), &pen::cut(&ends, usize::from(widest)), base);
        let x = pen::put(buffer, area, (15 + widest, y), &name(view, packet, 40), label::style(packet, theme));
        let (words, style) = match label::progress(packet, view.state.cursor) {
            Some(_) if packet.left > view.state.cursor => ("waits in the queue".to_owned(), theme.warn),
            Some(ppm) => (format!("on its way, {} %", ppm / 10_000), theme.accent),
            None if packet.arrived.is_some() => (String::new(), theme.dim),
            None => (format!("╳ {}", label::fate(packet).1), theme.bad),
        };
        let room = usize::from(area.width.saturating_sub(x + 3));
        pen::put(buffer, area, (x + 3, y), &pen::cut(&words, room), style);
    }
}

/// The network alone: nothing of what happened on it.
pub(crate) fn draw_network(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let Some(map) = draw_links(area, buffer, view) else { return };
    draw_nodes(buffer, view, &map);
    draw_beside_upright(area, buffer, view, &map);
}

/// Whether there is room for the map of the network.
pub(crate) fn has_room(area: Rect, view: &View<'_>) -> bool {
    let topology = &view.run.recording().topology;
    Map::new(topology, texts_that_fit(topology, area), area).is_some()
}

fn draw_map(area: Rect, buffer: &mut Buffer, view: &View<'_>) {
    let Some(map) = draw_links(area, buffer, view) else { return };
    let mut taken: Vec<(u16, u16, u16)> = Vec::new();
    // The one under the cursor is named first: where there is no room for two names, it is the other that goes.
    for moving in moving(view) {
        draw_packet(area, buffer, view, &map, &moving, &mut taken);
    }
    draw_nodes(buffer, view, &map);
    draw_waiting(area, buffer, view, &map);
    for (node, event) in decisions(view).into_iter().enumerate() {
        if let Some(event) = event {
            draw_caption(map.captions[node], buffer, view, event);
        }
    }
    draw_beside_upright(area, buffer, view, &map);
}

fn draw_nodes(buffer: &mut Buffer, view: &View<'_>, map: &Map) {
    for (index, node) in view.run.recording().topology.nodes.iter().enumerate() {
        draw_node(buffer, view, map, (index, node));
    }
}

/// The links; without room for the map, a line that says what to do.
fn draw_links(area: Rect, buffer: &mut Buffer, view: &View<'_>) -> Option<Map> {
    let topology = &view.run.recording().topology;
    let texts = texts_that_fit(topology, area);
    let Some(map) = Map::new(topology, texts, area) else {
        let words = "No room here for the map of this network: z shows this pane alone.";
        let room = usize::from(area.width.saturating_sub(2)).max(8);
        for (y, line) in (0..area.height).zip(textwrap::wrap(words, room)) {
            pen::put(buffer, area, (1, y), &line, view.theme.dim);
        }
        return None;
    };
    for (cell, joint) in map.joints(topology) {
        put_at(area, buffer, cell, joint.sign(), view.theme.border);
    }
    for (link, path) in topology.links.iter().zip(&map.paths) {
        let properties = &link.properties[..link.properties.len().min(map.properties)];
        draw_properties(area, buffer, view, (&map, path), properties);
    }
    Some(map)
}

/// The most addresses in a node's box.
const ADDRESSES: usize = 4;

/// What stands in the boxes: with as many addresses as there is room for; only names before the boxes lose their frames.
fn texts_that_fit(topology: &Topology, area: Rect) -> Vec<Vec<String>> {
    let with = |addresses: usize| topology.nodes.iter().map(|node| texts(node, addresses)).collect::<Vec<_>>();
    let names = || topology.nodes.iter().map(|node| vec![visible(&node.name)]).collect();
    let fits = |it: &Vec<Vec<String>>| place::fits(topology, it, area.width) && place::is_framed(topology, it, area);
    let found = (1..=ADDRESSES).rev().map(with).find(|it| area.height >= 8 && fits(it));
    found.unwrap_or_else(names)
}

/// What stands in a node's box, with so many of its addresses.
fn texts(node: &Node, most: usize) -> Vec<String> {
    let mut texts = vec![visible(&node.name)];
    texts.extend(match node.kind {
        NodeKind::Host => None,
        NodeKind::Switch => Some("switch".to_owned()),
        NodeKind::Router => Some("router".to_owned()),
    });
    let all: Vec<String> = node.interfaces.iter().flat_map(|it| &it.addresses).map(ToString::to_string).collect();
    let left_out = all.len().min(ADDRESSES).saturating_sub(most);
    texts.extend(all.into_iter().take(most));
    if left_out > 0
        && let Some(last) = texts.last_mut()
    {
        last.push_str(" …");
    }
    texts
}

fn put_at(area: Rect, buffer: &mut Buffer, at: Position, sign: &str, style: ratatui::style::Style) {
    if area.contains(at) {
        pen::put(buffer, area, (at.x - area.x, at.y - area.y), sign, style);
    }
}

/// The link's properties under the middle of its line, where they fit and hide no node.
fn draw_properties(
    area: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    (map, path): (&Map, &[Position]),
    properties: &[String],
) {
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
    let framed = map.boxes.iter().any(|it| it.height > 1);
    let hides = |place: Rect| map.boxes.iter().any(|it| it.intersects(place));
    let room = usize::from(first.x.abs_diff(last.x)) + 1;
    for (line, property) in (0..).zip(properties) {
        let text = visible(property);
        let width = usize::from(pen::columns(&text));
        if first.y == last.y && width <= room {
            let x = first.x.min(last.x) + u16::try_from((room - width) / 2).unwrap_or(0);
            let y = first.y + if framed { 2 } else { 1 } + line;
            let columns = u16::try_from(width).unwrap_or(u16::MAX);
            let place = Rect { x, y, width: columns, height: 1 };
            if !hides(place) && is_blank(buffer, place) {
                put_at(area, buffer, Position { x, y }, &text, view.theme.dim);
            }
        }
    }
}

/// Whether nothing stands there.
fn is_blank(buffer: &Buffer, place: Rect) -> bool {
    place.positions().all(|cell| buffer.cell(cell).is_some_and(|it| it.symbol() == " "))
}

/// The first property of each upright link, left of it (at the right are the packets' names), where nothing else stands.
fn draw_beside_upright(area: Rect, buffer: &mut Buffer, view: &View<'_>, map: &Map) {
    if map.properties == 0 {
        return;
    }
    for (link, path) in view.run.recording().topology.links.iter().zip(&map.paths) {
        let (Some(first), Some(last), Some(property)) = (path.first(), path.last(), link.properties.first()) else {
            continue;
        };
        let text = visible(property);
        let width = pen::columns(&text);
        if first.x != last.x || first.x < area.x + width + 2 {
            continue;
        }
        let is_free = |y: u16| is_blank(buffer, Rect { x: first.x - width - 2, y, width: width + 2, height: 1 });
        let mut rows: Vec<u16> = path.iter().map(|cell| cell.y).collect();
        rows.sort_by_key(|y| y.abs_diff(path[path.len() / 2].y));
        if let Some(y) = rows.into_iter().find(|y| is_free(*y)) {
            put_at(area, buffer, Position { x: first.x - width - 1, y }, &text, view.theme.dim);
        }
    }
}

fn draw_node(buffer: &mut Buffer, view: &View<'_>, map: &Map, (index, node): (usize, &Node)) {
    let (theme, place, texts) = (view.theme, map.boxes[index], &map.texts[index]);
    let packet = view.run.recording().packet(view.state.packet);
    let ends = packet.is_some_and(|it| it.from == index || it.to == index);
    let border = if ends { theme.focus } else { theme.border };
    if place.height < 3 {
        let bracketed = format!("[{}]", texts.first().map_or("", String::as_str));
        pen::put(buffer, place, (0, 0), &pen::cut(&bracketed, usize::from(place.width)), theme.title);
        return;
    }
    let kind = match node.kind {
        NodeKind::Host => BorderType::Rounded,
        NodeKind::Switch => BorderType::Plain,
        NodeKind::Router => BorderType::Double,
    };
    let block = Block::bordered().border_type(kind).border_style(border);
    let inner = block.inner(place);
    block.render(place.intersection(buffer.area), buffer);
    for (y, text) in (0..inner.height).zip(texts) {
        let x = inner.width.saturating_sub(pen::columns(text)) / 2;
        let style = if y == 0 { theme.title } else { theme.dim };
        pen::put(buffer, inner, (x, y), &pen::cut(text, usize::from(inner.width)), style);
    }
}

/// The packets on their way at the cursor; the one under the cursor is the first.
fn moving<'a>(view: &View<'a>) -> Vec<Moving<'a>> {
    let recording = view.run.recording();
    let cursor = view.state.cursor;
    // A lost packet has no arrival: its cross stays for a while.
    let a_while = Duration::from_nanos(recording.end.0 / 40);
    let mut all = Vec::new();
    for packet in view.run.underway(cursor, a_while) {
        if let Some(ppm) = label::progress(packet, cursor).filter(|_| packet.left <= cursor) {
            all.push(Moving { packet, ppm, lost: false });
        } else if packet.arrived.is_none() && cursor.since(packet.at) <= a_while {
            all.push(Moving { packet, ppm: 600_000, lost: true });
        }
    }
    all.sort_by_key(|it| it.packet.n != view.state.packet);
    all
}

fn draw_packet(
    area: Rect,
    buffer: &mut Buffer,
    view: &View<'_>,
    map: &Map,
    moving: &Moving<'_>,
    taken: &mut Vec<(u16, u16, u16)>,
) {
    let packet = moving.packet;
    let topology = &view.run.recording().topology;
    let Some(path) = map.paths.get(packet.link).filter(|path| !path.is_empty()) else { return };
    let forward = topology.links[packet.link].ends[0].node == packet.from;
    let last = path.len() - 1;
    let step = last * moving.ppm as usize / 1_000_000;
    let at = path[if forward { step } else { last - step }];
    let theme = view.theme;
    let chosen = packet.n == view.state.packet;
    let style = match () {
        () if moving.lost => theme.bad,
        () if chosen => theme.lit,
        () => label::style(packet, theme),
    };
    let next = path[if forward { (step + 1).min(last) } else { (last - step).saturating_sub(1) }];
    let sign = if moving.lost { "╳" } else { direction(at, next) };
    if chosen || !buffer.cell(at).is_some_and(|cell| SIGNS.contains(&cell.symbol())) {
        put_at(area, buffer, at, sign, style);
    }
    let words = if moving.lost { label::fate(packet).1 } else { name(view, packet, 20) };
    // On a level line there is room as far as the boxes at its ends.
    let level = path[0].y == path[last].y && last >= 4;
    let words = if level { pen::cut(&words, last + 1) } else { words };
    let width = pen::columns(&words);
    // What goes right or down is named above its sign, what comes back below it.
    let above = map.boxes[packet.to].x >= map.boxes[packet.from].x;
    let upright = next.x == at.x && next.y != at.y;
    let y = match above {
        _ if upright => at.y,
        true => at.y.saturating_sub(1),
        false => at.y + 1,
    };
    let x = if upright { at.x + 2 } else { at.x.saturating_sub(width / 2) };
    let narrow = !upright && path.len() < usize::from(width);
    // A name longer than its link stands over the boxes.
    let over = map.boxes[packet.from].y.min(map.boxes[packet.to].y).saturating_sub(1);
    let y = if narrow && above && over >= area.y { over } else { y };
    let x = if upright { x } else { beside_boxes(x, width, path) };
    let x = x.clamp(area.x, area.right().saturating_sub(width).max(area.x));
    if !taken.iter().any(|(row, from, to)| *row == y && x < to + 1 && *from < x + width + 1) {
        put_at(area, buffer, Position { x, y }, &words, style);
        taken.push((y, x, x + width));
    }
}

/// A label's column, moved off the boxes at the ends of its link where the link is long enough.
fn beside_boxes(x: u16, width: u16, path: &[Position]) -> u16 {
    let first = path.iter().map(|cell| cell.x).min().unwrap_or(x);
    let last = path.iter().map(|cell| cell.x).max().unwrap_or(x);
    let room = (last + 1).saturating_sub(first);
    if room < width { x } else { x.clamp(first, last + 1 - width) }
}

fn name(view: &View<'_>, packet: &Packet, most: usize) -> String {
    let what = if view.hides(packet).is_some() { label::protocol(packet) } else { label::short(packet) };
    format!("{} {}", packet.n, pen::cut(&what, most))
}

/// What stands for a packet; an earlier one stays on top.
const SIGNS: [&str; 6] = ["▶", "◀", "▼", "▲", "●", "╳"];

const fn direction(at: Position, next: Position) -> &'static str {
    match () {
        () if next.x > at.x => "▶",
        () if next.x < at.x => "◀",
        () if next.y > at.y => "▼",
        () if next.y < at.y => "▲",
        () => "●",
    }
}

/// How many packets wait in front of each link.
fn draw_waiting(area: Rect, buffer: &mut Buffer, view: &View<'_>, map: &Map) {
    let recording = view.run.recording();
    let cursor = view.state.cursor;
    let mut waiting = vec![[0_u32; 2]; map.paths.len()];
    for packet in view.run.underway(cursor, Duration::ZERO).iter().filter(|packet| packet.left > cursor) {
        let forward = recording.topology.links[packet.link].ends[0].node == packet.from;
        waiting[packet.link][usize::from(!forward)] += 1;
    }
    for (path, counts) in map.paths.iter().zip(waiting) {
        let ends = [path.first(), path.last()];
        for (end, count) in ends.into_iter().zip(counts) {
            if let (Some(end), 1..) = (end, count) {
                put_at(area, buffer, Position { x: end.x, y: end.y + 1 }, &format!("▪{count}"), view.theme.warn);
            }
        }
    }
}

/// The last thing each node decided, did or said by now.
fn decisions<'a>(view: &View<'a>) -> Vec<Option<&'a Event>> {
    let recording = view.run.recording();
    let mut last = vec![None; recording.topology.nodes.len()];
    let begun = recording.events.partition_point(|event| event.at <= view.state.cursor);
    let events = recording.events[..begun].iter().enumerate().rev();
    for (_, event) in events.filter(|(index, _)| !view.run.is_idle(*index)) {
        if let Some(slot) = last.get_mut(event.node).filter(|slot| slot.is_none()) {
            *slot = Some(event);
        }
        if last.iter().all(Option::is_some) {
            break;
        }
    }
    last
}

/// What was said some time ago. What a rule decides is told of its first packet only, so its age would mislead.
fn aged(text: &str, kind: &EventKind, since: Time) -> String {
    match kind {
        EventKind::Decision { text: it } if it.starts_with("forwarded") => format!("first {text}"),
        _ => format!("{text} ({since} ago)"),
    }
}

/// A caption with fewer columns than this says nothing, and hides the link it stands on.
const SHORTEST_CAPTION: u16 = 12;

fn draw_caption(area: Rect, buffer: &mut Buffer, view: &View<'_>, event: &Event) {
    if area.height == 1 && area.width < SHORTEST_CAPTION {
        return;
    }
    let text = match &event.kind {
        EventKind::Call { call, .. } if event.until.is_some_and(|until| until > view.state.cursor) => {
            format!("{} … waits", visible(call))
        }
        EventKind::Call { call, result } => visible(format!("{call} {result}")),
        EventKind::State { machine, from, to } if view.run.machines().names_needed(event.node) => {
            visible(format!("{}: {from} → {to}", view.run.machines().short(event.node, machine)))
        }
        EventKind::State { from, to, .. } => visible(format!("{from} → {to}")),
        EventKind::Decision { text } => visible(view.run.machines().decided(event.node, text)),
        EventKind::Note { text } => visible(text),
    };
    let cursor = view.state.cursor;
    let at = event.until.filter(|until| *until <= cursor).unwrap_or(event.at);
    let fresh = at == cursor || event.until.is_some_and(|until| until > cursor);
    let style = if fresh { view.theme.text } else { view.theme.dim };
    let since = Time::ZERO + cursor.since(at);
    let text = if fresh { text } else { aged(&text, &event.kind, since) };
    let width = usize::from(area.width.saturating_sub(2)).max(6);
    if area.height == 1 {
        pen::put(buffer, area, (1, 0), &pen::cut(&text, width), style);
        return;
    }
    let lines = textwrap::wrap(&text, width);
    let shown = usize::from(area.height.min(6));
    for (y, (index, line)) in (0..).zip(lines.iter().enumerate().take(shown)) {
        let more = index + 1 == shown && lines.len() > shown;
        let line = if more { pen::cut(&format!("{line} …"), width) } else { line.to_string() };
        pen::put(buffer, area, (1, y), &line, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::views::{Kind, State, fixture};

    #[test]
    fn nodes_links_and_what_is_on_its_way() {
        let state = State { cursor: Time::ZERO + Duration::from_millis(30), packet: 4, ..State::default() };
        for (width, height) in [(40, 14), (74, 26), (120, 36)] {
            let name = format!("topology_{width}x{height}");
            insta::assert_snapshot!(name, fixture::drawn(Kind::Topology, (width, height), &state, None));
        }
    }

    #[test]
    fn what_is_told_of_the_first_packet_only_has_no_age() {
        let decided = |text: &str| EventKind::Decision { text: text.to_owned() };
        let (route, give_up) = ("forwarded to 10.0.1.1: route 10.0.1.0/24 directly", "the connection is given up");
        assert_eq!(aged(route, &decided(route), Time(1_780_000_000)), format!("first {route}"));
        assert_eq!(
            aged(give_up, &decided(give_up), Time(1_780_000_000)),
            format!("{give_up} ({} ago)", Time(1_780_000_000))
        );
    }

    #[test]
    fn links_that_meet_are_joined_and_a_low_map_takes_two_rows_as_one() {
        let run = crate::demos::run("dns-trace", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let run = crate::tui::views::Prepared::new(std::sync::Arc::new(run));
        for (width, height) in [(78, 18), (78, 7), (78, 4)] {
            let text = fixture::drawn_of(&run, Kind::Topology, (width, height), &State::default());
            insta::assert_snapshot!(format!("topology_joined_{width}x{height}"), text);
        }
    }

    #[test]
    fn addresses_give_way_before_the_boxes_do() {
        let run = crate::demos::run("quic-vs-tcp", &[].into(), &crate::demos::Setup::default()).expect("it ships");
        let run = crate::tui::views::Prepared::new(std::sync::Arc::new(run));
        let most = run.recording().topology.nodes.iter().map(|node| texts(node, ADDRESSES).len()).max();
        assert!(most > Some(4), "a router with an address for each side");
        for (size, boxed) in [((120, 31), true), ((78, 18), true), ((78, 12), false)] {
            let text = fixture::drawn_of(&run, Kind::Topology, size, &State::default());
            assert_eq!(text.contains("│ quic-client │"), boxed, "{text}");
            assert!(text.contains("quic-client") && text.contains("tcp-client"), "{text}");
        }
    }
}
