//! A trace as rows: each time to live with who answered, what silence means there, and the packets.
use super::found::{arrival, distinct, name};
use crate::demos::capture::{Sight, capture};
use crate::lab::Said;
use crate::quantity::{Quantity, Unit};
use crate::recording::{Fact, Recording, Step};
use crate::services::trace::{Asked, Hop};

/// A row for each time to live; of a live trace too, which has no packets.
pub(super) fn rows(recording: &Recording, hops: &[Hop]) -> Vec<Step> {
    let sights = capture(recording, "client");
    let node = recording.node("client").unwrap_or_default();
    let last = hops.iter().map(|it| it.ttl).max();
    let row = |hop: &Hop| row(recording, hop, (node, Some(hop.ttl) == last), &sights);
    hops.iter().filter_map(row).collect()
}

fn row(recording: &Recording, hop: &Hop, (node, is_last): (usize, bool), sights: &[Sight<'_>]) -> Option<Step> {
    let at = hop.asked.first()?.at;
    let until = hop.asked.iter().map(|it| arrival(it).unwrap_or(it.at)).max()?.min(recording.end).max(at);
    let (sent, answered) = (hop.asked.len(), hop.answers().count());
    let who = distinct(hop.answers().map(|it| match name(recording, it.from) {
        Some(name) => format!("{name} ({})", it.from),
        None => it.from.to_string(),
    }));
    let (kind, why) = said(hop, answered < sent, is_last);
    let title = match answered {
        0 => format!("TTL {}: nobody answers", hop.ttl),
        _ => format!("TTL {}: {}", hop.ttl, who.join(" and ")),
    };
    let count = |it: usize| Quantity::new(i64::try_from(it).unwrap_or(i64::MAX), Unit::Count);
    let mut facts = vec![Fact::quantity("ttl", count(hop.ttl.into())), Fact::list("from", who)];
    facts.extend([Fact::quantity("sent", count(sent)), Fact::quantity("answered", count(answered))]);
    facts.extend(hop.answers().map(|it| it.rtt).min().map(|it| Fact::quantity("rtt", Quantity::time(it))));
    facts.push(Fact::list("said", distinct(hop.answers().map(|it| it.said.name().to_owned()))));
    let packets = hop.asked.iter().flat_map(|it| packets(it, sights)).collect();
    let (kind, why) = (kind.to_owned(), why.to_owned());
    Some(Step { at, until, node, depth: 0, kind, title, facts, why, packets })
}

/// A probe and its answer, as the client saw them.
fn packets(asked: &Asked, sights: &[Sight<'_>]) -> Vec<u32> {
    let sent = sights.iter().find(|it| it.sent && it.at == asked.at);
    let came = arrival(asked).and_then(|at| sights.iter().rfind(|it| !it.sent && it.at == at));
    sent.into_iter().chain(came).map(|it| it.packet.n).collect()
}

/// What a row came to, in one stable word, and what it means.
fn said(hop: &Hop, some_missing: bool, is_last: bool) -> (&'static str, &'static str) {
    let arrived = hop.answers().any(|it| it.said.is_arrival());
    let several = distinct(hop.answers().map(|it| it.from.to_string())).len() > 1;
    if hop.answers().next().is_none() {
        let why = if is_last {
            "Nobody answers here, and nobody was asked farther on: the way ends here, or a filter drops probes or answers."
        } else {
            "This router tells nobody what it drops. Those behind it answer, so it forwards well."
        };
        return ("silent", why);
    }
    if arrived && some_missing {
        return (
            "arrived",
            "The host itself. What is missing here is loss of your packets, or of the answers on their way back.",
        );
    }
    if arrived {
        return ("arrived", "The host itself: the probe has arrived, and is answered by the host, not by a router.");
    }
    if several {
        return (
            "mixed",
            "Routers that stand side by side: the probes took two ways of equal length (RFC 2992), and no packet went through both.",
        );
    }
    if some_missing {
        return (
            "limited",
            "Some probes were not answered. A router may limit its ICMP errors (RFC 1812 §4.3.2.8): only if those behind it miss probes too is it loss.",
        );
    }
    if hop.answers().all(|it| it.said == Said::TimeExceeded) {
        return (
            "router",
            "It took the last 1 off the time to live, dropped the probe and said so (RFC 792, time exceeded): so its address is known.",
        );
    }
    ("refused", "It could not deliver the probe, and said so.")
}
