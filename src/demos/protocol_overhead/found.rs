//! Every packet of the client's capture, given to its protocol and its message, and summed up by what its bytes are for.
use std::collections::BTreeMap;

use super::Protocol;
use super::script::Talk;
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::quantity::{Quantity, Unit};
use crate::recording::opened::{self, Links};
use crate::recording::{Cell, Recording, Table, Time};
use crate::wire::analysis::Seen;
use crate::wire::spent::{self, Spent, Use, spent};

/// Columns of the longest bar.
const BAR: usize = 48;
/// The length before a message of our own over TCP.
const PREFIX: usize = 4;
/// A letter of the bars for each use, and what the legend calls it.
const LETTERS: [(Use, char, &str); 8] = [
    (Use::Link, 'E', "Ethernet"),
    (Use::Network, 'I', "IP"),
    (Use::Transport, 'T', "transport"),
    (Use::Security, 'S', "TLS"),
    (Use::Framing, 'F', "framing"),
    (Use::Fields, 'H', "fields"),
    (Use::Payload, 'P', "payload"),
    (Use::Again, 'A', "again"),
];

/// Packets, summed up.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    spent: Spent,
    packets: usize,
    /// Those that only acknowledge.
    acknowledging: usize,
    /// The bytes of those.
    acknowledgments: usize,
    /// Bytes of QUIC's ACK frames.
    ack_frames: usize,
    /// Bytes of WebSocket's masking keys.
    masks: usize,
}

/// One protocol's packets by the message they belong to.
#[derive(Clone, Copy, Debug)]
struct Parts<'a> {
    talk: &'a Talk,
    first: Sum,
    later: Sum,
    end: Sum,
    /// The packet it begins with.
    packet: Option<u32>,
}

impl Parts<'_> {
    /// How many messages the later ones are.
    fn messages(&self) -> usize {
        if self.talk.second.is_some() { self.talk.answers.saturating_sub(1) } else { 0 }
    }

    /// Bytes of the later ones for each.
    fn each(&self, bytes: usize) -> Option<usize> {
        (self.messages() > 0).then(|| (bytes + self.messages() / 2) / self.messages())
    }
}

pub(super) fn found(recording: &Recording, talks: &[Talk], knobs: &Knobs) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let seen = sights.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
    let (spent, links) = (spent(seen, &recording.secrets), opened::open(recording));
    let parts: Vec<Parts<'_>> = talks.iter().map(|talk| parts(talk, &sights, &spent, &links)).collect();
    for it in &parts {
        measure(&mut findings, it);
        mark(&mut findings, it, &sights);
        curve(&mut findings, it, &sights);
    }
    findings.table(bars(&parts));
    findings.table(messages(&parts));
    findings.table(layers(
        &parts,
        "first",
        "the first message, handshakes included: bytes by what they are for",
        |it| it.first,
    ));
    findings.table(layers(&parts, "later", "all later messages: bytes by what they are for", |it| it.later));
    tell(&mut findings, recording, &parts, knobs);
    findings
}

/// Whose packet it is.
fn is_of(sight: &Sight<'_>, protocol: Protocol) -> bool {
    let ports = match sight.content {
        Content::Tcp(segment) => [segment.from.port(), segment.to.port()],
        Content::Udp { from, to, .. } => [from.port(), to.port()],
        _ => return false,
    };
    ports.contains(&protocol.port())
}

/// Whether it passed before something the client did: what came at that instant was before it, what was sent then is part of it.
fn before(sight: &Sight<'_>, instant: Option<Time>) -> bool {
    instant.is_none_or(|it| sight.at < it || (sight.at == it && !sight.sent))
}

fn parts<'a>(talk: &'a Talk, sights: &[Sight<'_>], spent: &BTreeMap<u32, spent::Packet>, links: &Links) -> Parts<'a> {
    let mut parts = Parts { talk, first: Sum::default(), later: Sum::default(), end: Sum::default(), packet: None };
    for sight in sights.iter().filter(|it| is_of(it, talk.protocol)) {
        parts.packet.get_or_insert(sight.packet.n);
        let sum = match () {
            () if before(sight, talk.second.or(talk.closing)) => &mut parts.first,
            () if before(sight, talk.closing) => &mut parts.later,
            () => &mut parts.end,
        };
        let Some(it) = spent.get(&sight.packet.n) else { continue };
        sum.spent += it.spent;
        sum.packets += 1;
        sum.acknowledging += usize::from(it.acknowledges);
        sum.acknowledgments += if it.acknowledges { it.spent.total() } else { 0 };
        sum.ack_frames += it.ack_frames;
        let keys = links.at(sight.packet).filter_map(|unit| unit.decoded.field("websocket.masking_key"));
        sum.masks += keys.map(|it| it.bytes().len()).sum::<usize>();
    }
    if talk.protocol == Protocol::Tcp {
        // Only the two programs know what the first bytes of a message are: its length, there and back.
        parts.first.spent.shift(Use::Payload, Use::Framing, 2 * PREFIX * talk.answers.min(1));
        let later = parts.messages();
        parts.later.spent.shift(Use::Payload, Use::Framing, 2 * PREFIX * later);
    }
    parts
}

fn measure(findings: &mut Findings, it: &Parts<'_>) {
    let (key, name) = (it.talk.protocol.key(), it.talk.protocol.name());
    let first = it.first.spent;
    findings.bytes(
        &format!("{key}_first"),
        &format!("{name}: the first message"),
        first.total(),
        format!(
            "{} packets, from the first of the connection until the second message: Ethernet frames, there and back",
            it.first.packets
        ),
    );
    findings.count(
        &format!("{key}_answered"),
        &format!("{name}: messages answered"),
        it.talk.answers,
        "whole and unchanged",
    );
    let time = it.talk.answered.map(|at| at - it.talk.began);
    findings.time(
        &format!("{key}_time"),
        &format!("{name}: until the first answer"),
        time,
        "from nothing: handshakes and one round trip",
    );
    let later = it.later.spent;
    let Some(each) = it.each(later.total()) else { return };
    let count = it.messages();
    findings.bytes(
        &format!("{key}_later"),
        &format!("{name}: each later message"),
        each,
        format!("{} B in {} packets / {count} messages, there and back", later.total(), it.later.packets),
    );
    let share = Quantity::share(later.of(Use::Payload), later.total());
    let how = format!("payload / all bytes of the later messages: {} B / {} B", later.of(Use::Payload), later.total());
    findings.measure(&format!("{key}_share"), &format!("{name}: payload in them"), Some(share), how);
    let around = |it: Spent| it.of(Use::Framing) + it.of(Use::Fields);
    let how = "framing and header fields, there and back";
    findings.bytes(&format!("{key}_head_first"), &format!("{name}: heads of the first"), around(first), how);
    let each = it.each(around(later)).unwrap_or_default();
    findings.bytes(&format!("{key}_head_later"), &format!("{name}: heads of each later one"), each, how);
    findings.count(
        &format!("{key}_acks"),
        &format!("{name}: packets that only acknowledge"),
        it.later.acknowledging,
        format!("of the {} of the later messages", it.later.packets),
    );
    if it.talk.protocol == Protocol::WebSocket {
        let how = "4 B in each frame of the client (RFC 6455 §5.3), over the later messages";
        findings.bytes("websocket_masks", "WebSocket: masking keys", it.later.masks, how);
    }
    if it.talk.protocol == Protocol::Http3 {
        let how = "in packets of their own and beside data, over the later messages (RFC 9000 §19.3)";
        findings.bytes("http3_ack_frames", "HTTP/3: ACK frames of QUIC", it.later.ack_frames, how);
    }
}

fn mark(findings: &mut Findings, it: &Parts<'_>, sights: &[Sight<'_>]) {
    let (key, name) = (it.talk.protocol.key(), it.talk.protocol.name());
    let first = sights.iter().find(|sight| Some(sight.packet.n) == it.packet);
    findings.mark(key, &format!("{name}: the first packet"), first);
    let second = it
        .talk
        .second
        .and_then(|at| sights.iter().find(|sight| sight.sent && sight.at >= at && is_of(sight, it.talk.protocol)));
    findings.mark(&format!("{key}-second"), &format!("{name}: the second message leaves"), second);
    let bars = [
        ("handshakes", Some(it.talk.began), it.talk.first),
        ("first message", it.talk.first, it.talk.answered),
        ("later messages", it.talk.second, it.talk.closing),
        ("the end", it.talk.closing, Some(it.talk.over)),
    ];
    for (what, from, to) in bars {
        if let (Some(from), Some(to)) = (from, to)
            && from < to
        {
            findings.span_at(name, what.to_owned(), from, to);
        }
    }
}

/// How the bytes add up, from each protocol's own beginning.
fn curve(findings: &mut Findings, it: &Parts<'_>, sights: &[Sight<'_>]) {
    let mut sum = 0_i64;
    let points = sights.iter().filter(|sight| is_of(sight, it.talk.protocol)).map(|sight| {
        sum += i64::try_from(sight.packet.bytes.len()).unwrap_or(0);
        (sight.at, sum)
    });
    findings.curve(it.talk.protocol.name(), Unit::Bytes, points.collect());
}

fn bytes(count: usize) -> Cell {
    Cell::Value(Quantity::bytes(count))
}

fn bars(parts: &[Parts<'_>]) -> Table {
    let longest = parts.iter().filter_map(|it| it.each(it.later.spent.total())).max().unwrap_or(0);
    let scale = format!("its bytes: {BAR} letters are {longest} B");
    let columns = [("protocol", "protocol"), ("each", "each later"), ("bar", scale.as_str())];
    let mut table = Table::new("bars", &legend(), &columns);
    for it in parts {
        let each = it.each(it.later.spent.total());
        let width = each.map_or(0, |each| (each * BAR).div_ceil(longest.max(1)));
        let cells = vec![
            Cell::text(it.talk.protocol.name()),
            Cell::maybe(each.map(Quantity::bytes)),
            Cell::Text(bar(&it.later.spent, width)),
        ];
        table.row(it.packet, cells);
    }
    table
}

/// What each letter of the bars stands for: short, as a terminal of 80 columns cuts the rest.
fn legend() -> String {
    LETTERS.map(|(_, letter, name)| format!("{letter}={name}")).join(" ")
}

/// So many letters, shared out by largest remainders: a share of less than a letter may have none.
fn bar(spent: &Spent, width: usize) -> String {
    let total = spent.total().max(1);
    let mut shares: Vec<(char, usize, usize)> = LETTERS
        .iter()
        .map(|(what, letter, _)| (*letter, spent.of(*what) * width / total, spent.of(*what) * width % total))
        .collect();
    let mut left = width - shares.iter().map(|it| it.1).sum::<usize>();
    while let Some(most) = shares.iter_mut().max_by_key(|it| it.2).filter(|it| left > 0 && it.2 > 0) {
        (most.1, most.2, left) = (most.1 + 1, 0, left - 1);
    }
    shares.iter().map(|(letter, count, _)| letter.to_string().repeat(*count)).collect()
}

fn messages(parts: &[Parts<'_>]) -> Table {
    let columns = [
        ("protocol", "protocol"),
        ("first", "first message"),
        ("first_packets", "packets"),
        ("later", "each later"),
        ("packets", "packets of all later"),
        ("acks", "only ACKs"),
        ("share", "payload"),
        ("end", "the end"),
    ];
    let mut table = Table::new("messages", "bytes on the wire, there and back", &columns);
    for it in parts {
        let (count, later) = (it.messages(), it.later.spent);
        let share = (count > 0).then(|| Quantity::share(later.of(Use::Payload), later.total()));
        let cells = vec![
            Cell::text(it.talk.protocol.name()),
            bytes(it.first.spent.total()),
            Cell::Value(Quantity::count(it.first.packets)),
            Cell::maybe(it.each(later.total()).map(Quantity::bytes)),
            Cell::Value(Quantity::count(it.later.packets)),
            Cell::Value(Quantity::count(it.later.acknowledging)),
            Cell::maybe(share),
            bytes(it.end.spent.total()),
        ];
        table.row(it.packet, cells);
    }
    table
}

fn layers(parts: &[Parts<'_>], name: &str, label: &str, of: impl Fn(&Parts<'_>) -> Sum) -> Table {
    let columns = [
        ("protocol", "protocol"),
        ("ethernet", "Ethernet"),
        ("ip", "IP"),
        ("transport", "TCP/UDP/QUIC"),
        ("tls", "TLS"),
        ("framing", "framing"),
        ("fields", "fields"),
        ("payload", "payload"),
        ("again", "again"),
        ("all", "all"),
    ];
    let mut table = Table::new(name, label, &columns);
    for it in parts {
        let spent = of(it).spent;
        let mut cells = vec![Cell::text(it.talk.protocol.name())];
        cells.extend(Use::ALL.map(|what| bytes(spent.of(what))));
        cells.push(bytes(spent.total()));
        table.row(it.packet, cells);
    }
    table
}

/// What the numbers say that is easily missed.
fn tell(findings: &mut Findings, recording: &Recording, parts: &[Parts<'_>], knobs: &Knobs) {
    let node = recording.node("client").unwrap_or_default();
    let size = knobs.number("size");
    for it in parts {
        let (Some(each), Some(at)) = (it.each(it.later.spent.total()), it.talk.closing) else { continue };
        let name = it.talk.protocol.name();
        let around = it.each(it.later.spent.of(Use::Framing) + it.later.spent.of(Use::Fields)).unwrap_or_default();
        findings.note(at, node, format!("{name}: {size} B there and back took {each} B, {around} B of them heads"));
        let own = match it.talk.protocol {
            Protocol::WebSocket => {
                format!("WebSocket: {} B are masking keys; only what the client sends has them", it.later.masks)
            }
            Protocol::Http2 => format!(
                "HTTP/2: the first request and its answer had {} B of header fields, later ones {} B: both ends remember them (HPACK)",
                it.first.spent.of(Use::Fields),
                it.each(it.later.spent.of(Use::Fields)).unwrap_or_default()
            ),
            Protocol::Http3 => format!(
                "HTTP/3: {} B are QUIC's ACK frames, {} of {} packets only acknowledge; fields took {} B first, {} B each later: {}",
                it.later.ack_frames,
                it.later.acknowledging,
                it.later.packets,
                it.first.spent.of(Use::Fields),
                it.each(it.later.spent.of(Use::Fields)).unwrap_or_default(),
                "this library keeps no table of QPACK"
            ),
            Protocol::Tcp | Protocol::Http1 if it.later.acknowledging > 0 => format!(
                "{name}: {} of {} packets are ACKs without data, {} B",
                it.later.acknowledging, it.later.packets, it.later.acknowledgments
            ),
            _ => continue,
        };
        findings.note(at, node, own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_bar_is_in_the_legend_which_fits_a_terminal() {
        let legend = legend();
        assert!(legend.len() <= 72, "{} columns: {legend}", legend.len());
        assert!(LETTERS.iter().all(|(_, letter, _)| legend.contains(&format!("{letter}="))), "{legend}");
        // No bytes are without a letter.
        assert_eq!(LETTERS.map(|it| it.0), Use::ALL);
    }
}
