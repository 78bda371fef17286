//! `packets FILE --statistics`: who spoke with whom, what was spoken, how much when, what stands out.
use std::num::NonZeroU64;

use serde::Serialize;

use super::aligned::{Side, aligned};
use super::since;
use crate::cli::Misuse;
use crate::quantity::seconds;
use crate::recording::json;
use crate::wire::capture::statistics::{
    Conversation, Conversations, Count, Expert, Hierarchy, Interval, Marked, Protocol, Rate,
};
use crate::wire::capture::study::Study;
use crate::wire::filter::Filter;

/// What stands in the JSON.
pub(super) const SHAPE: &str = "\
conversations: [{\"kind\", \"ends\": [..], \"sent\": [{\"packets\", \"bytes\"}, ..], \"first_ns\", \"last_ns\", \"stream\",
    \"initial_rtt_ns\"}]
protocols: [{\"name\", \"packets\", \"bytes\", \"inside\": [..]}]
rate: {\"every_ns\", \"intervals\": [{\"from_ns\", \"packets\", \"bytes\"}]}
expert: [{\"label\", \"filter\", \"why\", \"packets\", \"first\"}]

first_ns, last_ns and from_ns are nanoseconds after the capture's first packet; stream is tcp.stream, and initial_rtt_ns
is the time from the SYN to the ACK of the SYN, ACK; both are null for all else.";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum What {
    /// Who spoke with whom: Ethernet, IPv4, IPv6, TCP, UDP
    Conversations,
    /// What was spoken, protocol inside protocol
    Protocols,
    /// How much when
    Rate,
    /// What stands out, and what answers what
    Expert,
}

#[derive(Serialize)]
struct Spoke {
    kind: &'static str,
    ends: [String; 2],
    sent: [Amount; 2],
    first_ns: Option<i128>,
    last_ns: Option<i128>,
    stream: Option<usize>,
    initial_rtt_ns: Option<u64>,
}

#[derive(Serialize)]
struct Amount {
    packets: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Spoken {
    name: &'static str,
    #[serde(flatten)]
    amount: Amount,
    inside: Vec<Self>,
}

#[derive(Serialize)]
struct Noted {
    label: &'static str,
    filter: &'static str,
    why: &'static str,
    packets: u64,
    first: u32,
}

#[derive(Serialize)]
struct Rates {
    every_ns: u64,
    intervals: Vec<Passed>,
}

#[derive(Serialize)]
struct Passed {
    from_ns: u64,
    #[serde(flatten)]
    amount: Amount,
}

impl From<Count> for Amount {
    fn from(Count { packets, bytes }: Count) -> Self {
        Self { packets, bytes }
    }
}

/// The packets of a capture that a filter holds for, counted, as text or JSON.
pub(super) fn told(
    study: &Study,
    filter: &Filter,
    (what, every_ns): (What, Option<NonZeroU64>),
    as_json: bool,
) -> anyhow::Result<String> {
    let packets = study.packets().filter(|it| filter.holds(&it.seen()));
    Ok(match what {
        What::Conversations => {
            let mut all = Conversations::default();
            packets.for_each(|it| all.take(&it));
            let all = all.finish();
            if as_json { json::pretty(&all.into_iter().map(spoke).collect::<Vec<_>>())? } else { conversations(&all) }
        }
        What::Protocols => {
            let mut all = Hierarchy::default();
            packets.for_each(|it| all.take(&it));
            let all = all.finish();
            if as_json { json::pretty(&all.into_iter().map(spoken).collect::<Vec<_>>())? } else { protocols(&all) }
        }
        What::Rate => {
            let mut all = Rate::default();
            packets.for_each(|it| all.take(&it));
            let (every_ns, all) = all.finish(every_ns).map_err(|many| Misuse(format!("--every: {many}")))?;
            if as_json { json::pretty(&rates(every_ns, &all))? } else { intervals(every_ns, &all) }
        }
        What::Expert => {
            let mut all = Expert::default();
            if filter.is_empty() {
                study.marks().into_iter().for_each(|(n, mark)| all.take(n, mark));
            } else {
                packets.for_each(|it| it.marks().for_each(|mark| all.take(it.number, mark)));
            }
            let all = all.finish();
            if as_json { json::pretty(&all.iter().map(noted).collect::<Vec<_>>())? } else { expert(&all) }
        }
    })
}

fn spoke(it: Conversation) -> Spoke {
    let (first_ns, last_ns) = it.passed_ns.unzip();
    let Conversation { kind, ends, sent, stream, initial_rtt_ns, .. } = it;
    Spoke { kind: kind.label(), ends, sent: sent.map(Into::into), first_ns, last_ns, stream, initial_rtt_ns }
}

fn spoken(it: Protocol) -> Spoken {
    Spoken { name: it.name, amount: it.count.into(), inside: it.inside.into_iter().map(spoken).collect() }
}

fn rates(every_ns: u64, all: &[Interval]) -> Rates {
    let passed = |it: &Interval| Passed { from_ns: it.from_ns, amount: it.count.into() };
    Rates { every_ns, intervals: all.iter().map(passed).collect() }
}

fn noted(it: &Marked) -> Noted {
    let Marked { mark, first, packets } = *it;
    Noted { label: mark.name(), filter: mark.filter(), why: mark.why(), packets, first }
}

fn conversations(all: &[Conversation]) -> String {
    let heads = [
        "over",
        "one end",
        "the other",
        "packets",
        "bytes",
        "packets back",
        "bytes back",
        "from s",
        "to s",
        "rtt s",
        "stream",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let mut sorted: Vec<&Conversation> = all.iter().collect();
    // The busiest first, kind by kind.
    sorted.sort_by_key(|it| (it.kind, std::cmp::Reverse(it.sent[0].bytes + it.sent[1].bytes)));
    for it in sorted {
        let [there, back] = it.sent;
        let (first, last) = it.passed_ns.unzip();
        let [one, other] = it.ends.clone();
        let numbers = [there.packets, there.bytes, back.packets, back.bytes].map(|it| it.to_string());
        let mut row = vec![it.kind.label().to_owned(), one, other];
        row.extend(numbers);
        row.extend([since(first), since(last), since(it.initial_rtt_ns.map(Into::into))]);
        row.extend([it.stream.map_or_else(|| "-".to_owned(), |it| it.to_string())]);
        rows.push(row);
    }
    use Side::{Left, Right};
    aligned(&rows, &[Left, Left, Left, Right, Right, Right, Right, Right, Right, Right, Right])
}

fn protocols(all: &[Protocol]) -> String {
    fn add(rows: &mut Vec<Vec<String>>, all: &[Protocol], depth: usize) {
        for it in all {
            let name = format!("{}{}", "  ".repeat(depth), it.name);
            rows.push(vec![name, it.count.packets.to_string(), it.count.bytes.to_string()]);
            add(rows, &it.inside, depth + 1);
        }
    }
    let mut rows = vec![["protocol", "packets", "bytes"].map(str::to_owned).to_vec()];
    add(&mut rows, all, 0);
    aligned(&rows, &[Side::Left, Side::Right, Side::Right])
}

fn expert(all: &[Marked]) -> String {
    let mut rows = vec![["what", "packets", "first", "filter"].map(str::to_owned).to_vec()];
    for it in all {
        let [packets, first] = [it.packets.to_string(), it.first.to_string()];
        rows.push(vec![it.mark.name().to_owned(), packets, first, it.mark.filter().to_owned()]);
    }
    aligned(&rows, &[Side::Left, Side::Right, Side::Right, Side::Left])
}

fn intervals(every_ns: u64, all: &[Interval]) -> String {
    let mut rows = vec![["from s", "packets", "bytes"].map(str::to_owned).to_vec()];
    for it in all {
        let from = seconds(it.from_ns.into(), 9);
        rows.push(vec![from, it.count.packets.to_string(), it.count.bytes.to_string()]);
    }
    let table = aligned(&rows, &[Side::Right, Side::Right, Side::Right]);
    format!("intervals of {} s\n{table}", seconds(every_ns.into(), 9))
}
