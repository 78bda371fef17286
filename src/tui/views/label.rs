//! A packet in a few words, for arrows and topologies, and the look of its protocol.
use ratatui::style::Style;

use crate::recording::{Fate, Meddling, Packet, Time};
use crate::tui::theme::Theme;
use crate::wire::text::visible;

/// The packet's summary, shortened: `SYN-ACK`, `data 200 B`, `ARP who has 10.0.1.1?`.
pub(crate) fn short(packet: &Packet) -> String {
    let summary = visible(&packet.summary);
    let summary = inner(&summary);
    let Some((protocol, rest)) = summary.split_once(' ') else { return summary };
    match protocol {
        "TCP" => segment(rest).unwrap_or(summary),
        "UDP" => match number(rest, "Len=") {
            Some(length) => format!("UDP {length} B"),
            None => summary,
        },
        "ARP" => format!("ARP {}", rest.split(" Tell ").next().unwrap_or(rest).replace("Who has", "who has")),
        "HTTP" => format!("HTTP {}", rest.trim_end_matches(" HTTP/1.1")),
        "ICMP" => format!("ICMP {}", rest.split(" id=").next().unwrap_or(rest)),
        _ => summary,
    }
}

/// What was opened, without the records and packets that only carried it: `HTTP2 HEADERS[1]: GET /`.
pub(crate) fn inner(summary: &str) -> String {
    let told: Vec<&str> = summary.split("; ").filter(|it| !is_carrier(it)).collect();
    if told.is_empty() { summary.to_owned() } else { told.join("; ") }
}

/// Whether it is a wrapping that says nothing of what is in it.
fn is_carrier(part: &str) -> bool {
    let all = |parts: &str, names: &[&str]| parts.split(", ").all(|it| names.iter().any(|name| it.starts_with(name)));
    if let Some(records) = part.strip_prefix("TLS ") {
        return all(records, &["Application Data"]);
    }
    let is_data = part.starts_with("QUIC 1-RTT ") || part.starts_with("QUIC 0-RTT ");
    let frames = part.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    is_data && frames.is_some_and(|it| it.contains("STREAM ") && all(it, &["STREAM ", "ACK", "PADDING"]))
}

/// Only the protocol, where the rest would give something away.
pub(crate) fn protocol(packet: &Packet) -> String {
    visible(packet.summary.split(' ').next().unwrap_or_default())
}

fn segment(rest: &str) -> Option<String> {
    let flags = rest.split_once('[')?.1.split_once(']')?.0;
    let data = number(rest, "Len=").filter(|length| *length > 0);
    let flags: Vec<&str> = flags.split(',').map(str::trim).filter(|flag| *flag != "PSH").collect();
    Some(match (flags.join("-"), data) {
        (flags, Some(length)) if flags == "ACK" => format!("data {length} B"),
        (flags, Some(length)) => format!("{flags} +{length} B"),
        (flags, None) if flags.is_empty() => "TCP".to_owned(),
        (flags, None) => flags,
    })
}

fn number(text: &str, before: &str) -> Option<usize> {
    let digits = text.split_once(before)?.1;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The look of the packet's innermost protocol.
pub(crate) fn style(packet: &Packet, theme: &Theme) -> Style {
    let protocol = packet.summary.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    theme.layer(&protocol)
}

/// What became of it: a sign, and words where it did not simply arrive.
pub(crate) fn fate(packet: &Packet) -> (&'static str, String) {
    match &packet.fate {
        Fate::Delivered if packet.arrived.is_some() => ("→", String::new()),
        Fate::Delivered => ("→", "still on its way when the run ended".to_owned()),
        Fate::Lost(model) => ("╳", format!("lost: {}", visible(model))),
        Fate::QueueFull => ("╳", "the queue was full".to_owned()),
        Fate::Meddled(Meddling::Drop) => ("╳", "dropped by you".to_owned()),
        Fate::Meddled(Meddling::Delay(by)) => ("▸", format!("delayed by you: {}", Time::ZERO + *by)),
        Fate::Meddled(Meddling::Duplicate) => ("»", "doubled by you".to_owned()),
        Fate::Copy { of } => ("»", format!("a copy of packet {of}, made by the link")),
    }
}

/// How far a packet is on its way at an instant, in ppm; `None` before it leaves and once it is over.
pub(crate) fn progress(packet: &Packet, cursor: Time) -> Option<u32> {
    let arrived = packet.arrived?;
    if cursor < packet.at || cursor >= arrived {
        return None;
    }
    let (gone, whole) = (cursor.since(packet.left).as_nanos(), arrived.since(packet.left).as_nanos());
    u32::try_from((gone * 1_000_000).checked_div(whole)?).ok()
}

/// What was done to a packet: `packet 4 dropped`.
pub(crate) fn meddling(intervention: &crate::recording::Intervention) -> String {
    let done = match intervention.action {
        Meddling::Drop => "dropped".to_owned(),
        Meddling::Delay(by) => format!("delayed {}", Time::ZERO + by),
        Meddling::Duplicate => "doubled".to_owned(),
    };
    format!("packet {} {done}", intervention.packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_become_labels() {
        let short =
            |summary: &str| short(&Packet { summary: summary.to_owned(), ..crate::tui::views::fixture::packet() });
        assert_eq!(short("TCP 49152 > 80 [SYN] Seq=0 Win=64240 Len=0 MSS=1460"), "SYN");
        assert_eq!(short("TCP 80 > 49152 [SYN, ACK] Seq=0 Ack=1 Win=64240 Len=0"), "SYN-ACK");
        assert_eq!(short("TCP 80 > 49152 [PSH, ACK] Seq=0 Ack=1 Win=64240 Len=200"), "data 200 B");
        assert_eq!(short("TCP 80 > 49152 [FIN, ACK] Seq=0 Ack=1 Win=64240 Len=9"), "FIN-ACK +9 B");
        assert_eq!(short("ARP Who has 10.0.0.2? Tell 10.0.0.1"), "ARP who has 10.0.0.2?");
        assert_eq!(short("HTTP GET /index.html HTTP/1.1"), "HTTP GET /index.html");
        assert_eq!(short("UDP 40000 > 7 Len=5"), "UDP 5 B");
        assert_eq!(short("ICMP Echo request id=1 seq=1"), "ICMP Echo request");
        assert_eq!(short("\x1b[2J"), "\\x1b[2J");
        assert_eq!(
            short("TLS Application Data (44 bytes); HTTP2 HEADERS[1]: GET /, end"),
            "HTTP2 HEADERS[1]: GET /, end"
        );
        assert_eq!(short("QUIC 1-RTT 1 [STREAM 0]; HTTP3 HEADERS[0]: GET /"), "HTTP3 HEADERS[0]: GET /");
        let records = "TLS Application Data (9 bytes); HTTP2 SETTINGS[0], ack; TLS Application Data (71 bytes); HTTP2 HEADERS[1]: 103";
        assert_eq!(short(records), "HTTP2 SETTINGS[0], ack; HTTP2 HEADERS[1]: 103");
        let alone = "TLS Application Data (3002 bytes)";
        assert_eq!(short(alone), alone);
        let closes = "QUIC 1-RTT 5 [STREAM 0, CONNECTION_CLOSE]; HTTP3 DATA[0]";
        assert_eq!(short(closes), closes, "a frame that is no mere carrier stays");
        let hello = "QUIC Initial 0 [CRYPTO]; TLS Client Hello";
        assert_eq!(short(hello), hello, "what opens a connection keeps its packet");
    }
}
