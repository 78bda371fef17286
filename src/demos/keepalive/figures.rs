//! The numbers of a silent connection: probes, when the NAT forgot, when the program knew, and who never did.
use super::Seen;
use crate::demos::capture::{Sight, capture, segment};
use crate::demos::findings::Findings;
use crate::demos::states;
use crate::recording::{EventKind, Recording, Time};

pub(super) fn found(recording: &Recording, seen: &Seen) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let syn_ack = segment(&sights, |it| it.syn && it.ack.is_some());
    findings.mark("connected", "the connection is open", syn_ack);
    findings.mark_at(
        "answered",
        "the first answer is here: from now on nobody has anything to say",
        seen.answered.get(),
        None,
    );
    probes(&mut findings, &sights);
    forgotten(&mut findings, recording);
    second(&mut findings, &sights, seen);
    noticed(&mut findings, &sights, seen);
    server(&mut findings, recording);
    findings.count("packets", "frames in the client's capture", sights.len(), "sent and received");
    findings
}

/// Probes lie one byte before what the peer waits for: it answers with an ACK, and no program sees them.
// RFC 9293 §3.8.4: SEG.SEQ = SND.NXT-1
fn probes(findings: &mut Findings, sights: &[Sight<'_>]) {
    let mut next = None;
    let mut probes = Vec::new();
    for sight in sights.iter().filter(|it| it.sent) {
        let Some(tcp) = sight.tcp() else { continue };
        let old = next.is_some_and(|next| tcp.seq.wrapping_add(1) == next);
        if old && tcp.payload.len() <= 1 && !tcp.syn && !tcp.fin && !tcp.rst {
            probes.push(sight);
            continue;
        }
        let length = tcp.payload.len() + usize::from(tcp.syn) + usize::from(tcp.fin);
        let end = tcp.seq.wrapping_add(u32::try_from(length).unwrap_or(0));
        // Repeats do not move it back.
        if next.is_none_or(|next: u32| end.wrapping_sub(next) < 1 << 31) {
            next = Some(end);
        }
    }
    findings.count(
        "probes_sent",
        "keepalive probes sent",
        probes.len(),
        "segments of the client one byte before what the server waits for",
    );
    let bytes = probes.iter().map(|it| it.packet.bytes.len()).sum();
    findings.bytes("probe_bytes", "their bytes", bytes, "frames of the probes; each answer costs as much again");
    findings.mark("first-probe", "the first keepalive probe", probes.first().copied());
    findings.mark("last-probe", "the last keepalive probe", probes.last().copied());
}

/// What the NAT said it forgot.
fn forgotten(findings: &mut Findings, recording: &Recording) {
    let decided = |text: &str| {
        let says = |kind: &EventKind| matches!(kind, EventKind::Decision { text: it } if it.starts_with(text));
        recording.events.iter().filter(move |it| says(&it.kind)).map(|it| it.at).collect::<Vec<Time>>()
    };
    let (forgot, turned_away) = (decided("NAT: forgets TCP"), decided("NAT: no mapping"));
    let first = forgot.first().copied();
    findings.mark_at("forgotten", "the NAT forgets the connection", first, None);
    findings.time(
        "forgotten_at",
        "the NAT forgot after",
        first.map(|at| at - Time::ZERO),
        "from the start of the run; its timer begins anew with each packet",
    );
    let how = "packets of a connection the NAT does not know any more";
    findings.count("turned_away", "packets the NAT turned away", turned_away.len(), how);
    findings.mark_at("turned-away", "a packet finds no mapping", turned_away.first().copied(), None);
}

fn second(findings: &mut Findings, sights: &[Sight<'_>], seen: &Seen) {
    let Some(asked) = seen.asked_again.get() else { return };
    let packet = sights.iter().find(|it| it.sent && it.data() > 1 && it.at >= asked);
    findings.mark("second-question", "the second question leaves", packet);
    let how = "from the second question to its answer (1 RTT when the connection still stands)";
    findings.time("second_answer", "the second answer takes", seen.answered_again.get().map(|at| at - asked), how);
    findings.mark_at("second-answer", "the second answer is here", seen.answered_again.get(), None);
    let until = seen.failed.get().map_or(Time(u64::MAX), |(at, _)| at);
    let copies = sights.iter().filter(|it| it.sent && it.data() > 1 && it.at >= asked && it.at <= until).count();
    findings.count(
        "copies",
        "times the second question was sent",
        copies,
        "segments with data after it was asked, in the client's capture",
    );
    let given_up = seen.failed.get().map(|(at, _)| at - asked);
    findings.time("given_up", "it is given up after", given_up, "from the second question to the program's error (TCP_USER_TIMEOUT, or 15 repeats: about 924 s with Linux's timers)");
}

fn noticed(findings: &mut Findings, sights: &[Sight<'_>], seen: &Seen) {
    let Some((at, _)) = seen.failed.get() else { return };
    findings.mark_at("noticed", "the client's program is told", Some(at), None);
    let last = sights.iter().rfind(|it| !it.sent && it.tcp().is_some_and(|tcp| !tcp.rst));
    let how =
        "from the last packet that came from the server to the program's error; by keepalive: idle + probes x interval";
    findings.time("noticed", "the end was noticed after", last.map(|it| at - it.at), how);
    let reset = sights.iter().find(|it| !it.sent && it.tcp().is_some_and(|tcp| tcp.rst));
    findings.mark("rst", "a RST comes back", reset);
}

/// Whether the server holds a connection that is no more.
fn server(findings: &mut Findings, recording: &Recording) {
    let node = recording.node("server");
    let stays = states::stays(recording);
    let open = stays.iter().filter(|it| Some(it.node) == node && it.to.is_none() && it.state == "ESTABLISHED").count();
    let how =
        "in state ESTABLISHED when the run ends: without probes of its own a server never hears that nobody is there";
    findings.count("server_open", "connections the server still holds", open, how);
}
