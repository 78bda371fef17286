//! What comes next: four packets, of which one follows from what was sent last.
use super::capture::{Capture, Tcp, block, says, way};
use super::chance::Chance;
use super::{Choice, Exercise, Form, Lacks};

/// Packets shown before the one that is to come.
const SHOWN: usize = 4;

/// A packet that the one before it calls for: its number, what leads to it, and four of which the first is right.
struct Asked {
    n: u32,
    prompt: String,
    options: Vec<Choice>,
}

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let sources: [fn(&Capture<'_>) -> Vec<Asked>; 4] = [segments, arp, echo, dns];
    let found: Vec<Vec<Asked>> = sources.iter().map(|it| it(capture)).filter(|it| !it.is_empty()).collect();
    let lacking = || Lacks::of("no packet that follows from the one before it");
    let kinds = chance.pick(&found).ok_or_else(lacking)?;
    let Asked { n, prompt, options } = chance.pick(kinds).ok_or_else(lacking)?;
    let right = options.iter().find(|it| it.correct).map_or("", |it| &it.text);
    let why = options.iter().find(|it| it.correct).map_or("", |it| &it.why);
    let explanation = format!("Packet {n}, at {}: {right}. {why}", capture.stamp(*n));
    Ok(Exercise { prompt: prompt.clone(), form: Form::Choose(options.clone()), explanation, packet: *n })
}

/// Four options, unless two of them look alike.
fn four(n: u32, prompt: String, right: (String, String), wrong: [(String, String); 3]) -> Option<Asked> {
    let option = |(text, why), correct| Choice { text, correct, why };
    let options: Vec<Choice> =
        [option(right, true)].into_iter().chain(wrong.into_iter().map(|it| option(it, false))).collect();
    let differs = |at: usize| options[..at].iter().all(|it| it.text != options[at].text);
    (0..options.len()).all(differs).then_some(Asked { n, prompt, options })
}

/// Segments that answer the one before them and say nothing else.
fn segments(capture: &Capture<'_>) -> Vec<Asked> {
    let mut found = Vec::new();
    for flow in &capture.analysis.flows {
        let all = capture.segments(flow);
        for at in 1..all.len() {
            let (last, next) = (&all[at - 1], &all[at]);
            let answers = last.is_of_server() != next.is_of_server()
                && last.space() > 0
                && next.followed.acknowledgment == Some(last.end())
                && next.length() == 0
                && !next.segment.flags.fin
                && !next.segment.flags.rst;
            let shown = &all[at.saturating_sub(SHOWN)..at];
            let prompt = format!(
                "{}. Numbers are relative: each side's SYN is 0.\n\n{}\n\nWhat is the next packet of this connection?",
                Capture::told(flow),
                block(&capture.lines(shown))
            );
            found.extend(Some(()).filter(|()| answers).and_then(|()| answering(capture, last, next, prompt)));
        }
    }
    found
}

fn answering(capture: &Capture<'_>, last: &Tcp<'_>, next: &Tcp<'_>, prompt: String) -> Option<Asked> {
    let (side, other) = (next.is_of_server(), last.is_of_server());
    let (sequence, end) = (next.followed.sequence, last.end());
    let line = |side: bool, flags: &str, sequence: u32, acknowledgment: u32| {
        format!("{} {}", way(side), says(flags, sequence, Some(acknowledgment), 0))
    };
    let flags = next.segment.flags.to_string();
    let why =
        format!("Packet {} begins at {} and carries {}, so Ack={end}.", last.n, last.followed.sequence, last.carries());
    let right = (line(side, &flags, sequence, end), why);
    if last.segment.flags.syn && !last.segment.flags.ack {
        return four(
            next.n,
            prompt,
            right,
            [
                (
                    line(side, &flags, sequence, end.wrapping_sub(1)),
                    "SYN takes a number, too: what is expected next is 1.".to_owned(),
                ),
                (
                    line(side, "ACK", sequence.wrapping_add(1), end),
                    "The server has numbers of its own and has to send its SYN first.".to_owned(),
                ),
                (
                    line(other, &flags, sequence, end),
                    "It is the other side that answers: the client has sent its SYN.".to_owned(),
                ),
            ],
        );
    }
    let unmoved = if last.segment.flags.syn || last.segment.flags.fin {
        format!("SYN and FIN take a number, too: Ack={} would say that it has not come.", end.wrapping_sub(1))
    } else {
        format!("Byte {} has come; an ACK names the one it waits for, which is one more.", end.wrapping_sub(1))
    };
    let frame = u32::try_from(capture.length(last.n)).ok()?;
    let counted = last.followed.sequence.wrapping_add(frame);
    let (text, why) = if last.length() > 0 {
        (
            line(side, &flags, sequence, counted),
            format!("That counts the {frame} bytes of the whole frame; headers have no numbers."),
        )
    } else {
        let moved = sequence.wrapping_add(1);
        (
            line(side, &flags, moved, end),
            "A bare ACK takes no number, and nothing else was sent on this side: its own number is what it was."
                .to_owned(),
        )
    };
    four(
        next.n,
        prompt,
        right,
        [
            (line(side, &flags, sequence, end.wrapping_sub(1)), unmoved),
            (text, why),
            (
                line(other, &flags, last.end(), sequence),
                "That side has just spoken and waits; the numbers are the other side's, too.".to_owned(),
            ),
        ],
    )
}

/// The packets up to one, in lines of the whole capture.
fn before(capture: &Capture<'_>, n: u32) -> String {
    let line = |n: u32| format!("{n:>4} {:>12}  {}", capture.stamp(n), capture.decoded(n).summary);
    let from = n.saturating_sub(2).max(1);
    block(&(from..=n).map(line).collect::<Vec<_>>().join("\n"))
}

/// The reply to an ARP request.
fn arp(capture: &Capture<'_>) -> Vec<Asked> {
    let reply = |n: u32| {
        let of = |n: u32, field: &str| capture.value(n, field);
        let (asked, replied) = (of(n, "arp.opcode")?, of(n.checked_add(1)?, "arp.opcode")?);
        if !asked.starts_with('1') || !replied.starts_with('2') {
            return None;
        }
        let [asker, target] = ["arp.src.proto_ipv4", "arp.dst.proto_ipv4"].map(|it| of(n, it));
        let (asker, target) = (asker?, target?);
        let (own, mac) = (of(n, "arp.src.hw_mac")?, of(n + 1, "arp.src.hw_mac")?);
        if of(n + 1, "arp.src.proto_ipv4")? != target {
            return None;
        }
        let prompt = format!("{}\n\nWhat answers packet {n}?", before(capture, n));
        let line = |from: &str, to: &str, says: String| format!("{from} > {to}: {says}");
        let is_at = format!("{target} is at {mac}");
        four(
            n + 1,
            prompt,
            (
                line(&mac, &own, is_at.clone()),
                format!("Only who has {target} answers, and to the one who asked: the request said where {asker} is."),
            ),
            [
                (
                    line(&mac, "ff:ff:ff:ff:ff:ff", is_at),
                    "The request had to go to everybody; the reply knows whom to go to.".to_owned(),
                ),
                (
                    line(&own, &mac, format!("{asker} is at {own}")),
                    "The asker said that already, in the request itself.".to_owned(),
                ),
                (
                    line(&own, &mac, format!("ping {target}")),
                    format!(
                        "Without the reply the asker does not know the MAC of {target}: nothing can be sent to it yet."
                    ),
                ),
            ],
        )
    };
    capture.numbers().filter_map(reply).collect()
}

/// The reply to a ping.
fn echo(capture: &Capture<'_>) -> Vec<Asked> {
    let reply = |n: u32| {
        let of = |n: u32, field: &str| capture.value(n, field);
        let (request, reply) = (of(n, "icmp.type")?, of(n.checked_add(1)?, "icmp.type")?);
        let numbers = |n: u32| Some((of(n, "icmp.ident")?, of(n, "icmp.seq")?));
        if !request.starts_with('8') || !reply.starts_with('0') || numbers(n)? != numbers(n + 1)? {
            return None;
        }
        let (ident, seq) = numbers(n)?;
        let seq: u32 = seq.split(' ').next()?.parse().ok()?;
        let [from, to] = capture.ends(n);
        let prompt = format!("{}\n\nWhat answers packet {n}?", before(capture, n));
        let line = |from: &str, to: &str, what: &str, seq: u32| {
            format!("{from} > {to}: echo {what}, id {ident}, sequence {seq}")
        };
        four(
            n + 1,
            prompt,
            (
                line(&to, &from, "reply", seq),
                format!(
                    "The reply brings identifier {ident} and sequence number {seq} back as they came: so the two are matched."
                ),
            ),
            [
                (
                    line(&to, &from, "reply", seq + 1),
                    "The number counts requests; the reply repeats that of its request.".to_owned(),
                ),
                (
                    line(&to, &from, "request", seq),
                    "A request would ask something itself; the answer has the type 0.".to_owned(),
                ),
                (
                    line(&from, &to, "reply", seq),
                    "That goes the way the request went; the answer comes from the other side.".to_owned(),
                ),
            ],
        )
    };
    capture.numbers().filter_map(reply).collect()
}

/// The answer to a DNS query.
fn dns(capture: &Capture<'_>) -> Vec<Asked> {
    let answer = |n: u32| {
        let of = |n: u32, field: &str| capture.value(n, field);
        let m = n.checked_add(1)?;
        let id = of(n, "dns.id")?;
        if of(n, "dns.flags.response")? != "0" || of(m, "dns.flags.response")? != "1" || of(m, "dns.id")? != id {
            return None;
        }
        let (from_port, to_port) = (of(n, "udp.srcport")?, of(n, "udp.dstport")?);
        let [from, to] = capture.ends(n);
        let name = of(n, "dns.qry.name")?;
        let next = u16::from_str_radix(id.trim_start_matches("0x"), 16).ok()?.wrapping_add(1);
        let prompt = format!(
            "{}\n\nPacket {n} went from port {from_port} to port {to_port}. What answers it?",
            before(capture, n)
        );
        let line = |from: &str, to: &str, id: &str| format!("{from} > {to}: DNS answer for {name}, id {id}");
        let end = |address: &str, port: &str| format!("{address} port {port}");
        four(
            m,
            prompt,
            (
                line(&end(&to, &to_port), &end(&from, &from_port), &id),
                format!("Addresses and ports are those of the query turned round, and its id comes back: {id}."),
            ),
            [
                (
                    line(&end(&to, &to_port), &end(&from, &from_port), &format!("0x{next:04x}")),
                    "The id is not counted on: the answer has that of its query.".to_owned(),
                ),
                (
                    line(&end(&to, &to_port), &end(&from, &to_port), &id),
                    format!(
                        "Only the server has port {to_port}; the client waits at the port it asked from, {from_port}."
                    ),
                ),
                (
                    line(&end(&to, &from_port), &end(&from, &to_port), &id),
                    "The addresses are turned round, but the ports are not.".to_owned(),
                ),
            ],
        )
    };
    capture.numbers().filter_map(answer).collect()
}
