//! The capture a question is about, in words: a frame a line, and the packet with the covered field in full.
use std::fmt::Write as _;

use crate::content::{Kind, Question};
use crate::demos::{self, Setup};
use crate::practice::{Asked, Attempt};
use crate::recording::vantage::{self, Vantage};
use crate::recording::{NodeKind, Recording, Time};
use crate::wire::text::visible;
use crate::wire::{self, Field};

/// What the screen would show beside the question, when it is one about packets that can be seen.
pub(super) fn beside(question: &Question, attempt: &Attempt) -> Option<String> {
    let covered = match (&question.kind, &attempt.asked) {
        (Kind::Field(hidden), Asked::Field { revealed, .. }) => Some((revealed.packet, hidden.field.as_str())),
        (Kind::Predict { shown: true, .. }, _) => None,
        _ => return None,
    };
    let asked = attempt.run()?;
    let setup = Setup { seed: asked.seed, interventions: Vec::new() };
    let run = demos::run(&asked.demo, &asked.knobs, &setup).ok()?;
    words(&run, covered)
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
    for (index, it) in seen.iter().enumerate() {
        let n = it.packet.n;
        let says = if covered.is_some_and(|(hidden, _)| hidden == n) {
            format!("{} bytes, see below", it.packet.bytes.len())
        } else {
            visible(&it.packet.summary)
        };
        let (from, to) = (visible(run.node_name(it.packet.from)), visible(run.node_name(it.packet.to)));
        // The run's own numbers are what questions about one packet name.
        let number = if covered.is_some() { format!("packet {n}") } else { format!("frame {}", index + 1) };
        writeln!(out, "  {number}  {}  {from} > {to}  {says}", millis(it.at))?;
    }
    Ok(())
}

/// How to get another host's capture of the same run.
fn elsewhere(run: &Recording, hosts: &[Vantage], place: Vantage) -> String {
    let names: Vec<String> = hosts.iter().filter(|it| **it != place).map(|it| it.name(run)).collect();
    let Some(other) = names.first() else { return String::new() };
    let knobs: String = run.run.knobs.iter().map(|(knob, value)| format!(" --{knob} {value}")).collect();
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
    Ok(())
}

fn is_within(field: &Field, name: &str) -> bool {
    field.name == name || field.parts.iter().any(|part| is_within(part, name))
}

fn meaning(field: &Field) -> String {
    if field.meaning.is_empty() { String::new() } else { format!(" ({})", visible(&field.meaning)) }
}

/// To the microsecond, so that differences can be taken.
fn millis(at: Time) -> String {
    format!("{}.{:03} ms", at.0 / 1_000_000, at.0 / 1_000 % 1_000)
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
    }

    #[test]
    fn a_packet_at_the_server_is_shown_in_the_servers_capture() {
        let run = run("three-layers-of-address");
        let text = words(&run, Some((packet_at(&run, "request-after"), "eth.src"))).expect("a host");
        assert!(text.starts_with("The capture at server"), "{text}");
    }
}
