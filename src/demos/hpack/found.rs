//! What the run's own bytes say: each request's header fields in both versions, and the table they fill.

use super::PORTS;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Cell, Recording, Table, Time};
use crate::wire::analysis::{Flow, Seen, analyse};
use crate::wire::hpack::{Entry, Form, huffman};
use crate::wire::http2::{self, Block};
use crate::wire::text::visible_start;

/// A frame's own header, which each request's fields need in HTTP/2. RFC 9113 §4.1.
const FRAME: usize = 9;
/// The fields of so many requests are listed.
const LISTED: usize = 3;

/// What one request's head took.
struct Head {
    bytes: usize,
    packet: Option<u32>,
}

pub(super) fn of(recording: &Recording) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let analysis = analyse(sights.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes }));
    let flow = |port: u16| analysis.flows.iter().find(|it| it.server.1 == port);
    let (Some(one), Some(two)) = (flow(PORTS[0].1), flow(PORTS[1].1)) else { return findings };
    let (plain, stream) = (heads(one), two.streams[0].bytes());
    let blocks = http2::blocks(&stream);
    let coded: Vec<Head> = blocks.iter().map(|block| head_of(block, two)).collect();
    mark(&mut findings, &sights, &plain, &coded);
    measure(&mut findings, &plain, &coded, &blocks);
    curves(&mut findings, &sights, &plain, &coded);
    findings.table(requests(&plain, &coded, &blocks));
    findings.table(fields(&coded, &blocks));
    if let Some(last) = blocks.last() {
        findings.table(entries(last));
    }
    findings
}

/// The heads of the requests of HTTP/1.1: each ends with an empty line, and there are no bodies (RFC 9112 §2.1).
fn heads(flow: &Flow) -> Vec<Head> {
    let bytes = flow.streams[0].bytes();
    let mut heads = Vec::new();
    let mut from = 0;
    while let Some(end) = bytes[from..].windows(4).position(|it| it == b"\r\n\r\n").map(|at| from + at + 4) {
        let packet = u32::try_from(end - 1).ok().and_then(|last| flow.streams[0].packet_of(last));
        heads.push(Head { bytes: end - from, packet });
        from = end;
    }
    heads
}

fn head_of(block: &Block, flow: &Flow) -> Head {
    let bytes = FRAME + block.lines.iter().map(|it| it.wire).sum::<usize>();
    let packet = u32::try_from(block.end - 1).ok().and_then(|last| flow.streams[0].packet_of(last));
    Head { bytes, packet }
}

fn mark(findings: &mut Findings, sights: &[Sight<'_>], plain: &[Head], coded: &[Head]) {
    let sight = |head: Option<&Head>| sights.iter().find(|it| Some(it.packet.n) == head.and_then(|head| head.packet));
    findings.mark("h1-first", "the first request of HTTP/1.1 leaves", sight(plain.first()));
    findings.mark("h2-first", "the first request of HTTP/2 leaves: nothing is remembered yet", sight(coded.first()));
    findings.mark("h2-second", "the second: what was remembered is named by a number", sight(coded.get(1)));
    findings.mark("h2-last", "the last request of HTTP/2", sight(coded.last()));
}

fn measure(findings: &mut Findings, plain: &[Head], coded: &[Head], blocks: &[Block]) {
    let all = |heads: &[Head]| heads.iter().map(|it| it.bytes).sum::<usize>();
    let how_one = "request line, fields and the empty line";
    let how_two = "the HEADERS frame: 9 bytes and the header block; settings and the preface are not in it";
    let pairs = [
        ("first", "first request", 0),
        ("second", "second request", 1),
        ("last", "last request", plain.len().saturating_sub(1)),
    ];
    for (name, label, at) in pairs {
        let (Some(one), Some(two)) = (plain.get(at), coded.get(at)) else { continue };
        findings.bytes(&format!("h1_{name}"), &format!("{label} in HTTP/1.1"), one.bytes, how_one);
        findings.bytes(&format!("h2_{name}"), &format!("{label} in HTTP/2"), two.bytes, how_two);
        let saved = Quantity::share(one.bytes.saturating_sub(two.bytes), one.bytes);
        let how = format!("({} B - {} B) / {} B", one.bytes, two.bytes, one.bytes);
        findings.measure(&format!("saved_{name}"), &format!("{label}: saved"), Some(saved), how);
    }
    let (one, two) = (all(plain), all(coded));
    findings.bytes("h1_total", "all requests in HTTP/1.1", one, how_one);
    findings.bytes("h2_total", "all requests in HTTP/2", two, how_two);
    let saved = Quantity::share(one.saturating_sub(two), one);
    findings.measure("saved_total", "all requests: saved", Some(saved), format!("({one} B - {two} B) / {one} B"));
    if let Some(last) = blocks.last() {
        let size = usize::try_from(last.table.size()).unwrap_or(usize::MAX);
        findings.bytes(
            "table_size",
            "the dynamic table at the end",
            size,
            "name, value and 32 for each entry (RFC 7541 §4.1)",
        );
        findings.count("table_entries", "entries in it", last.table.entries().len(), "as the server has them, too");
    }
    let lines = || blocks.iter().flat_map(|it| &it.lines);
    let forms = [
        (Form::Indexed, "indexed", "fields named by a number only"),
        (Form::Added, "added", "fields written out and remembered"),
        (Form::NotAdded, "not_added", "fields written out, not remembered"),
        (Form::NeverIndexed, "never_indexed", "fields never to be remembered"),
    ];
    for (form, name, label) in forms {
        findings.count(
            name,
            label,
            lines().filter(|it| it.form == form).count(),
            "in all requests of HTTP/2 (RFC 7541 §6)",
        );
    }
    let text: usize = lines().filter(|it| it.form != Form::Indexed).map(|it| it.entry.value.len()).sum();
    let huffman: usize =
        lines().filter(|it| it.form != Form::Indexed).map(|it| huffman::coded_length(&it.entry.value)).sum();
    let saved = (text > 0).then(|| Quantity::share(text.saturating_sub(huffman), text));
    let how = format!("values written out: {text} characters, {huffman} B in the code of RFC 7541 §B");
    findings.measure("huffman_saved", "the Huffman code alone saves", saved, how);
}

fn curves(findings: &mut Findings, sights: &[Sight<'_>], plain: &[Head], coded: &[Head]) {
    let at = |n: Option<u32>| sights.iter().find(|it| Some(it.packet.n) == n).map(|it| it.at);
    for (name, heads) in [("HTTP/1.1 head", plain), ("HTTP/2 head", coded)] {
        let point = |head: &Head| Some((at(head.packet)?, i64::try_from(head.bytes).ok()?));
        let points: Vec<(Time, i64)> = heads.iter().filter_map(point).collect();
        findings.curve(name, Unit::Bytes, points);
    }
}

fn bytes(count: usize) -> Cell {
    Cell::Value(Quantity::bytes(count))
}

fn requests(plain: &[Head], coded: &[Head], blocks: &[Block]) -> Table {
    let columns = [
        ("request", "request"),
        ("h1", "HTTP/1.1"),
        ("h2", "HTTP/2"),
        ("indexed", "fields by number"),
        ("written", "written out"),
        ("entries", "table entries"),
        ("size", "table size"),
    ];
    let mut table = Table::new("requests", "each request's head, and the table behind it", &columns);
    for (number, ((one, two), block)) in plain.iter().zip(coded).zip(blocks).enumerate() {
        let indexed = block.lines.iter().filter(|it| it.form == Form::Indexed).count();
        let size = usize::try_from(block.table.size()).unwrap_or(usize::MAX);
        let cells = vec![
            Cell::Value(Quantity::count(number + 1)),
            bytes(one.bytes),
            bytes(two.bytes),
            Cell::Value(Quantity::count(indexed)),
            Cell::Value(Quantity::count(block.lines.len() - indexed)),
            Cell::Value(Quantity::count(block.table.entries().len())),
            bytes(size),
        ];
        table.row(two.packet, cells);
    }
    table
}

fn fields(coded: &[Head], blocks: &[Block]) -> Table {
    let columns = [
        ("request", "request"),
        ("field", "field"),
        ("form", "how it is sent"),
        ("plain", "as text"),
        ("wire", "sent"),
    ];
    let mut table = Table::new("fields", "each field of the first requests", &columns);
    for (number, (head, block)) in coded.iter().zip(blocks).enumerate().take(LISTED) {
        for line in &block.lines {
            let form = match line.form {
                Form::Indexed => "a number",
                Form::Added => "written out, remembered",
                Form::NotAdded => "written out",
                Form::NeverIndexed => "written out, never to be remembered",
            };
            let cells = vec![
                Cell::Value(Quantity::count(number + 1)),
                Cell::Text(shown(&line.entry)),
                Cell::Text(form.to_owned()),
                bytes(line.entry.name.len() + line.entry.value.len() + ": \r\n".len()),
                bytes(line.wire),
            ];
            table.row(head.packet, cells);
        }
    }
    table
}

fn entries(last: &Block) -> Table {
    let columns = [("index", "index"), ("field", "field"), ("size", "size")];
    let mut table = Table::new("entries", "the dynamic table after the last request, the newest first", &columns);
    for (place, entry) in last.table.entries().enumerate() {
        // RFC 7541 §2.3.3: the static table has the first 61.
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        table.row(None, vec![Cell::Value(Quantity::count(62 + place)), Cell::Text(shown(entry)), bytes(size)]);
    }
    table
}

fn shown(entry: &Entry) -> String {
    format!("{}: {}", visible_start(&entry.name, 40), visible_start(&entry.value, 60))
}
