//! What each family's address resolution cost: the first time, from the cache, after a pause, and after a change.
use std::net::IpAddr;

use crate::demos::arp_ndp::{Ping, V4, V6};
use crate::demos::capture::{Sight, capture, first};
use crate::demos::findings::{Findings, between};
use crate::demos::frame::Content;
use crate::recording::{EventKind, Recording, Time};

/// How a family is called in names and labels.
const fn family(of: IpAddr) -> (&'static str, &'static str) {
    if of.is_ipv4() { ("v4", "IPv4") } else { ("v6", "IPv6") }
}

pub(super) fn found(recording: &Recording, pings: &[Ping], changed: Option<Time>) -> Findings {
    let mut findings = Findings::default();
    let client = capture(recording, "client");
    let later = pings.iter().find(|it| it.phase == "later").map(|it| it.at);
    resolutions(&mut findings, &client, later);
    for to in [V4, V6] {
        trips(&mut findings, pings, to);
    }
    if let Some(changed) = changed {
        findings.mark_at("change", "the server's addresses: something changes", Some(changed), None);
        for to in [V4, V6] {
            outage(&mut findings, pings, to, changed);
            detected(&mut findings, recording, to, changed);
        }
    }
    let is_arp = |it: &&Sight<'_>| matches!(it.content, Content::ArpRequest | Content::ArpReply);
    let is_nd = |it: &&Sight<'_>| matches!(it.content, Content::Solicitation { .. } | Content::Advertisement { .. });
    let how = "in the client's capture";
    findings.count("arp_frames", "ARP frames", client.iter().filter(is_arp).count(), how);
    findings.count("nd_frames", "neighbour solicitations and advertisements", client.iter().filter(is_nd).count(), how);
    findings
}

/// The questions and answers at the beginning, and what the old entries cost.
fn resolutions(findings: &mut Findings, client: &[Sight<'_>], later: Option<Time>) {
    let asks = |it: &Sight<'_>| it.sent && matches!(it.content, Content::Solicitation { probe: false, .. });
    let answers = |it: &Sight<'_>| !it.sent && matches!(it.content, Content::Advertisement { .. });
    let arp = [
        first(client, |it| it.sent && it.content == Content::ArpRequest),
        first(client, |it| !it.sent && it.content == Content::ArpReply),
    ];
    let nd = [first(client, asks), first(client, answers)];
    findings.mark("arp-request", "IPv4: the client asks everybody who has the address", arp[0]);
    findings.mark("arp-reply", "IPv4: the server says its MAC address", arp[1]);
    findings.mark("solicitation", "IPv6: the client asks the group that ends like the address", nd[0]);
    findings.mark("advertisement", "IPv6: the server says its MAC address", nd[1]);
    findings.span("IPv4", "ARP", arp[0], arp[1]);
    findings.span("IPv6", "Neighbor Discovery", nd[0], nd[1]);
    let how = "the question out to the answer in (1 RTT)";
    findings.time("arp_resolution", "ARP finds the MAC address in", between(arp[0], arp[1]), how);
    findings.time("nd_resolution", "Neighbor Discovery finds it in", between(nd[0], nd[1]), how);
    let Some(later) = later else { return };
    let after = |it: &Sight<'_>| it.at >= later;
    let arp = first(client, |it| after(it) && it.sent && it.content == Content::ArpRequest);
    findings.mark("arp-again", "IPv4: the entry is too old, the ping waits for another question", arp);
    let probe = first(client, |it| after(it) && asks(it));
    findings.mark("probe", "IPv6: the old entry was used, and only then its owner is asked", probe);
    let waited = probe.map(|it| it.at - later);
    let how = "the third ping out to the unicast solicitation (DELAY_FIRST_PROBE_TIME, RFC 4861 §10: 5 s)";
    findings.time("probe_after", "IPv6 asks the owner of an old entry after", waited, how);
}

/// What each ping took.
fn trips(findings: &mut Findings, pings: &[Ping], to: IpAddr) {
    let (short, long) = family(to);
    let labels = [
        ("first", "the first ping over", "question and answer, then the echo (2 RTT)"),
        ("again", "the second ping over", "the MAC address is in the cache (1 RTT)"),
        (
            "later",
            "the ping after the pause over",
            "an ARP entry lives 60 s and is asked for anew (2 RTT); IPv6 uses the old one (1 RTT)",
        ),
    ];
    for (phase, label, how) in labels {
        let rtt = pings.iter().find(|it| (it.phase, it.to) == (phase, to)).and_then(|it| it.rtt);
        findings.time(&format!("{phase}_{short}"), &format!("{label} {long}"), rtt, how);
    }
}

/// How long the address could not be reached after it moved.
fn outage(findings: &mut Findings, pings: &[Ping], to: IpAddr, changed: Time) {
    let (short, long) = family(to);
    let moved = || pings.iter().filter(|it| (it.phase, it.to) == ("moved", to));
    let back = moved().find_map(|it| Some(it.at + it.rtt?));
    let lost = moved().filter(|it| it.rtt.is_none()).count();
    if moved().next().is_none() {
        return;
    }
    findings.mark_at(&format!("back-{short}"), &format!("{long}: the new machine answers"), back, None);
    let how = "the move to the first echo that is answered; one ping a second";
    findings.time(
        &format!("outage_{short}"),
        &format!("after the move {long} works again in"),
        back.map(|it| it - changed),
        how,
    );
    findings.count(
        &format!("lost_{short}"),
        &format!("pings over {long} lost after the move"),
        lost,
        "not answered in 1 s",
    );
}

/// When the second machine learned that the address is taken.
fn detected(findings: &mut Findings, recording: &Recording, to: IpAddr, changed: Time) {
    let (short, long) = family(to);
    let name = format!("address {to}");
    let found = recording.events.iter().find(|it| match &it.kind {
        EventKind::State { machine, to, .. } => *machine == name && to == "DUPLICATE",
        _ => false,
    });
    let at = found.map(|it| it.at);
    findings.mark_at(
        &format!("duplicate-{short}"),
        &format!("{long}: the second machine learns that it is taken"),
        at,
        None,
    );
    let how = "it wants the address to the answer of who has it, with a random wait of up to 1 s before";
    findings.time(
        &format!("detected_{short}"),
        &format!("a duplicate {long} address is found in"),
        at.map(|it| it - changed),
        how,
    );
}
