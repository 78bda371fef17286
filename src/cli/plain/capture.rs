//! The capture a question is about, in words: a frame a line, and the packet with the covered field in full.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use crate::content::{Exercise, Kind, Question};
use crate::demos::{self, Setup, quoted};
use crate::practice::{Asked, Attempt};
use crate::recording::vantage::{self, Vantage};
use crate::recording::{NodeKind, Recording, text};
use crate::wire::text::visible;
use crate::wire::{self, Field};

/// Frames listed before and after the one a question is about.
const AROUND: usize = 4;
/// Frames listed of a capture that a question is about as a whole.
const MOST_FRAMES: usize = 200;
/// Bytes in a line of a packet's bytes.
const BYTES: usize = 16;

/// What the screen would show beside the question, when it is one about packets that can be seen.
pub(super) fn beside(question: &Question, attempt: &Attempt) -> Option<String> {
    if let Some(before) = attempt.design().and_then(|asked| asked.before.as_ref()) {
        let setup = Setup { seed: before.seed, interventions: Vec::new() };
        let run = demos::run(&before.demo, &before.knobs, &setup).ok()?;
        return Some(text::measurements_text(&run));
    }
    let covered = match (&question.kind, &attempt.asked) {
        (Kind::Field(hidden), Asked::Field { revealed, .. }) => Some((revealed.packet, hidden.field.as_str())),
        (Kind::Predict { shown: true, .. } | Kind::Exercise(Exercise { shown: true, .. }), _) => None,
        _ => return None,
    };
    let asked = attempt.run()?;
    let setup = Setup { seed: asked.seed, interventions: Vec::new() };
    let run = demos::run(&asked.demo, &asked.knobs, &setup).ok()?;
    Some(format!("{}{}", settings(&run, &asked.knobs), words(&run, covered)?))
}

/// Which run it is: the demo, and the knobs the question has set.
fn settings(run: &Recording, knobs: &BTreeMap<String, String>) -> String {
    let demo = &run.run.demo;
    let set: Vec<String> =
        knobs.iter().map(|(knob, value)| format!("{knob} {}", quoted::in_quotes(&visible(value)))).collect();
    if set.is_empty() { format!("A run of {demo}.\n") } else { format!("A run of {demo} with {}.\n", set.join(", ")) }
}

fn words(run: &Recording, covered: Option<(u32, &str)>) -> Option<String> {
    let is_host = |it: &Vantage| run.topology.nodes.get(it.node).is_some_and(|node| node.kind == NodeKind::Host);
    let hosts: Vec<Vantage> = vantage::all(run).into_iter().filter(is_host).collect();
    let saw = |it: &&Vantage| covered.is_some_and(|(n, _)| it.seen(run).iter().any(|seen| seen.packet.n == n));
    let place = hosts.iter().find(saw).or(hosts.first())?;
    let mut out = String::new();
    frames(&mut out, run, *place, covered).expect("a String takes all text");
    match covered {
        Some((n, field)) => packet(&mut out, run, n, field).expect("a String takes all text"),
        None => out.push_str(&elsewhere(run, &hosts, *place)),
    }
    Some(out.trim_end().to_owned())
}

/// The capture of one place. The line of the covered packet says no more than its length.
fn frames(out: &mut String, run: &Recording, place: Vantage, covered: Option<(u32, &str)>) -> std::fmt::Result {
    let seen = place.seen(run);
    writeln!(out, "The capture at {}, {} frames:", visible(place.name(run)), seen.len())?;
    let at = covered.and_then(|(n, _)| seen.iter().position(|it| it.packet.n == n));
    let listed = listed(seen.len(), at);
    left_out(out, listed.start, "before")?;
    for (index, it) in seen.iter().enumerate().skip(listed.start).take(listed.len()) {
        let n = it.packet.n;
        let says = if covered.is_some_and(|(hidden, _)| hidden == n) {
            format!("{} bytes, see below", it.packet.bytes.len())
        } else {
            visible(&it.packet.summary)
        };
        let (from, to) = (visible(run.node_name(it.packet.from)), visible(run.node_name(it.packet.to)));
        // The run's own numbers are what questions about one packet name.
        let number = if covered.is_some() { format!("packet {n}") } else { format!("frame {}", index + 1) };
        writeln!(out, "  {number}  {}  {from} > {to}  {says}", text::stamp(it.at).trim_start())?;
    }
    left_out(out, seen.len() - listed.end, "after")
}

/// The frames that get a line: those around the one asked about, or as many as can be read.
fn listed(count: usize, at: Option<usize>) -> Range<usize> {
    match at {
        Some(at) => at.saturating_sub(AROUND)..count.min(at + AROUND + 1),
        None => 0..count.min(MOST_FRAMES),
    }
}

fn left_out(out: &mut String, count: usize, side: &str) -> std::fmt::Result {
    match count {
        0 => Ok(()),
        1 => writeln!(out, "  (1 frame {side} that is left out)"),
        _ => writeln!(out, "  ({count} frames {side} that are left out)"),
    }
}

/// How to get another host's capture of the same run.
fn elsewhere(run: &Recording, hosts: &[Vantage], place: Vantage) -> String {
    let names: Vec<String> = hosts.iter().filter(|it| **it != place).map(|it| it.name(run)).collect();
    let Some(other) = names.first() else { return String::new() };
    let knobs = quoted::flags(&run.run.knobs);
    let other = quoted::pasted(other);
    format!(
        "For Wireshark, the same run at {}: roundtrip demo {} --seed {}{knobs} --pcap {other}.pcapng --tap {other}",
        visible(names.join(", ")),
        run.run.demo,
        run.run.seed
    )
}

/// All layers and fields of a packet but one.
fn packet(out: &mut String, run: &Recording, n: u32, covered: &str) -> std::fmt::Result {
    let Some(packet) = run.packet(n) else { return Ok(()) };
    writeln!(out, "Packet {n}:")?;
    for layer in wire::decode(&packet.bytes).layers {
        writeln!(out, "  {}, {} bytes", layer.title, layer.bytes.len())?;
        for field in layer.fields.iter().filter(|field| !is_within(field, covered)) {
            writeln!(out, "    {}: {}{}", field.label, visible(&field.value), meaning(field))?;
        }
        if layer.fields.iter().any(|field| is_within(field, covered)) {
            writeln!(out, "    {covered}: ?")?;
        }
    }
    bytes(out, &packet.bytes, covered)
}

/// All bytes of a packet; those of the covered field are question marks.
fn bytes(out: &mut String, bytes: &[u8], covered: &str) -> std::fmt::Result {
    let decoded = wire::decode(bytes);
    let hidden = decoded.field(covered).map_or(0..0, |field| field.bits.start / 8..field.bits.end.div_ceil(8));
    writeln!(out, "  Its {} bytes, in hexadecimal:", bytes.len())?;
    for (row, line) in bytes.chunks(BYTES).enumerate() {
        let byte = |(at, byte): (usize, &u8)| {
            if hidden.contains(&(row * BYTES + at)) { "??".to_owned() } else { format!("{byte:02x}") }
        };
        let line: Vec<String> = line.iter().enumerate().map(byte).collect();
        writeln!(out, "    {:04x}  {}", row * BYTES, line.join(" "))?;
    }
    Ok(())
}

fn is_within(field: &Field, name: &str) -> bool {
    field.name == name || field.parts.iter().any(|part| is_within(part, name))
}

fn meaning(field: &Field) -> String {
    if field.meaning.is_empty() { String::new() } else { format!(" ({})", visible(&field.meaning)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::quantity::Quantity;

    fn run(demo: &str) -> Recording {
        demos::run(demo, &BTreeMap::new(), &Setup { seed: 7, interventions: Vec::new() }).expect("a demo")
    }

    fn packet_at(run: &Recording, marker: &str) -> u32 {
        run.marker(marker).and_then(|it| it.packet).expect("a packet")
    }

    #[test]
    fn a_capture_has_as_many_lines_as_the_run_counts_frames() {
        let run = run("packet-tour");
        let text = words(&run, None).expect("a host");
        let frames = run.measurement("frames").expect("counted").value;
        let lines = text.lines().filter(|line| line.trim_start().starts_with("frame ")).count();
        assert_eq!(Quantity::count(lines), frames);
        let syn_ack = run.measurement("syn_ack_frame").expect("counted").value.value;
        let line = text.lines().find(|line| line.contains("[SYN, ACK]")).expect("a SYN-ACK");
        assert!(line.trim_start().starts_with(&format!("frame {syn_ack} ")), "{line}");
    }

    #[test]
    fn a_covered_field_stands_nowhere_in_the_packet() {
        let run = run("packet-tour");
        let n = packet_at(&run, "syn-ack");
        let text = words(&run, Some((n, "tcp.ack_raw"))).expect("a host");
        let (_, packet) = text.split_once("\nPacket ").expect("the packet in full");
        assert!(packet.contains("tcp.ack_raw: ?") && packet.contains("Sequence number: "), "{packet}");
        assert!(!packet.contains("Acknowledgment number"), "{packet}");
        let line = text.lines().find(|line| line.contains(&format!("packet {n} "))).expect("its line");
        assert!(line.ends_with("bytes, see below"), "{line}");
        let decoded = wire::decode(&run.packet(n).expect("a packet").bytes);
        let bits = &decoded.field("tcp.ack_raw").expect("a field").bits;
        assert_eq!(packet.matches(" ??").count(), (bits.end - bits.start) / 8, "{packet}");
    }

    #[test]
    fn only_the_packets_around_the_one_asked_about_are_listed_and_the_others_counted() {
        let run = run("packet-tour");
        let n = packet_at(&run, "syn-ack");
        let text = words(&run, Some((n, "tcp.ack_raw"))).expect("a host");
        let lines = text.lines().filter(|line| line.starts_with("  packet ")).count();
        assert!(lines <= 2 * AROUND + 1, "{lines} lines");
        assert!(text.contains("that are left out)"), "{text}");
        assert_eq!(listed(1000, None), 0..MOST_FRAMES);
        assert_eq!(listed(10, Some(1)), 0..6);
        assert_eq!(listed(10, Some(9)), 5..10);
    }

    #[test]
    fn a_packet_at_the_server_is_shown_in_the_servers_capture() {
        let run = run("three-layers-of-address");
        let text = words(&run, Some((packet_at(&run, "request-after"), "eth.src"))).expect("a host");
        assert!(text.starts_with("The capture at server"), "{text}");
    }
}
