//! What is counted or read off a capture as a whole: ARP requests, the first name, the first segment that came late.
use std::collections::BTreeSet;

use super::capture::Capture;
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};
use crate::wire::analysis::Mark;

const NUMBER: &str = "a whole number";

/// How many ARP requests there are.
pub(super) fn arp_requests(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let operation = |n: u32| Some((n, capture.value(n, "arp.opcode")?));
    let all: Vec<(u32, String)> = capture.numbers().filter_map(operation).collect();
    let of = |wanted: &str| all.iter().filter(|(_, it)| it.starts_with(wanted)).map(|(n, _)| *n).collect::<Vec<_>>();
    let (requests, replies) = (of("1"), of("2"));
    let first = *requests.first().ok_or_else(|| Lacks::of("no ARP request"))?;
    let why = format!("Their operation is 1; they are {}.", packets(&requests));
    let gap = Gap::new("ARP requests", NUMBER, requests.len(), why)
        .near(all.len(), "Those are all ARP packets: the replies, whose operation is 2, are among them.")
        .near(replies.len(), "That is the number of replies. A request without one counts, too.");
    let explanation = format!(
        "ARP packets: {}; requests (operation 1): {}; replies (operation 2): {}. A filter that shows the requests: `arp.opcode == 1`.",
        all.len(),
        requests.len(),
        replies.len()
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet: first })
}

/// Which name was asked for first over DNS.
pub(super) fn name_asked(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let mut asked = None;
    let mut others = BTreeSet::new();
    for n in capture.numbers() {
        let decoded = capture.decoded(n);
        let value = |field: &str| decoded.field(field).map(|it| it.value.clone());
        let Some(name) = value("dns.qry.name") else { continue };
        let is_query = value("dns.flags.response").is_some_and(|it| it == "0");
        if is_query && asked.is_none() {
            asked = Some((n, name));
        } else {
            others.insert(name);
        }
        others.extend(["dns.resp.name", "dns.cname", "dns.ns"].into_iter().filter_map(value));
    }
    let (n, name) = asked.ok_or_else(|| Lacks::of("no DNS query"))?;
    let why = format!("Packet {n} is the first query, and its question has this name.");
    let mut gap = Gap::new("name", "a domain name", name.as_str(), why);
    for other in others {
        gap = gap.near(other.as_str(), "That name is in the capture too, but not in the first query.");
    }
    let explanation = format!(
        "Packet {n}, at {}, is the first DNS packet whose response bit is 0; it asks for {name}. A filter that shows queries: \
         `dns.flags.response == 0`.",
        capture.stamp(n)
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet: n })
}

/// Which packet is the first that carries what was due before.
pub(super) fn retransmission(capture: &Capture<'_>, _: &mut Chance) -> Result<Exercise, Lacks> {
    let is_late = |it: &&Mark| {
        use Mark::{FastRetransmission, OutOfOrder, Retransmission, SpuriousRetransmission};
        matches!(it, Retransmission | FastRetransmission | SpuriousRetransmission | OutOfOrder)
    };
    let late = capture.analysis.segments.iter().find_map(|(n, it)| Some((*n, it, *it.marks.iter().find(is_late)?)));
    let (n, followed, mark) = late.ok_or_else(|| Lacks::of("no segment that came again or late"))?;
    let lacking = || Lacks::of("no segment that came again or late");
    let flow = capture.analysis.flows.get(followed.flow).ok_or_else(lacking)?;
    let segments = capture.segments(flow);
    let own = segments.iter().find(|it| it.n == n).ok_or_else(lacking)?;
    let before: Vec<_> = segments.iter().filter(|it| it.n < n).collect();
    let ahead = before.iter().filter(|it| it.is_of_server() == own.is_of_server()).map(|it| it.end()).max();
    let why = format!(
        "It begins at {}, and numbers up to {} had passed already. It is marked: {}.",
        followed.sequence,
        ahead.unwrap_or_default(),
        mark.label()
    );
    let mut gap = Gap::new("packet", "its number in the capture", n, why);
    let same = before.iter().find(|it| {
        it.is_of_server() == own.is_of_server() && it.followed.sequence == followed.sequence && it.space() > 0
    });
    if let Some(first) = same {
        gap = gap.near(first.n, "That is the first copy; asked is the one that came again.");
    }
    let beyond = before.iter().find(|it| it.followed.marks.contains(&Mark::PreviousLost));
    if let Some(beyond) = beyond {
        gap = gap.near(beyond.n, "That one shows the gap: it begins behind what is missing. Its own bytes are new.");
    }
    let again = before.iter().rev().find(|it| it.followed.marks.iter().any(|it| matches!(it, Mark::DuplicateAck(_))));
    if let Some(again) = again {
        gap = gap.near(again.n, "That is a repeated ACK: it asks for the missing bytes and carries none.");
    }
    if let Some(next) = segments.iter().find(|it| it.n > n) {
        gap = gap.near(next.n, "One too far: that packet follows it.");
    }
    let explanation = format!(
        "Packet {n}, at {}: Seq={} Len={}, when numbers up to {} had passed. From one capture nobody can be certain whether such a \
         segment was sent again or only overtaken, so Wireshark has two marks: \
         `tcp.analysis.retransmission || tcp.analysis.out_of_order`.",
        capture.stamp(n),
        followed.sequence,
        followed.length,
        ahead.unwrap_or_default()
    );
    Ok(Exercise { prompt: String::new(), form: Form::Fill(vec![gap]), explanation, packet: n })
}

/// `packets 3, 4 and 9`.
fn packets(numbers: &[u32]) -> String {
    let texts: Vec<String> = numbers.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    let more = numbers.len().saturating_sub(MOST_NAMED);
    match (texts.as_slice(), more) {
        ([one], 0) => format!("packet {one}"),
        ([first @ .., last], 0) => format!("packets {} and {last}", first.join(", ")),
        _ => format!("packets {} and {more} more", texts.join(", ")),
    }
}

/// Packets that a sentence names one by one.
const MOST_NAMED: usize = 8;
