//! Which resources a gap held up, how much later each was than in the run without the loss, and where the lost packet was.
use std::time::Duration;

use super::{CLIENTS, PATIENCE, Told, blocked};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::quic_and_tcp::{Got, packets};
use crate::quantity::Quantity;
use crate::recording::{Cell, Fate, Packet, Recording, Table, Time, opened};

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

/// The words that depend on what was asked for.
struct Words {
    /// That there is a loss in the run: `, with the loss`.
    lossy: bool,
    /// Connections of HTTP/1.1.
    connections: usize,
}

impl Words {
    fn way(&self, way: &str) -> String {
        match (way, self.connections) {
            ("h3", _) => "HTTP/3 on one QUIC connection".to_owned(),
            ("h2", _) => "HTTP/2 on one TCP connection".to_owned(),
            (_, 1) => "HTTP/1.1 on one TCP connection".to_owned(),
            (_, several) => format!("HTTP/1.1 on {several} TCP connections"),
        }
    }

    /// Adds that the run is the one with the loss, where there is one.
    fn lossy(&self, how: &str) -> String {
        if self.lossy { format!("{how}, in the run with the loss") } else { how.to_owned() }
    }
}

pub(super) fn found(recording: &Recording, knobs: &Knobs, before: &Told, told: &Told) -> Findings {
    let (mut findings, rtt) = (Findings::default(), knobs.time("rtt"));
    let links = opened::open(recording);
    let lossy = knobs.number("drop") > 0 || !recording.run.interventions.is_empty();
    let words = Words { lossy, connections: told.lanes.borrow().len() };
    let streams = usize::try_from(knobs.number("streams")).expect("the knob's limit is small");
    findings.mark_at("begin", "all clients ask", Some(told.begun.get()), None);
    let [without, with] = if lossy { ["without the loss", "with it"] } else { ["once", "the same again"] };
    let columns =
        [("way", "way"), ("stream", "resource"), ("without_ns", without), ("with_ns", with), ("late_ns", "later by")];
    let mut table = Table::new("streams", "Each resource, counted from the questions", &columns);
    let came: usize = told.got.iter().map(|it| it.borrow().len()).sum();
    findings.count("resources", "resources that came", came, words.lossy("whole, over all three ways"));
    for (index, (client, way)) in CLIENTS.iter().enumerate() {
        let missing = streams - told.got[index].borrow().len().min(streams);
        if missing > 0 {
            let node = recording.node(client).unwrap_or_default();
            let silence = Quantity::time(PATIENCE);
            let text = format!(
                "{client} gave up: {missing} of {streams} resources did not come, and nothing did for {silence}"
            );
            findings.note(recording.end, node, text);
        }
        let dropped = dropped(recording, client);
        let pairs = pairs((before, &before.got[index].borrow()), (told, &told.got[index].borrow()));
        let sights = capture(recording, client);
        let begun = told.begun.get();
        let held = match *way {
            "h3" => blocked::quic(&sights, &links, begun),
            "h2" => blocked::http2(&sights, &links, begun),
            _ => blocked::http1(&sights, begun, (&told.lanes.borrow(), &told.got[index].borrow())),
        };
        numbers(&mut findings, (way, &words), &pairs, held, dropped);
        bars(&mut findings, (&sights, way, lossy), &pairs, (told, index));
        for pair in &pairs {
            let times = [pair.without, pair.with, pair.late()].map(|it| Quantity::time(it).into());
            let cells = [vec![Cell::text(*way), Quantity::count(pair.number).into()], times.to_vec()].concat();
            table.row(dropped.filter(|_| pair.late() > threshold(rtt)).map(|it| it.n), cells);
        }
    }
    findings.table(table);
    findings
}

/// What counts as late for a row: less comes of the lost packet's own time on the link.
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

fn numbers(
    findings: &mut Findings,
    (way, words): (&str, &Words),
    pairs: &[Pair],
    held: usize,
    dropped: Option<&Packet>,
) {
    let Some(worst) = pairs.iter().map(Pair::late).max() else { return };
    let name = words.way(way);
    let how = match way {
        "h3" => {
            "streams of which bytes had come and could not be read, as bytes before them in the same stream were missing"
        }
        "h2" => {
            "streams of which bytes had come and could not be read, as bytes before them on the connection were missing"
        }
        _ => {
            "answers of which bytes had come and could not be read, as bytes before them were missing, and those in line behind"
        }
    };
    findings.count(&format!("{way}_stalled"), &format!("{name}: resources held up"), held, how);
    let how =
        "the greatest difference between the two runs: the wait for the gap, and what the slower sender costs after it";
    findings.time(&format!("{way}_stall"), &format!("{name}: the longest delay"), Some(worst), how);
    let total: Duration = pairs.iter().map(Pair::late).sum();
    findings.time(&format!("{way}_stall_total"), &format!("{name}: all delays together"), Some(total), "added up");
    let done = pairs.iter().map(|it| it.with).max();
    let label = format!("{name}: the last resource is there");
    findings.time(&format!("{way}_done"), &label, done, words.lossy("from the questions to the last byte"));
    if let Some(packet) = dropped {
        let label = format!("the packet of {name} that is lost");
        findings.mark_at(&format!("{way}-dropped"), &label, Some(packet.at), Some(packet.n));
    }
}

/// A lane each resource: what it took without the loss, and how much later it was.
fn bars(
    findings: &mut Findings,
    (sights, way, lossy): (&[Sight<'_>], &str, bool),
    pairs: &[Pair],
    (told, index): (&Told, usize),
) {
    let begun = told.begun.get();
    let expectation = if lossy { "as without the loss" } else { "answer" };
    for pair in pairs {
        let lane = format!("{way} resource {:>2}", pair.number);
        let got = told.got[index].borrow();
        let Some(asked) = got.iter().find(|it| it.number == pair.number).map(|it| it.asked) else { continue };
        let (expected, done) = (begun + pair.without, begun + pair.with);
        let until = expected.min(done).max(asked);
        findings.span_of(&lane, expectation.to_owned(), (asked, until), packets(sights, asked, until));
        if done > until {
            findings.span_of(&lane, "later".to_owned(), (until, done), packets(sights, until, done));
        }
    }
}
