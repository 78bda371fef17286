//! Fields of a segment, hidden: each follows from the segments before it or from the other fields.
use super::capture::{Capture, Tcp, block, in_order, way};
use super::chance::Chance;
use super::{Exercise, Form, Gap, Lacks};
use crate::wire::analysis::Flow;

/// Segments shown before the one whose fields are hidden.
const SHOWN: usize = 6;
/// Fields hidden.
const HIDDEN: usize = 4;
const NUMBER: &str = "a number, decimal or 0x...";

pub(super) fn make(capture: &Capture<'_>, chance: &mut Chance) -> Result<Exercise, Lacks> {
    let mut all = Vec::new();
    for flow in &capture.analysis.flows {
        let segments = capture.segments(flow);
        for at in 1..segments.len() {
            let shown = &segments[at.saturating_sub(SHOWN)..at];
            let gaps = gaps(capture, shown, &segments[at]);
            if gaps.len() >= HIDDEN {
                all.push((flow, shown.to_vec(), segments[at].clone(), gaps));
            }
        }
    }
    let lacking = || Lacks::of("no segment whose fields follow from those before it");
    // The one segment that opens the other way is as likely as all others together.
    let (opening, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, _, own, _)| own.segment.flags.syn);
    let groups: Vec<_> = [opening, others].into_iter().filter(|it| !it.is_empty()).collect();
    let group = chance.pick(&groups).ok_or_else(lacking)?;
    let (flow, shown, own, gaps) = chance.pick(group).ok_or_else(lacking)?;
    let gaps = chance.some(gaps.clone(), HIDDEN);
    Ok(asked(capture, (flow, shown, own), gaps))
}

/// A segment in the numbers of its header.
fn raw(capture: &Capture<'_>, it: &Tcp<'_>) -> String {
    let segment = &it.segment;
    let ack = if segment.flags.ack { format!(" ack={}", segment.acknowledgment) } else { String::new() };
    format!(
        "{:>4} {:>12}  {} [{}] seq={}{ack} len={}",
        it.n,
        capture.stamp(it.n),
        way(it.is_of_server()),
        segment.flags,
        segment.sequence,
        it.length()
    )
}

/// The fields that follow from what is in sight.
fn gaps(capture: &Capture<'_>, shown: &[Tcp<'_>], own: &Tcp<'_>) -> Vec<Gap> {
    let segment = &own.segment;
    let mut all = Vec::new();
    let theirs = shown.iter().rfind(|it| it.is_of_server() != own.is_of_server());
    let ours = shown.iter().rfind(|it| it.is_of_server() == own.is_of_server());
    if let Some(theirs) = theirs {
        let [from, to] = [theirs.segment.destination.1, theirs.segment.source.1].map(u32::from);
        let turned = "The ports are those of the other side's segments, turned round.";
        let source = format!("Packet {} came to port {from}; the answer goes out there.", theirs.n);
        let target = format!("Packet {} came from port {to}; the answer goes back there.", theirs.n);
        all.push(Gap::new("source port", NUMBER, from, source).near(to, turned));
        all.push(Gap::new("destination port", NUMBER, to, target).near(from, turned));
    }
    all.extend(ours.and_then(|ours| sequence(ours, own)));
    all.extend(theirs.and_then(|theirs| acknowledgment(shown, theirs, own)));
    all.extend(total_length(capture, own));
    if let (true, true, Some(theirs)) = (segment.flags.syn, segment.flags.ack, theirs) {
        let why = format!(
            "Packet {} is a SYN. It is acknowledged (ACK), and the server's own numbers begin (SYN).",
            theirs.n
        );
        all.push(
            Gap::new("flags", "the names of those that are set", "SYN, ACK", why)
                .near("ACK", "ACK alone would not say where the server's own numbers begin.")
                .near("SYN", "A SYN alone would not say that the client's has arrived."),
        );
    }
    all
}

/// Its own number goes on where its sender's last segment ends.
fn sequence(ours: &Tcp<'_>, own: &Tcp<'_>) -> Option<Gap> {
    let (begins, space) = (ours.segment.sequence, ours.space());
    let number = own.segment.sequence;
    (begins.wrapping_add(space) == number).then(|| {
        let why = format!(
            "The same side's segment before it, packet {}, began at {begins} and carried {}.",
            ours.n,
            ours.carries()
        );
        Gap::new("sequence number", NUMBER, number, why)
            .near(begins, "That is where the segment before it began; what that one carried comes on top.")
            .near(number.wrapping_add(1), "One too many: the next number is just behind the last that was used.")
            .near(number.wrapping_sub(1), "One too few: SYN and FIN take a number each.")
            .near(
                own.followed.sequence,
                "That is the relative number, counted from the SYN; the header has the whole one.",
            )
            .near(own.segment.acknowledgment, "That is the ACK number, which counts the other side's bytes.")
    })
}

fn acknowledgment(shown: &[Tcp<'_>], theirs: &Tcp<'_>, own: &Tcp<'_>) -> Option<Gap> {
    let relative = own.followed.acknowledgment?;
    if own.segment.flags.rst || in_order(shown, !own.is_of_server()) != Some(relative) {
        return None;
    }
    let (number, begins) = (own.segment.acknowledgment, theirs.segment.sequence);
    let last =
        shown.iter().rfind(|it| it.is_of_server() != own.is_of_server() && it.end() == relative && it.space() > 0);
    let why = last.map_or_else(
        || format!("The other side's bytes have come in order up to {number}, and nothing further without a gap."),
        |last| {
            format!(
                "Packet {} began at {} and carried {}: the next number is {number}.",
                last.n,
                last.segment.sequence,
                last.carries()
            )
        },
    );
    Some(
        Gap::new("ACK number", NUMBER, number, why)
            .near(begins, "That is where the last segment began; what it carried comes on top.")
            .near(
                number.wrapping_sub(1),
                "That is the last number that has come; the ACK names the next one. SYN and FIN take one each.",
            )
            .near(number.wrapping_add(20), "That counts 20 bytes of header; only data, SYN and FIN take numbers.")
            .near(relative, "That is the relative number, counted from the SYN; the header has the whole one.")
            .near(own.segment.sequence, "That is its own sequence number; ACK counts what the other side sent."),
    )
}

/// The length in the IP header: that header, TCP's, and the data.
fn total_length(capture: &Capture<'_>, own: &Tcp<'_>) -> Option<Gap> {
    let decoded = capture.decoded(own.n);
    let [ip, tcp] = ["ip", "tcp"].map(|name| decoded.layer(name).map(|it| it.bytes.len()));
    let (ip, tcp, data) = (ip?, tcp?, own.followed.length);
    let total: usize = decoded.field("ip.len")?.value.parse().ok()?;
    (total == ip + tcp + data).then(|| {
        let why = format!("{ip} bytes of IP header, {tcp} of TCP header, {data} of data.");
        Gap::new("IP total length", NUMBER, total, why)
            .near(data, "That is the data alone; the IP header counts all that follows from its own first byte on.")
            .near(tcp + data, "Without the IP header itself; it counts, too.")
            .near(ip + data, "Without the TCP header.")
            .near(total + 14, "That is the frame: the 14 bytes of Ethernet lie outside the IP packet.")
    })
}

fn asked(capture: &Capture<'_>, (flow, shown, own): (&Flow, &[Tcp<'_>], &Tcp<'_>), gaps: Vec<Gap>) -> Exercise {
    let decoded = capture.decoded(own.n);
    let header = |name: &str| decoded.layer(name).map_or(0, |it| it.bytes.len());
    let segment = &own.segment;
    let sees = |label: &str, value: String| {
        let is_hidden = gaps.iter().any(|it| it.label == label);
        format!("  {label}: {}", if is_hidden { "?".to_owned() } else { value })
    };
    let fields = [
        format!(
            "  IP: {} > {}, header of {} bytes",
            segment.source.0,
            segment.destination.0,
            header("ip").max(header("ipv6"))
        ),
        sees("IP total length", decoded.field("ip.len").map_or_else(|| "-".to_owned(), |it| it.value.clone())),
        sees("source port", segment.source.1.to_string()),
        sees("destination port", segment.destination.1.to_string()),
        sees("sequence number", segment.sequence.to_string()),
        sees("ACK number", segment.acknowledgment.to_string()),
        sees("flags", segment.flags.to_string()),
        format!("  TCP header: {} bytes; data: {} bytes", header("tcp"), own.length()),
    ];
    let before: Vec<String> = shown.iter().map(|it| raw(capture, it)).collect();
    let lines = format!("{}\npacket {} at {}:\n{}", before.join("\n"), own.n, capture.stamp(own.n), fields.join("\n"));
    let prompt = format!(
        "{}. The numbers are those of the headers, not relative.\n\n{}\n\nWhat stands in the hidden fields?",
        Capture::told(flow),
        block(&lines)
    );
    let said: Vec<String> = gaps.iter().map(|it| format!("{} {}", it.label, it.right)).collect();
    let explanation = format!("Packet {}: {}.", own.n, said.join(", "));
    Exercise { prompt, form: Form::Fill(gaps), explanation, packet: own.n }
}
