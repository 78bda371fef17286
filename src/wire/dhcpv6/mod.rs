//! DHCPv6: addresses, prefixes and settings for IPv6 hosts that do not make them themselves. RFC 8415.
mod options;

use super::reader::{Reader, Words};
use super::walk::Facts;

const SOURCE: &str = "RFC 8415 §8";
const RELAY: &str = "RFC 8415 §9";

const TYPE: Words = Words::new("dhcpv6.msgtype", "Message type", SOURCE, "Which step of the conversation this is.");
const TRANSACTION: Words = Words::new(
    "dhcpv6.xid",
    "Transaction id",
    SOURCE,
    "Drawn at random by the client; the answer repeats it, so that the two can be matched.",
);
const HOPS: Words = Words::new(
    "dhcpv6.hopcount",
    "Hops",
    RELAY,
    "How many relays have handed the message on, so that it cannot go in circles.",
);
const LINK: Words = Words::new(
    "dhcpv6.linkaddr",
    "Link address",
    RELAY,
    "An address of the client's link: the server learns from which range to give.",
);
const PEER: Words = Words::new(
    "dhcpv6.peeraddr",
    "Peer address",
    RELAY,
    "Whom the relay got the message from, and hands the answer to.",
);

/// A relayed message is inside an option of another; more of them than this are not looked into.
pub(super) const DEEPEST: usize = 4;

/// Reads the message.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    facts.summary = "DHCPv6".to_owned();
    facts.summary = read_message(r, 0)?;
    Some(())
}

/// Reads a message that is inside so many others; the message in a line.
fn read_message(r: &mut Reader<'_>, depth: usize) -> Option<String> {
    let kind = r.u8(&TYPE)?;
    let name = message_name(kind);
    r.means(name);
    let mut said = Vec::new();
    // RFC 8415 §7.3: Relay-forward and Relay-reply.
    if matches!(kind, 12 | 13) {
        r.u8(&HOPS)?;
        r.ipv6(&LINK)?;
        let peer = r.ipv6(&PEER)?;
        options::read(r, depth, &mut said);
        return Some(format!("DHCPv6 {name} of {peer}: {}", said.join(" ")));
    }
    let transaction = r.number(&TRANSACTION, 24)?;
    r.says(format_args!("{transaction:#08x}"));
    options::read(r, depth, &mut said);
    let said: String = said.iter().map(|it| format!(" {it}")).collect();
    Some(format!("DHCPv6 {name}{said} xid={transaction:#08x}"))
}

/// RFC 8415 §7.3.
const fn message_name(kind: u8) -> &'static str {
    match kind {
        1 => "Solicit",
        2 => "Advertise",
        3 => "Request",
        4 => "Confirm",
        5 => "Renew",
        6 => "Rebind",
        7 => "Reply",
        8 => "Release",
        9 => "Decline",
        10 => "Reconfigure",
        11 => "Information-request",
        12 => "Relay-forward",
        13 => "Relay-reply",
        _ => "another message",
    }
}
