//! What became of each message of a TCP-and-UDP run: delays, losses, retransmissions, who waited for whom.
use std::collections::BTreeMap;
use std::time::Duration;

use crate::demos::capture::{Sight, capture, latest, segment};
use crate::demos::findings::{Findings, between};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Fate, Meddling, Packet, Recording, Time};
use crate::services::messages::{Log, Messages, Seen};

/// What the programs saw, in their order.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) tcp_sent: Log,
    pub(super) tcp_arrived: Log,
    pub(super) udp_sent: Log,
    pub(super) udp_arrived: Log,
}

/// A message that was sent: its number, when, and when the receiving program had it.
struct Trip {
    number: u32,
    sent: Time,
    arrived: Option<Time>,
}

impl Trip {
    fn delay(&self) -> Option<Duration> {
        self.arrived.map(|at| at - self.sent)
    }
}

fn trips(sent: &Log, arrived: &Log) -> Vec<Trip> {
    let mut first = BTreeMap::new();
    for Seen { number, at } in arrived.borrow().iter() {
        first.entry(*number).or_insert(*at);
    }
    let trip = |it: &Seen| Trip { number: it.number, sent: it.at, arrived: first.get(&it.number).copied() };
    sent.borrow().iter().map(trip).collect()
}

/// Which of the client's packets with data carries the first byte of message `number`, counted from 1.
pub(super) fn carrier(client: &[Sight<'_>], number: u32, size: usize) -> Option<u32> {
    let isn = segment(client, |it| it.opens())?.tcp()?.seq;
    let wanted = (number as usize - 1) * size;
    let with_data = client.iter().filter(|it| it.sent && it.data() > 0);
    let carries = |it: &Sight<'_>| {
        it.tcp().is_some_and(|tcp| (offset(it, isn)..offset(it, isn) + tcp.payload.len()).contains(&wanted))
    };
    let index = with_data.clone().position(carries)?;
    u32::try_from(index + 1).ok()
}

/// Where a segment's first byte lies among all the client sends.
fn offset(sight: &Sight<'_>, isn: u32) -> usize {
    sight.tcp().map_or(0, |tcp| tcp.offset(isn) as usize)
}

pub(super) fn found(recording: &Recording, logs: &Logs, messages: Messages) -> Findings {
    let mut findings = Findings::default();
    let (tcp, udp) = (trips(&logs.tcp_sent, &logs.tcp_arrived), trips(&logs.udp_sent, &logs.udp_arrived));
    let client = capture(recording, "tcp-client");
    let (syn, syn_ack) = (segment(&client, |it| it.opens()), segment(&client, |it| it.syn && it.ack.is_some()));
    findings.mark("tcp-connected", "the SYN-ACK arrives: TCP may send its first message", syn_ack);
    findings.span("TCP", "handshake", syn, syn_ack);
    let how = "the SYN out to the SYN-ACK in (1 RTT when nothing is lost); UDP has no such step";
    findings.time("tcp_connect", "TCP connects in", between(syn, syn_ack), how);
    arrivals(&mut findings, recording, "tcp", "TCP", &tcp);
    arrivals(&mut findings, recording, "udp", "UDP", &udp);
    let waited = held_back(&capture(recording, "tcp-server"), &tcp, messages.size);
    let how =
        "messages that were whole in the server's host before its program got them: bytes before them were missing";
    findings.count("tcp_waited", "TCP messages that waited behind a loss", waited, how);
    losses(&mut findings, &client, &tcp, messages.size);
    let lost = capture(recording, "udp-client").into_iter().find(|it| it.udp().is_some() && is_lost(it.packet));
    findings.mark("lost-udp", "a datagram is lost", lost.as_ref());
    totals(&mut findings, recording, "tcp", "TCP");
    totals(&mut findings, recording, "udp", "UDP");
    findings
}

/// When messages came, over one protocol.
fn arrivals(findings: &mut Findings, recording: &Recording, id: &str, name: &str, trips: &[Trip]) {
    let host = format!("{id}-server");
    let (server, node) = (capture(recording, &host), recording.node(&host).unwrap_or(0));
    let came = trips.iter().filter(|it| it.arrived.is_some()).count();
    let first = trips.iter().filter_map(|it| it.arrived).min();
    let last = trips.iter().filter_map(|it| it.arrived).max();
    let worst = trips.iter().filter_map(Trip::delay).max();
    let how = match id {
        "tcp" => {
            "from the call of connect to the first message in the server's program (1.5 RTT + sending the bits when nothing is lost)"
        }
        _ => {
            "from the first send to the first message in the server's program (0.5 RTT + sending the bits when nothing is lost)"
        }
    };
    let since_start = first.map(|at| at - Time::ZERO);
    findings.time(&format!("{id}_first"), &format!("the first message over {name} comes after"), since_start, how);
    let how = format!("of {} sent", trips.len());
    findings.count(&format!("{id}_arrived"), &format!("messages that came over {name}"), came, how);
    let how = "the longest time from a message's send to its arrival in the server's program";
    findings.time(&format!("{id}_worst_delay"), &format!("the worst delay over {name}"), worst, how);
    for (which, at) in [("first", first), ("last", last)] {
        let packet = at.and_then(|at| latest(&server, at, |it| it.data() > 0 || it.udp().is_some()));
        let label = format!("the {which} message arrives over {name}");
        findings.mark_at(&format!("{which}-{id}"), &label, at, packet.map(|it| it.packet.n));
    }
    let delays: Vec<_> = trips.iter().filter_map(|it| Some((it.sent, Quantity::time(it.delay()?).value))).collect();
    findings.curve(&format!("delay over {name}"), Unit::Nanoseconds, delays);
    for trip in trips {
        if let Some(at) = trip.arrived {
            findings.span_at(name, format!("message {}", trip.number), trip.sent, at);
            findings.note(at, node, format!("message {} is here", trip.number));
        }
    }
}

/// How many messages were whole in the server's host before its program could read them.
fn held_back(server: &[Sight<'_>], trips: &[Trip], size: usize) -> usize {
    let Some(isn) = segment(server, |it| it.opens()).and_then(|it| it.tcp()).map(|it| it.seq) else { return 0 };
    let mut here = vec![false; trips.len() * size];
    let mut whole: Vec<Option<Time>> = vec![None; trips.len()];
    let mut missing = vec![size; trips.len()];
    for sight in server.iter().filter(|it| !it.sent && it.data() > 0) {
        let from = offset(sight, isn);
        for byte in from..(from + sight.data()).min(here.len()) {
            let message = byte / size;
            if !std::mem::replace(&mut here[byte], true) {
                missing[message] -= 1;
            }
            if missing[message] == 0 {
                whole[message].get_or_insert(sight.at);
            }
        }
    }
    let waited =
        |(trip, whole): (&Trip, &Option<Time>)| whole.is_some_and(|at| trip.arrived.is_none_or(|got| got > at));
    trips.iter().zip(&whole).filter(|it| waited(*it)).count()
}

/// The first loss on the TCP link, and how it was mended.
fn losses(findings: &mut Findings, client: &[Sight<'_>], trips: &[Trip], size: usize) {
    let label = "the lost bytes were sent again after";
    let lost = client.iter().find(|it| it.sent && it.data() > 0 && is_lost(it.packet));
    let isn = segment(client, |it| it.opens()).and_then(|it| it.tcp()).map(|it| it.seq);
    let (Some(lost), Some(isn)) = (lost, isn) else { return };
    findings.mark("lost-tcp", "a TCP segment is lost", Some(lost));
    let first_byte = offset(lost, isn);
    let covers = |it: &&Sight<'_>| {
        it.sent && it.frame > lost.frame && (offset(it, isn)..offset(it, isn) + it.data()).contains(&first_byte)
    };
    let again = client.iter().find(covers);
    findings.mark("retransmission", "TCP sends the lost bytes again", again);
    let gap = between(Some(lost), again);
    let how = "the lost segment out to its retransmission out: 1 RTT after the third segment behind it, or the timer";
    findings.time("retransmit_gap", label, gap, how);
    let message = trips.get(first_byte / size);
    let label = "the lost message arrives, and all that waited with it";
    findings.mark_at("recovered", label, message.and_then(|it| it.arrived), again.map(|it| it.packet.n));
}

/// Whether it will never arrive; what is still under way at the end of the run is not lost.
fn is_lost(packet: &Packet) -> bool {
    matches!(packet.fate, Fate::Lost(_) | Fate::QueueFull | Fate::Meddled(Meddling::Drop))
}

fn is_copy(packet: &Packet) -> bool {
    matches!(packet.fate, Fate::Copy { .. })
}

/// What one protocol put on its link, in both directions.
fn totals(findings: &mut Findings, recording: &Recording, id: &str, name: &str) {
    let clients_link = format!("{id}-client-{id}-server");
    let link = recording.topology.links.iter().position(|it| it.name == clients_link);
    let packets: Vec<_> = recording.packets.iter().filter(|it| Some(it.link) == link && !is_copy(it)).collect();
    let bytes = packets.iter().map(|it| it.bytes.len()).sum();
    let how = "all frames on its link as a capture counts them, both directions, lost ones too";
    let filled = if id == "tcp" { "; a repeat holds up to a full segment, also bytes that had arrived" } else { "" };
    findings.bytes(&format!("{id}_bytes"), &format!("bytes that {name} sent"), bytes, format!("{how}{filled}"));
    findings.count(&format!("{id}_packets"), &format!("packets that {name} sent"), packets.len(), how);
}
