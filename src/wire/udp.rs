//! UDP: ports and a checksum, nothing more. RFC 768.
use super::checksum;
use super::ports;
use super::quic;
use super::reader::{Reader, Words};
use super::stun;
use super::walk::{Facts, Next};

const SOURCE: &str = "RFC 768, Fields";

const FROM: Words = Words::new(
    "udp.srcport",
    "Source port",
    SOURCE,
    "The program that sent it; an answer goes back there. It may be 0 when none is wanted.",
);
const TO: Words = Words::new(
    "udp.dstport",
    "Destination port",
    SOURCE,
    "The program on the receiving host; a closed port is answered by ICMP port unreachable, not by UDP.",
);
const LENGTH: Words = Words::new(
    "udp.length",
    "Length",
    SOURCE,
    "Header and data together, so never less than 8; IP already says as much.",
);
const CHECKSUM: Words = Words::new(
    "udp.checksum",
    "Checksum",
    SOURCE,
    "Covers ports, data and, by a pseudo header, the IP addresses: a datagram at the wrong host is noticed. 0 means none was made.",
);

/// Reads the header; its port says what comes next.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<Next> {
    let from = r.u16(&FROM)?;
    r.means(ports::meaning(from));
    let to = r.u16(&TO)?;
    r.means(ports::meaning(to));
    let length = read_length(r, facts)?;
    r.ends_after(length);
    let sent = *r.ahead().first_chunk()?;
    let verdict = judge(r, facts);
    checksum::read(r, &CHECKSUM, verdict)?;
    if sent == [0, 0] {
        r.means("none: the sender left it out");
    }
    if !facts.quoted {
        facts.summary = format!("UDP {from} > {to} Len={}", length.saturating_sub(8));
    }
    Some(match (from, to) {
        (53, _) | (_, 53) if !facts.quoted => Next::Dns,
        (67 | 68, 67 | 68) if !facts.quoted => Next::Dhcp,
        (546 | 547, 546 | 547) if !facts.quoted => Next::Dhcpv6,
        (443, _) | (_, 443) if !facts.quoted && quic::begins(r.ahead()) => Next::Quic,
        // RFC 8489 §5: STUN shares its ports with other traffic and is told from it by its cookie.
        _ if !facts.quoted && stun::begins(r.ahead()) => Next::Stun,
        (3478, _) | (_, 3478) if !facts.quoted && stun::begins_channel(r.ahead()) => Next::Channel,
        _ => Next::Data("a UDP datagram"),
    })
}

/// Reads the length field and gives the length to use.
fn read_length(r: &mut Reader<'_>, facts: &mut Facts) -> Option<usize> {
    let length = usize::from(r.u16(&LENGTH)?);
    let there = r.whole().len();
    if length < 8 {
        r.problem_back(2, format_args!("a length of {length} bytes cannot be: the header alone has 8"));
        facts.incomplete = Some("the length in the UDP header is wrong");
        return Some(there);
    }
    r.means(format_args!("8 of header, {} of data", length - 8));
    if length > there && facts.incomplete.is_none() {
        r.problem_back(2, format_args!("the datagram says it has {length} bytes; {there} are here"));
        facts.incomplete = Some("part of the datagram is missing");
    }
    Some(length)
}

fn judge(r: &Reader<'_>, facts: &Facts) -> Result<checksum::Verdict, &'static str> {
    if let Some(why) = facts.incomplete {
        return Err(why);
    }
    let (Some(source), Some(destination)) = (facts.source, facts.destination) else {
        return Err("the addresses it covers are unknown");
    };
    let covered = r.whole();
    if covered.get(6..8) == Some(&[0, 0]) {
        return Err("none was made");
    }
    Ok(checksum::judge(checksum::pseudo(source, destination, 17, covered.len()), covered, 6))
}
