//! The numbers of a NAT's run: ports outside, who got in, when it forgot, how large the table was.
use super::script::{Seen, words};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::demos::states::peak;
use crate::quantity::Quantity;
use crate::recording::{EventKind, Recording, Time};

pub(super) fn found(recording: &Recording, seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    ports(&mut findings, seen);
    let entered = [
        ("answered", "peer's answer got in", words::ANSWER),
        ("same_host_in", "peer got in from another port", words::OTHER_PORT),
        ("stranger_in", "a stranger got in", words::STRANGER),
        ("hairpin_in", "b reached a by its address outside", words::HAIRPIN),
        ("forward_in", "the forwarded port led to b", words::FORWARDED),
        ("late_in", "peer got in after the silence", words::LATE),
    ];
    for (name, label, words) in entered {
        let how = format!("1 when \"{words}\" arrived at a program inside, else 0");
        findings.count(name, label, seen.count(words), how);
    }
    table(&mut findings, recording, seen);
    silence(&mut findings, recording, seen);
    markers(&mut findings, recording, seen);
    tell(&mut findings, recording);
    findings
}

/// Which port of the address outside each endpoint had, as those outside saw it.
fn ports(findings: &mut Findings, seen: &Seen) {
    let port = |words| seen.first(words).map(|it| it.from.port());
    let mut show = |name, label, words, how| {
        findings.measure(name, label, port(words).map(|it| Quantity::count(it.into())), how);
    };
    show("a_port", "a's port, as peer sees it", words::FIRST, "the source of \"a to peer\" at peer; inside it is 5000");
    let how = "the source of b's datagram at peer; inside it is 5000 as well, and that port was taken";
    show("b_port", "b's port, as peer sees it", words::COLLISION, how);
    let how =
        "the source of a's datagram at other: the same as at peer when mappings do not depend on whom one speaks to";
    show("a_port_elsewhere", "a's port, as other sees it", words::ELSEWHERE, how);
    let how = "the source of a's next datagram at peer: a mapping that was forgotten may come back with another port";
    show("a_port_again", "a's port after the silence", words::AGAIN, how);
}

fn table(findings: &mut Findings, recording: &Recording, seen: &Seen) {
    for (node, name, label) in [
        ("home", "mappings_most", "mappings at home, the most at once"),
        ("cgn", "cgn_mappings_most", "mappings at the provider, the most at once"),
    ] {
        let curve = recording.series.iter().find(|it| it.name == format!("{node} mappings"));
        let most = curve.map(|it| Quantity::count(peak(&it.points)));
        findings.measure(name, label, most, "the highest point of the table's curve");
    }
    findings.count("flows_opened", "datagrams from ports of their own", seen.flows.get(), "sent by a at the end");
    let how = "of them; the others found no port outside, and nobody told their sender";
    findings.count("flows_through", "that arrived at peer", seen.count(words::FLOW), how);
    let turned = decisions(recording, "NAT: no mapping lets").count();
    findings.count(
        "turned_away",
        "datagrams turned away at a NAT",
        turned,
        "no mapping, or its filter did not let them in",
    );
    let inside = ["peer", "other"].into_iter().flat_map(|node| capture(recording, node));
    let private = |it: &Sight<'_>| it.packet.bytes.windows(3).any(|bytes| bytes == [192, 168, 1]);
    let how = "packets at peer and other with 192.168.1 anywhere in them";
    findings.count(
        "private_outside",
        "packets outside that show an inside address",
        inside.filter(private).count(),
        how,
    );
}

/// Decisions of NATs that begin so.
fn decisions<'a>(recording: &'a Recording, begins: &'a str) -> impl Iterator<Item = (Time, usize, &'a str)> {
    recording.events.iter().filter_map(move |it| match &it.kind {
        EventKind::Decision { text } if text.starts_with(begins) => Some((it.at, it.node, text.as_str())),
        _ => None,
    })
}

fn silence(findings: &mut Findings, recording: &Recording, seen: &Seen) {
    let Some((from, to)) = seen.silent.get() else { return };
    findings.span_at("the programs", "silence".to_owned(), from, to);
    let forgot = forgotten(recording);
    let a = capture(recording, "a");
    let of_mapping =
        |it: &&Sight<'_>| it.sent && forgot.is_some_and(|(at, remote)| it.at <= at && leads_to(it, remote));
    let before = |it: &&Sight<'_>| it.sent && forgot.is_some_and(|(at, _)| it.at <= at);
    // The last session may be one that began outside, as old as the mapping then was.
    let last = a.iter().rfind(of_mapping).or_else(|| a.iter().rfind(before)).map(|it| it.at);
    let forgot = forgot.map(|it| it.0);
    let how = "from a's last datagram by that mapping to \"forgets\": what comes in does not keep a mapping alive (RFC 4787 REQ-6), and it should not go before 2 min (REQ-5)";
    let silent = last.zip(forgot).map(|(last, forgot)| forgot - last);
    findings.time("forgotten_after", "silence until the mapping was forgotten", silent, how);
    findings.mark_at("forgotten", "the NAT forgets a's mapping", forgot, None);
}

/// When the mapping is forgotten that a's first datagram got, and with whom its last session was.
fn forgotten(recording: &Recording) -> Option<(Time, &str)> {
    let mapped = "NAT: UDP 192.168.1.10:5000 is ";
    let outside = decisions(recording, mapped).next()?.2.strip_prefix(mapped)?;
    let gone = format!("NAT: forgets UDP 192.168.1.10:5000 ({outside})");
    let (at, _, text) = decisions(recording, "NAT: forgets ").find(|it| it.2.starts_with(&gone))?;
    Some((at, text.split_once(" with ")?.1.split_once(": silent")?.0))
}

/// Whether a datagram goes there.
fn leads_to(sight: &Sight<'_>, remote: &str) -> bool {
    matches!(sight.content, Content::Udp { to, .. } if to.to_string() == remote)
}

fn markers(findings: &mut Findings, recording: &Recording, seen: &Seen) {
    let a = capture(recording, "a");
    findings.mark("inside", "a's first datagram, still with its own address", a.iter().find(|it| it.sent));
    let peer = capture(recording, "peer");
    findings.mark("outside", "the same datagram at peer: another source", peer.iter().find(|it| !it.sent));
    for (name, label, words) in [
        ("answer", "peer's answer is back at a", words::ANSWER),
        ("collision", "b's datagram is at peer: the port was taken", words::COLLISION),
        ("elsewhere", "a's datagram to somebody else is there", words::ELSEWHERE),
        ("hairpin", "b's datagram to the address outside is at a", words::HAIRPIN),
        ("forwarded", "the forwarded port led to b", words::FORWARDED),
        ("again", "a speaks after the silence", words::AGAIN),
    ] {
        findings.mark_at(name, label, seen.first(words).map(|it| it.at), None);
    }
    let turned: Vec<Time> = decisions(recording, "NAT: no mapping lets").map(|it| it.0).collect();
    findings.mark_at("turned-away", "a datagram from outside is turned away", turned.first().copied(), None);
    let late = seen.silent.get().and_then(|(_, end)| turned.iter().find(|at| **at >= end).copied());
    let gone = forgotten(recording).map(|it| it.0).zip(late).is_some_and(|(gone, late)| gone <= late);
    let label = if gone {
        "a datagram for a forgotten mapping is turned away"
    } else {
        "the mapping stands, and its filter turns peer's datagram away"
    };
    findings.mark_at("late", label, late, None);
    let none = decisions(recording, "NAT: every port").chain(decisions(recording, "NAT: 100.64.0.2 has its"));
    findings.mark_at("exhausted", "no port is left", none.map(|it| it.0).min(), None);
}

/// What the NATs decided stands beside their lifelines: it is the story.
fn tell(findings: &mut Findings, recording: &Recording) {
    for (at, node, text) in decisions(recording, "NAT: ") {
        findings.note(at, node, text.trim_start_matches("NAT: ").to_owned());
    }
}
