//! What the client's way to its address, and through its lease, cost; markers at the messages.
use crate::demos::capture::{Sight, capture, first};
use crate::demos::findings::{Findings, between};
use crate::demos::states::stays;
use crate::recording::{Recording, Time};
use crate::services::dhcp::{Kind, Message};
use crate::wire::text;

/// How the client names its state machine.
const MACHINE: &str = "dhcp client";

/// The DHCP message in a frame.
fn message(sight: &Sight<'_>) -> Option<Message> {
    Message::read(sight.udp()?)
}

fn is(sight: &Sight<'_>, kind: Kind) -> bool {
    message(sight).is_some_and(|it| it.kind == kind)
}

pub(super) fn found(recording: &Recording) -> Findings {
    let mut findings = Findings::default();
    let node = recording.node("client");
    let mac = node.and_then(|it| recording.topology.nodes[it].interfaces[0].mac.clone()).unwrap_or_default();
    let client: Vec<_> = capture(recording, "client")
        .into_iter()
        .filter(|it| message(it).is_some_and(|it| text::mac(it.mac) == mac))
        .collect();
    moments(&mut findings, &client);
    walk(&mut findings, recording);
    let text = |kind: Kind| client.iter().filter(|it| is(it, kind)).count();
    findings.count("messages", "DHCP messages", client.len(), "of this client, in its capture");
    findings.count("offers", "offers", text(Kind::Offer), "that reached the client");
    findings.count("naks", "refusals", text(Kind::Nak), "NAK messages that reached the client");
    findings
}

/// The messages of the first conversation that led to an address.
fn moments(findings: &mut Findings, client: &[Sight<'_>]) {
    let ack = first(client, |it| is(it, Kind::Ack));
    let discover = first(client, |it| is(it, Kind::Discover));
    let offer = first(client, |it| is(it, Kind::Offer));
    let request = first(client, |it| is(it, Kind::Request) && offer.is_some_and(|offer| it.at >= offer.at));
    findings.mark("discover", "who has an address for me? To everybody, from 0.0.0.0", discover);
    findings.mark("offer", "a server offers an address", offer);
    findings.mark("request", "the client takes it: all servers hear that", request);
    findings.mark("ack", "the server confirms: the address is the client's for a while", ack);
    findings.mark("nak", "the server refuses", first(client, |it| is(it, Kind::Nak)));
    findings.mark("decline", "the client has found that another uses it", first(client, |it| is(it, Kind::Decline)));
    findings.time(
        "offer_after",
        "an offer comes after",
        between(discover, offer),
        "the DISCOVER out to the OFFER in (1 RTT, and what the server needs)",
    );
    findings.time(
        "exchange",
        "the four messages take",
        between(discover, ack),
        "the DISCOVER out to the ACK in (2 RTT, and what the server needs)",
    );
    if let Some(granted) = ack.and_then(message) {
        findings.time("lease", "the lease", granted.lease, "option 51 of the ACK");
        let router = granted.router.is_some_and(|it| it.octets()[3] == 66);
        findings.count(
            "rogue_router",
            "default routers that the rogue has named",
            usize::from(router),
            "option 3 of the ACK names it",
        );
    }
}

/// The states of the client as bars, and when it had an address.
fn walk(findings: &mut Findings, recording: &Recording) {
    let node = recording.node("client");
    let stays: Vec<_> =
        stays(recording).into_iter().filter(|it| Some(it.node) == node && it.machine == MACHINE).collect();
    for stay in &stays {
        let to = stay.to.unwrap_or(recording.end).max(stay.from);
        findings.span_at("client", stay.state.to_owned(), stay.from, to);
    }
    let began = stays.first().map(|it| it.from);
    let bound = stays.iter().find(|it| it.state == "BOUND").map(|it| it.from);
    let rebinding = stays.iter().find(|it| it.state == "REBINDING").map(|it| it.from);
    let held = |it: &str| matches!(it, "BOUND" | "RENEWING" | "REBINDING");
    let renewing = stays.iter().find(|it| it.state == "RENEWING").map(|it| it.from);
    let renewed = stays.windows(2).find(|pair| pair[0].state == "RENEWING" && pair[1].state == "BOUND");
    let lost = stays.windows(2).find(|pair| held(pair[0].state) && !held(pair[1].state)).map(|pair| pair[1].from);
    let since = |from: Option<Time>, to: Option<Time>| Some(to? - from?);
    findings.mark_at("bound", "the address is configured", bound, None);
    findings.mark_at("renewal", "T1: the client asks its server for more time", renewing, None);
    findings.mark_at("rebinding", "T2: the client asks any server", rebinding, None);
    findings.mark_at("lost", "the address is taken away", lost, None);
    findings.time(
        "configured",
        "the client has an address after",
        since(began, bound),
        "its first DHCP message to BOUND",
    );
    let how = "BOUND to RENEWING (T1: half of the lease, from when it was asked for)";
    findings.time("t1", "the client renews after", since(bound, renewing), how);
    let took = renewed.map(|pair| pair[1].from - pair[0].from);
    let how = "RENEWING to BOUND (1 RTT, and ARP's where the entry is old)";
    findings.time("renewed_in", "the first renewal takes", took, how);
    findings.time(
        "t2",
        "it asks any server after",
        since(bound, rebinding),
        "BOUND to REBINDING (T2: seven eighths of the lease)",
    );
    findings.time("lost_after", "the address is lost after", since(bound, lost), "BOUND to INIT");
    let renewals =
        stays.windows(2).filter(|pair| held(pair[0].state) && pair[0].state != "BOUND" && pair[1].state == "BOUND");
    findings.count("renewals", "renewals", renewals.count(), "returns to BOUND");
}
