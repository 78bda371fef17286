//! The order of packets: each next one could not be there without the one before it, and says so.
use super::capture::{Capture, Tcp, way};
use super::chance::Chance;
use super::{Exercise, Form, Item, Lacks};
use crate::wire::analysis::Flow;

/// Packets to be put into order: from so many to so many.
const LEAST: usize = 4;
const MOST: usize = 6;

/// A packet, and why it comes behind the one before it.
struct Link {
    n: u32,
    text: String,
    why: String,
}

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let opening = opening(capture);
    let flows = &capture.analysis.flows;
    let long: Vec<&Flow> = flows.iter().filter(|it| segments(capture, it).len() >= LEAST).collect();
    let count = long.len() + usize::from(opening.is_some());
    let lacking = || Lacks::of("too few packets of which each needs the one before it");
    let at = *chance.pick(&(0..count).collect::<Vec<_>>()).ok_or_else(lacking)?;
    let (head, chosen) = match (long.get(at), opening) {
        (Some(flow), _) => {
            let head = format!("{}. Numbers are relative: each side's SYN is 0.\n\n", Capture::told(flow));
            (head, part(&segments(capture, flow), chance))
        }
        (None, opening) => (String::new(), opening.ok_or_else(lacking)?),
    };
    let first = chosen.first().map_or(1, |it| it.n);
    let places: Vec<String> = chosen.iter().map(|it| it.n.to_string()).collect();
    let explanation = format!("In the capture they are packets {}.", places.join(", "));
    let items = chosen.into_iter().map(|it| Item { text: it.text, why: it.why }).collect();
    let prompt = format!("{head}Their times are taken away. In which order did these packets pass?");
    Ok(Exercise { prompt, form: Form::Order(items), explanation, packet: first })
}

/// Segments of which each acknowledges the one before it, or carries on from where it ends; no two look alike.
fn segments<'c>(capture: &'c Capture<'_>, flow: &Flow) -> Vec<Tcp<'c>> {
    let mut chain: Vec<Tcp<'_>> = Vec::new();
    // What came twice or too late has no place that its numbers tell.
    for segment in capture.segments(flow).into_iter().filter(|it| it.followed.marks.is_empty()) {
        let fits = match chain.last() {
            None => segment.segment.flags.syn && !segment.segment.flags.ack,
            Some(last) => behind(last, &segment).is_some(),
        };
        if fits && chain.iter().all(|it| text(it) != text(&segment)) {
            chain.push(segment);
        }
    }
    chain
}

/// Some of a chain, so that of these, too, each needs the one before it.
fn part(chain: &[Tcp<'_>], chance: &mut Chance) -> Vec<Link> {
    let chosen = chance.some(chain.to_vec(), MOST);
    let needs = |of: &[Tcp<'_>]| of.windows(2).all(|pair| behind(&pair[0], &pair[1]).is_some());
    let chosen = if needs(&chosen) { &chosen[..] } else { &chain[..chain.len().min(MOST)] };
    let why = |at: usize| match at.checked_sub(1) {
        None if chosen[0].segment.flags.syn => "SYN opens: nothing of this connection can come before it.".to_owned(),
        None => "All others come behind it.".to_owned(),
        Some(before) => behind(&chosen[before], &chosen[at]).unwrap_or_default(),
    };
    chosen.iter().enumerate().map(|(at, it)| Link { n: it.n, text: text(it), why: why(at) }).collect()
}

fn text(it: &Tcp<'_>) -> String {
    format!("{} {}", way(it.is_of_server()), it.says())
}

/// Why a segment comes behind another, where its numbers say so.
fn behind(last: &Tcp<'_>, next: &Tcp<'_>) -> Option<String> {
    let acknowledgment = next.followed.acknowledgment?;
    if next.is_of_server() != last.is_of_server() {
        let covers = last.space() > 0
            && acknowledgment >= last.end()
            && next.followed.sequence >= last.followed.acknowledgment.unwrap_or(0);
        return covers.then(|| {
            format!(
                "Ack={acknowledgment} covers Seq={} with {}: it answers that.",
                last.followed.sequence,
                last.carries()
            )
        });
    }
    let continues = last.space() > 0 && next.followed.sequence >= last.end();
    let before = last.followed.acknowledgment.unwrap_or(0);
    match () {
        () if acknowledgment < before => None,
        () if continues => {
            Some(format!("Seq={} goes on where the one before it ends, at {}.", next.followed.sequence, last.end()))
        }
        () if acknowledgment > before => {
            Some(format!("The same side had Ack={before} before; its ACKs never go back."))
        }
        () => None,
    }
}

/// From the first ARP request to a connection: each step needs what the one before it found out.
fn opening(capture: &Capture<'_>) -> Option<Vec<Link>> {
    let find = |from: u32, wanted: &dyn Fn(u32) -> bool| capture.numbers().filter(|n| *n > from).find(|n| wanted(*n));
    let is = |n: u32, field: &str, value: &str| capture.value(n, field).is_some_and(|it| it == value);
    let starts = |n: u32, field: &str, start: &str| capture.value(n, field).is_some_and(|it| it.starts_with(start));
    let request = find(0, &|n| starts(n, "arp.opcode", "1"))?;
    let target = capture.value(request, "arp.dst.proto_ipv4")?;
    let asker = capture.value(request, "arp.src.proto_ipv4")?;
    let reply = find(request, &|n| starts(n, "arp.opcode", "2") && is(n, "arp.src.proto_ipv4", &target))?;
    let mac = capture.value(reply, "arp.src.hw_mac")?;
    let query =
        find(reply, &|n| is(n, "dns.flags.response", "0") && is(n, "ip.src", &asker) && is(n, "eth.dst", &mac))?;
    let (id, name) = (capture.value(query, "dns.id")?, capture.value(query, "dns.qry.name")?);
    let answer = find(query, &|n| is(n, "dns.flags.response", "1") && is(n, "dns.id", &id))?;
    let address = capture.value(answer, "dns.a")?;
    let syn = find(answer, &|n| {
        is(n, "ip.dst", &address) && capture.tcp(n).is_some_and(|it| it.segment.flags.syn && !it.segment.flags.ack)
    })?;
    let opened = capture.tcp(syn)?;
    let flow = capture.analysis.flows.get(opened.followed.flow)?;
    let port = flow.server.1;
    let answered = capture.segments(flow).into_iter().find(|it| it.n > syn && it.is_of_server())?;
    // Nothing of the name server or the connection may have passed before: the lines would not tell which one is meant.
    let of_server = |n: u32| n < answer && capture.ends(n).contains(&address) && capture.tcp(n).is_some();
    if capture.numbers().any(of_server) {
        return None;
    }
    let link = |n: u32, text: String, why: String| Link { n, text, why };
    Some(vec![
        link(
            request,
            format!("ARP: who has {target}? tell {asker}"),
            format!("{asker} knows an address from its configuration and no MAC: nothing else can leave before."),
        ),
        link(reply, format!("ARP: {target} is at {mac}"), "It answers the request.".to_owned()),
        link(
            query,
            format!("{asker} asks a name server for {name}"),
            format!("Its frame goes to {mac}, which only the ARP reply told."),
        ),
        link(answer, format!("The name server: {name} is {address}"), "The answer has the id of the query.".to_owned()),
        link(
            syn,
            format!("{asker} > {address} port {port} [SYN]"),
            format!("{address} was learned from the DNS answer."),
        ),
        link(
            answered.n,
            format!("{address} port {port} > {asker} [{}]", answered.segment.flags),
            "It acknowledges the SYN.".to_owned(),
        ),
    ])
}
