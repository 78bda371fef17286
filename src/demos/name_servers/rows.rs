//! A resolution as rows: the steps, bars and markers of a recording, each with its packets.
use std::net::SocketAddr;

use crate::demos::capture::Sight;
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::quantity::{Quantity, Unit};
use crate::recording::{self, Fact, Time};
use crate::services::dns::Transport;
use crate::services::dns::resolver::{Check, Kind, Server, Step};
use crate::services::dns::world::SITES;

/// Names and texts of servers are the network's: none needs more room.
const LONGEST: usize = 300;
/// So many records of an answer are told.
const MOST: usize = 16;

/// The rows of a resolution at a node, with the packets among what the node saw.
pub(in crate::demos) fn rows(steps: &[Step], node: usize, seen: &[Sight<'_>]) -> Vec<recording::Step> {
    steps.iter().map(|step| row(step, node, seen)).collect()
}

fn row(step: &Step, node: usize, seen: &[Sight<'_>]) -> recording::Step {
    // A check belongs to the packets that brought what is checked.
    let exchange = match (&step.kind, &step.server) {
        (Kind::Checked(check), _) => check.source,
        (_, server) => server.as_ref().map(|it| (it.address, step.at, step.until)),
    };
    let packets = exchange.map_or_else(Vec::new, |exchange| carried(exchange, seen));
    recording::Step {
        at: step.at,
        until: step.until,
        node,
        depth: step.depth,
        kind: step.kind.word().to_owned(),
        title: title(step),
        facts: facts(step),
        why: step.why(),
        packets,
    }
}

/// The packets of one exchange with a server: its question and what came to the port that asked, the answer last. At the instant of
/// an answer the next question may leave, even to the same server: it has another port (RFC 5452 §9.2), and is not of this exchange.
fn carried((address, from, until): (SocketAddr, Time, Time), seen: &[Sight<'_>]) -> Vec<u32> {
    let during = |it: &&Sight<'_>| (from..=until).contains(&it.at);
    let asks = |it: &Sight<'_>| it.sent && begins(it);
    let of_server: Vec<_> =
        seen.iter().filter(during).filter(|it| ends_of(it).is_some_and(|(_, peer)| peer == address)).collect();
    let own = of_server.iter().find(|it| asks(it)).and_then(|it| ends_of(it)).map(|(own, _)| own);
    let of_port = of_server.iter().filter(|it| own.is_none() || ends_of(it).map(|(own, _)| own) == own);
    // What leaves when the answer is in acknowledges it, or closes.
    of_port.filter(|it| it.at < until || !it.sent || from == until).map(|it| it.packet.n).collect()
}

/// Whether a packet can be the first of an exchange: a datagram, or a SYN.
const fn begins(sight: &Sight<'_>) -> bool {
    match sight.content {
        Content::Udp { .. } => true,
        Content::Tcp(segment) => segment.opens(),
        _ => false,
    }
}

/// The node's own end of a packet, and the other one.
const fn ends_of(sight: &Sight<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let (from, to) = match sight.content {
        Content::Udp { from, to, .. } => (from, to),
        Content::Tcp(segment) => (segment.from, segment.to),
        _ => return None,
    };
    Some(if sight.sent { (from, to) } else { (to, from) })
}

fn title(step: &Step) -> String {
    match &step.server {
        Some(server) if step.depth == 0 => format!("{}: {}", server.name, step.says()),
        Some(server) => format!("{}, for {}: {}", server.name, step.question, step.says()),
        None if matches!(step.kind, Kind::Checked(_)) => step.says(),
        None => format!("{}: {}", step.question, step.says()),
    }
}

/// The lab's host of that address.
fn host(address: SocketAddr) -> Option<&'static str> {
    SITES.iter().find(|site| address.ip() == site.address).map(|site| site.host)
}

fn facts(step: &Step) -> Vec<Fact> {
    let mut facts = vec![
        Fact::text("zone", step.zone.to_string()),
        Fact::text("name", step.question.name.to_string()),
        Fact::text("type", step.question.kind.to_string()),
    ];
    if let Some(server) = &step.server {
        facts.push(Fact::text("server", server.name.to_string()));
        // What the other views call it.
        facts.extend(host(server.address).map(|host| Fact::text("host", host.to_owned())));
        facts.extend([
            Fact::text("address", server.address.to_string()),
            Fact::text("transport", server.transport.to_string().to_lowercase()),
            Fact::quantity("attempt", Quantity::new(server.attempt.into(), Unit::Count)),
            Fact::quantity(clock(server), Quantity::time(step.took())),
            Fact::quantity("sent", Quantity::bytes(server.sent)),
            Fact::quantity("received", Quantity::bytes(server.received)),
        ]);
        if let Some((subnet, scope)) = server.told {
            facts.push(Fact::text("client", subnet.to_string()));
            facts.extend(scope.map(|bits| Fact::text("scope", format!("/{bits}"))));
        }
    }
    match &step.kind {
        Kind::Referral { cut, servers, glue } => facts.extend([
            Fact::text("cut", cut.to_string()),
            Fact::quantity("servers", Quantity::count(*servers)),
            Fact::quantity("glue", Quantity::count(*glue)),
        ]),
        Kind::Alias { target } => facts.push(Fact::text("target", target.to_string())),
        Kind::NoName { ttl } | Kind::NoData { ttl } => facts.push(seconds("ttl", *ttl)),
        Kind::Cached { left } | Kind::Known { left } => facts.push(seconds("ttl", *left)),
        Kind::Stale { age } => facts.push(seconds("age", *age)),
        Kind::Refused(code) => facts.push(Fact::text("rcode", code.to_string())),
        Kind::Checked(check) => facts.extend(checked(check)),
        _ => {}
    }
    let kept = step.server.as_ref().and_then(|it| it.reply).and_then(|it| it.ttl);
    if let (Some(ttl), false) = (kept, matches!(step.kind, Kind::NoName { .. } | Kind::NoData { .. })) {
        facts.push(seconds("ttl", ttl));
    }
    facts.push(Fact::list("believed", shortened(&step.believed)));
    facts.push(Fact::list("refused", shortened(&step.refused)));
    facts
}

/// What a check looked at: the signature that holds, or what does not fit.
fn checked(check: &Check) -> Vec<Fact> {
    let mut facts = vec![Fact::text("checked", check.what.clone())];
    if let Some(good) = &check.good {
        facts.extend([
            Fact::text("signer", good.signer.to_string()),
            Fact::text("key_tag", good.tag.to_string()),
            Fact::text("algorithm", good.algorithm.to_string()),
            Fact::text("covers", good.covered.to_string()),
            Fact::text("valid_from", good.inception.to_string()),
            Fact::text("valid_until", good.expiration.to_string()),
        ]);
    }
    facts.extend(check.flaw.as_ref().map(|flaw| Fact::text("flaw", flaw.clone())));
    facts.extend(check.code.map(|code| Fact::text("extended_error", code.to_string())));
    facts
}

/// What the time of a step is: over TCP a handshake comes first, and waiting in vain is no round trip.
const fn clock(server: &Server) -> &'static str {
    match (server.reply, server.transport) {
        (None, _) => "waited",
        (Some(_), Transport::Udp) => "rtt",
        (Some(_), _) => "took",
    }
}

fn seconds(name: &str, seconds: u32) -> Fact {
    Fact::quantity(name, Quantity::time(std::time::Duration::from_secs(seconds.into())))
}

fn shortened(texts: &[String]) -> Vec<String> {
    let mut shown: Vec<String> =
        texts.iter().take(MOST).map(|text| crate::wire::text::visible_start(text, LONGEST)).collect();
    if texts.len() > MOST {
        shown.push(format!("and {} more", texts.len() - MOST));
    }
    shown
}

/// Bars by zone, and a marker at the end of each step: `referral-1`, `referral-2`, `answer-1`.
pub(in crate::demos) fn mark(findings: &mut Findings, rows: &[recording::Step]) {
    let mut zones: Vec<String> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let zone = row.fact("zone");
        let lane = zones.iter().position(|it| *it == zone).unwrap_or_else(|| {
            zones.push(zone.clone());
            zones.len() - 1
        });
        let nth = rows[..=index].iter().filter(|it| it.kind == row.kind).count();
        let last = row.packets.last().copied();
        findings.mark_at(&format!("{}-{nth}", row.kind), &row.title, Some(row.until), last);
        let server = row.fact("server");
        if !server.is_empty() {
            // The short name of the lifelines, where there is one.
            let host = row.fact("host");
            let name = format!("{} {}", if host.is_empty() { &server } else { &host }, row.kind);
            findings.span_of(&format!("{} zone {zone}", lane + 1), name, (row.at, row.until), ends(&row.packets));
        }
    }
}

fn ends(packets: &[u32]) -> Option<(u32, u32)> {
    Some((*packets.first()?, *packets.last()?))
}
