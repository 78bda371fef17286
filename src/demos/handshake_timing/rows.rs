//! A row for each part of a visit, with what is known of it; a line for each visit.
use super::found::shown;
use super::{Leg, Part};
use crate::demos::capture::Sight;
use crate::quantity::Quantity;
use crate::recording::{Cell, Fact, Step, Table, Time};
use crate::wire::text::date;

/// A row for each part, with what is known of it and why it takes what it takes; `cached` is whether the resolver is known to
/// have the answer, `over` when the run was.
pub(super) fn rows(
    sights: &[Sight<'_>],
    (number, of): (usize, usize),
    leg: &Leg,
    (cached, over): (bool, Time),
) -> Vec<Step> {
    let visit = match &leg.sent_on {
        Some(page) if page.starts_with("http:") => format!("sent on to {page}, in cleartext: "),
        Some(page) => format!("sent on to {page}: "),
        None if of > 1 => format!("visit {}: ", number + 1),
        None => String::new(),
    };
    let row = |it: &Part| {
        let (kind, title, why) = words(it.name, leg, cached);
        let mut facts = vec![Fact::quantity("took", Quantity::time(it.to - it.from))];
        match it.name {
            "TCP" => facts.extend(way(leg)),
            "TLS" | "QUIC" => {
                facts.extend(way(leg).filter(|_| it.name == "QUIC"));
                facts.extend(leg.agreed.iter().filter(|(_, it)| !it.is_empty()).map(|(name, it)| Fact::text(name, it)));
                facts.extend(leg.resumed.map(|it| Fact::text("session", if it { "resumed" } else { "full" })));
                facts.push(Fact::text("early data", if leg.early { "taken" } else { "none" }));
                facts.extend((!leg.chain.is_empty()).then(|| Fact::list("certificates", leg.chain.clone())));
            }
            "body" => facts.push(Fact::quantity("bytes", Quantity::bytes(leg.body))),
            "request and first byte" => {
                facts.push(Fact::text("page", &leg.page));
                facts.extend(leg.status.map(|it| Fact::text("status", it.to_string())));
                facts.extend((!leg.fields.is_empty()).then(|| Fact::list("fields", leg.fields.clone())));
                let body = (leg.head.is_some() && leg.head == leg.done).then(|| Quantity::bytes(leg.body));
                facts.extend(body.map(|it| Fact::quantity("body, come with it", it)));
            }
            _ => {}
        }
        let inside = |sight: &&Sight<'_>| inside(sight, it);
        let packets = sights.iter().filter(inside).map(|it| it.packet.n).collect();
        Step {
            at: it.from,
            until: it.to,
            node: 0,
            depth: 0,
            kind: kind.to_owned(),
            title: visit.clone() + title,
            facts,
            why: why.to_owned(),
            packets,
        }
    };
    shown(leg).map(row).chain(leg.unfinished(over).map(|it| end(&it, &visit, leg))).collect()
}

/// The row of a part that has no end, and of the visit with it.
fn end(part: &Part, visit: &str, leg: &Leg) -> Step {
    Step {
        at: part.from,
        until: part.to,
        node: 0,
        depth: 0,
        kind: "failed".to_owned(),
        title: format!("{visit}it ends here, in {}", part.name),
        facts: vec![Fact::quantity("took", Quantity::time(part.to - part.from))]
            .into_iter()
            .chain(way(leg).filter(|_| matches!(part.name, "TCP" | "QUIC")))
            .collect(),
        why: leg.trouble.clone().unwrap_or_else(|| "The run was ended before it was over.".to_owned()),
        packets: Vec::new(),
    }
}

/// The addresses that were tried, where it was not the first alone.
fn way(leg: &Leg) -> Option<Fact> {
    (leg.tries.len() > 1 || leg.peer.is_none() && !leg.tries.is_empty()).then(|| Fact::list("tried", leg.tries.clone()))
}

/// A line for each visit: which page, whose answer.
pub(super) fn visits(legs: &[Leg]) -> Table {
    let columns = [
        ("page", "page"),
        ("began", "begun"),
        ("address", "address"),
        ("proxy", "through"),
        ("http", "version"),
        ("status", "status"),
        ("body", "body"),
        ("trouble", "ended by"),
    ];
    let mut table = Table::new("visits", "each visit, and those it was sent on to", &columns);
    let maybe = |it: Option<String>| it.map_or(Cell::Empty, Cell::Text);
    for leg in legs {
        table.row(
            None,
            vec![
                Cell::text(&leg.page),
                maybe(u32::try_from(leg.date.as_secs()).ok().map(date)),
                maybe(leg.peer.map(|it| it.to_string())),
                maybe(leg.proxy.clone()),
                maybe(Some(leg.http.to_owned()).filter(|it| !it.is_empty())),
                maybe(leg.status.map(|it| it.to_string())),
                Cell::maybe(leg.done.map(|_| Quantity::bytes(leg.body))),
                maybe(leg.trouble.clone()),
            ],
        );
    }
    table
}

/// What came at the first instant belongs to the part before, what is sent at the last to the one after.
fn inside(sight: &Sight<'_>, part: &Part) -> bool {
    let after: fn(Time, Time) -> bool = if part.name == "body" { |at, from| at >= from } else { |at, from| at > from };
    let begun = if sight.sent { sight.at >= part.from } else { after(sight.at, part.from) };
    begun && if sight.sent { sight.at < part.to } else { sight.at <= part.to }
}

fn words(part: &str, leg: &Leg, cached: bool) -> (&'static str, &'static str, &'static str) {
    match part {
        "DNS" if !cached => (
            "dns",
            "the name is looked up",
            "One round trip to the resolver if it has the answer in its cache, which its reply does not say; if not, its search \
            from the root comes on top.",
        ),
        "DNS" => (
            "dns",
            "the name is looked up",
            "The resolver has the answer in its cache: one round trip to it, none to the server. \
            Without a cache the search from the root comes on top.",
        ),
        "TCP" => (
            "tcp",
            "TCP opens",
            "A SYN out, a SYN-ACK in: 1 round trip in which no byte of a program moves (RFC 9293 §3.5).",
        ),
        "TLS" | "QUIC" => keys(part, leg),
        "proxy" => (
            "proxy",
            "the proxy opens the way",
            "CONNECT asks it for a connection to the page's host: a round trip to the proxy, and the proxy's own lookup and \
            handshake with that host (RFC 9110 §9.3.6). What follows goes through it unread.",
        ),
        "body" => (
            "body",
            "the body comes",
            "What did not fit the first flight takes a round trip for each doubling of the \
            congestion window (RFC 5681 §3.1).",
        ),
        _ => (
            "wait",
            "the request goes out and the first byte comes",
            if leg.parts.iter().any(|it| it.name == "TLS") {
                "1 round trip, and the time the server thinks. A first byte in a \
                TLS record is readable only when the whole record is there."
            } else {
                "1 round trip, and the time the server thinks."
            },
        ),
    }
}

/// What is agreed on, and how many round trips it takes.
fn keys(part: &str, leg: &Leg) -> (&'static str, &'static str, &'static str) {
    let is_old = leg.agreed.iter().any(|(_, it)| it == "TLS 1.2");
    let resumed = leg.resumed == Some(true);
    match part {
        "TLS" if leg.early => (
            "tls",
            "keys are agreed on beside the request",
            "The request went out with the ClientHello, under a key \
            of the last visit: the handshake costs no time of its own. Whoever recorded that flight can send it again (RFC 8446 §8).",
        ),
        "TLS" if is_old && resumed => (
            "tls",
            "a session is resumed",
            "Both ends still have the last visit's secret: hellos, then \
            Finished from each: 1 round trip instead of 2 (RFC 5246 §7.3).",
        ),
        "TLS" if is_old => (
            "tls",
            "keys are agreed on, and the server proves its name",
            "The ClientHello only asks: the client's half \
            of the key exchange goes out after the server has chosen. 2 round trips (RFC 5246 §7.3).",
        ),
        "TLS" if resumed => (
            "tls",
            "a session is resumed",
            "The ticket of the last visit takes the place of certificate and \
            signature: fewer bytes, less work, and the same 1 round trip (RFC 8446 §2.2).",
        ),
        "TLS" => (
            "tls",
            "keys are agreed on, and the server proves its name",
            "The ClientHello brings the client's half of the key \
            exchange already, so that the server answers with all it has: 1 round trip (RFC 8446 §2).",
        ),
        "QUIC" if leg.early => (
            "quic",
            "keys are agreed on beside the request",
            "The request went out in the first packets, under a \
            key of the last visit (RFC 9001 §4.6). Whoever recorded them can send them again (RFC 9001 §9.2).",
        ),
        _ => (
            "quic",
            "connection and keys in one",
            "The ClientHello is in the first packet: there is no round trip for a \
            connection before the one for keys (RFC 9001 §4).",
        ),
    }
}
