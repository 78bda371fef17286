//! How much later each stream was than in the run without the loss, and where the lost packet was.
use std::time::Duration;

use super::{CLIENTS, Told};
use crate::demos::capture::capture;
use crate::demos::findings::Findings;
use crate::demos::quic_and_tcp::{Got, packets};
use crate::quantity::Quantity;
use crate::recording::{Cell, Fate, Packet, Recording, Table, Time};

/// A stream in both runs, each counted from the instant at which all asked.
#[derive(Clone, Copy, Debug)]
struct Pair {
    number: usize,
    without: Duration,
    with: Duration,
}

impl Pair {
    fn late(&self) -> Duration {
        self.with.saturating_sub(self.without)
    }
}

pub(super) fn found(recording: &Recording, rtt: Duration, before: &Told, told: &Told) -> Findings {
    let mut findings = Findings::default();
    findings.mark_at("begin", "all clients ask", Some(told.begun.get()), None);
    let columns = [
        ("way", "way"),
        ("stream", "resource"),
        ("without_ns", "without the loss"),
        ("with_ns", "with it"),
        ("late_ns", "later by"),
    ];
    let mut table = Table::new("streams", "Each resource, counted from the questions", &columns);
    let came: usize = told.got.iter().map(|it| it.borrow().len()).sum();
    findings.count("resources", "resources that came", came, "whole, over all three ways, in the run with the loss");
    for (index, (client, way)) in CLIENTS.iter().enumerate() {
        if told.got[index].borrow().is_empty() {
            let node = recording.node(client).unwrap_or_default();
            findings.note(recording.end, node, format!("{client} gave up: not one resource came"));
        }
        let dropped = dropped(recording, client);
        let pairs = pairs((before, &before.got[index].borrow()), (told, &told.got[index].borrow()));
        numbers(&mut findings, way, &pairs, rtt, dropped);
        bars(&mut findings, recording, (client, way), &pairs, (told, index));
        for pair in &pairs {
            let times = [pair.without, pair.with, pair.late()].map(|it| Quantity::time(it).into());
            let cells = [vec![Cell::text(*way), Quantity::count(pair.number).into()], times.to_vec()].concat();
            table.row(dropped.filter(|_| pair.late() > threshold(rtt)).map(|it| it.n), cells);
        }
    }
    findings.table(table);
    findings
}

/// What counts as held up: less comes of the lost packet's own time on the link.
fn threshold(rtt: Duration) -> Duration {
    (rtt / 2).max(Duration::from_millis(5))
}

/// The packet that the client's link lost.
fn dropped<'a>(recording: &'a Recording, client: &str) -> Option<&'a Packet> {
    let node = recording.node(client)?;
    recording.packets.iter().find(|it| it.to == node && matches!(it.fate, Fate::Lost(_)))
}

fn pairs((before, without): (&Told, &[Got]), (told, with): (&Told, &[Got])) -> Vec<Pair> {
    let since = |told: &Told, at: Time| at - told.begun.get();
    let pair = |got: &Got| {
        let same = without.iter().find(|it| it.number == got.number)?;
        Some(Pair { number: got.number, without: since(before, same.done), with: since(told, got.done) })
    };
    let mut pairs: Vec<Pair> = with.iter().filter_map(pair).collect();
    pairs.sort_by_key(|it| it.number);
    pairs
}

fn numbers(findings: &mut Findings, way: &str, pairs: &[Pair], rtt: Duration, dropped: Option<&Packet>) {
    let Some(worst) = pairs.iter().map(Pair::late).max() else { return };
    let late = pairs.iter().filter(|it| it.late() > threshold(rtt)).count();
    let name = match way {
        "h3" => "HTTP/3 on one QUIC connection",
        "h2" => "HTTP/2 on one TCP connection",
        _ => "HTTP/1.1 on several TCP connections",
    };
    let how = "resources done later than in the same run without the loss, by more than half an RTT, at least 5 ms";
    findings.count(&format!("{way}_stalled"), &format!("{name}: resources held up"), late, how);
    let how = "the greatest difference between the two runs";
    findings.time(&format!("{way}_stall"), &format!("{name}: the longest hold-up"), Some(worst), how);
    let total: Duration = pairs.iter().map(Pair::late).sum();
    findings.time(&format!("{way}_stall_total"), &format!("{name}: all hold-ups together"), Some(total), "added up");
    let done = pairs.iter().map(|it| it.with).max();
    let label = format!("{name}: the last resource is there");
    findings.time(&format!("{way}_done"), &label, done, "from the questions to the last byte, with the loss");
    if let Some(packet) = dropped {
        let label = format!("the packet of {name} that is lost");
        findings.mark_at(&format!("{way}-dropped"), &label, Some(packet.at), Some(packet.n));
    }
}

/// A lane each resource: what it took without the loss, and how much later it was.
fn bars(
    findings: &mut Findings,
    recording: &Recording,
    (client, way): (&str, &str),
    pairs: &[Pair],
    (told, index): (&Told, usize),
) {
    let (sights, begun) = (capture(recording, client), told.begun.get());
    for pair in pairs {
        let lane = format!("{way} resource {:>2}", pair.number);
        let got = told.got[index].borrow();
        let Some(asked) = got.iter().find(|it| it.number == pair.number).map(|it| it.asked) else { continue };
        let (expected, done) = (begun + pair.without, begun + pair.with);
        let until = expected.min(done).max(asked);
        findings.span_of(&lane, "as without the loss".to_owned(), (asked, until), packets(&sights, asked, until));
        if done > until {
            findings.span_of(&lane, "later".to_owned(), (until, done), packets(&sights, until, done));
        }
    }
}
