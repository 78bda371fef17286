//! DHCP: an address, and all else a host needs to know about the network it has come to. RFC 2131, RFC 2132.
mod kinds;
mod options;

use super::ethernet;
use super::reader::{Reader, Words};
use super::walk::Facts;
use options::Said;

const SOURCE: &str = "RFC 2131 §2";

const OPERATION: Words = Words::new(
    "dhcp.type",
    "Operation",
    SOURCE,
    "1 from a client, 2 from a server; which message it is stands in an option, for BOOTP had only these two.",
);
const HARDWARE: Words =
    Words::new("dhcp.hw.type", "Hardware type", SOURCE, "The kind of link address, with ARP's numbers.");
const HARDWARE_LENGTH: Words =
    Words::new("dhcp.hw.len", "Hardware address length", SOURCE, "How many of the 16 bytes below are the address.");
const HOPS: Words =
    Words::new("dhcp.hops", "Hops", SOURCE, "Relay agents count here, so that a message cannot be relayed in circles.");
const TRANSACTION: Words = Words::new(
    "dhcp.id",
    "Transaction id",
    SOURCE,
    "Drawn at random by the client; everyone on the link hears the answers, so each must find its own.",
);
const SECONDS: Words = Words::new(
    "dhcp.secs",
    "Seconds elapsed",
    SOURCE,
    "How long the client has been trying: a backup server may wait until this has grown.",
);
const FLAGS: Words = Words::new("dhcp.flags", "Flags", SOURCE, "How the answer is to be sent.");
const BROADCAST: Words = Words::new(
    "dhcp.flags.bc",
    "Broadcast",
    "RFC 2131 §4.1",
    "Set by a client whose IP takes no packet for an address it does not have yet: answer to everyone.",
);
const FLAGS_RESERVED: Words = Words::new("dhcp.flags.reserved", "Reserved", SOURCE, "Kept zero.");
const CLIENT: Words = Words::new(
    "dhcp.ip.client",
    "Client address",
    SOURCE,
    "Filled in only by a client that has a valid address already and renews it.",
);
const YOUR: Words = Words::new("dhcp.ip.your", "Your address", SOURCE, "What the server offers or grants.");
const SERVER: Words = Words::new(
    "dhcp.ip.server",
    "Next server",
    SOURCE,
    "From where to load a system when booting; not who sent this: that is an option.",
);
const RELAY: Words = Words::new(
    "dhcp.ip.relay",
    "Relay agent",
    SOURCE,
    "A relay puts the address of the client's link here: the server learns which range to give from, and where to answer to.",
);
const HARDWARE_ADDRESS: Words = Words::new(
    "dhcp.hw.mac_addr",
    "Client MAC address",
    SOURCE,
    "By it the server knows the client again, unless there is a client identifier.",
);
const ADDRESS_PADDING: Words = Words::new(
    "dhcp.hw.addr_padding",
    "Padding",
    SOURCE,
    "The field has 16 bytes, whatever the link's addresses have.",
);
const OTHER_ADDRESS: Words =
    Words::new("dhcp.hw.addr", "Client hardware address", SOURCE, "The address on a link that is not Ethernet.");
const SERVER_NAME: Words = Words::new(
    "dhcp.server",
    "Server name",
    SOURCE,
    "From BOOTP, where it named the boot server; zeros today, or more options where those overflow.",
);
const FILE: Words = Words::new(
    "dhcp.file",
    "Boot file",
    SOURCE,
    "From BOOTP, the file to boot from; zeros today, or more options where those overflow.",
);
const COOKIE: Words = Words::new(
    "dhcp.cookie",
    "Magic cookie",
    "RFC 2131 §3",
    "Four fixed bytes, 99.130.83.99, that say that options follow: BOOTP had another use for this place.",
);
const VENDOR: Words =
    Words::new("dhcp.vendor", "Vendor area", "RFC 951 §3", "BOOTP's 64 bytes for what the standard did not foresee.");

/// RFC 2131 §3.
const MAGIC: [u8; 4] = [99, 130, 83, 99];

/// Reads the message.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    let operation = r.u8(&OPERATION)?;
    let (name, meaning) = if operation == 1 { ("Request", "to a server") } else { ("Reply", "to a client") };
    r.means(meaning);
    facts.summary = format!("DHCP {name}");
    let hardware = r.u8(&HARDWARE)?;
    r.means(if hardware == 1 { "Ethernet" } else { "not Ethernet" });
    let length = r.u8(&HARDWARE_LENGTH)?;
    r.u8(&HOPS)?;
    let transaction = r.u32(&TRANSACTION)?;
    r.says(format_args!("{transaction:#010x}"));
    r.u16(&SECONDS)?;
    read_flags(r)?;
    let client = r.ipv4(&CLIENT)?;
    let your = r.ipv4(&YOUR)?;
    r.ipv4(&SERVER)?;
    r.ipv4(&RELAY)?;
    read_hardware_address(r, (hardware, length))?;
    let overload = options::overload(r.ahead());
    let mut said = Said::default();
    read_reused(r, &SERVER_NAME, 64, overload & 2 != 0, &mut said)?;
    read_reused(r, &FILE, 128, overload & 1 != 0, &mut said)?;
    if r.ahead().first_chunk() != Some(&MAGIC) {
        facts.summary = format!("BOOTP {name} xid={transaction:#010x}");
        r.rest(&VENDOR);
        return Some(());
    }
    r.ipv4(&COOKIE)?;
    r.means("options follow");
    options::read(r, &options::AFTER_END, &mut said);
    let about = said.about(client, your);
    facts.summary = format!("DHCP {}{about} xid={transaction:#010x}", said.message.unwrap_or(name));
    Some(())
}

fn read_flags(r: &mut Reader<'_>) -> Option<()> {
    let word = u16::from_be_bytes(*r.ahead().first_chunk()?);
    r.group(&FLAGS, |r| {
        r.flag(&BROADCAST)?;
        r.number(&FLAGS_RESERVED, 15)
    })?;
    r.says(format_args!("{word:#06x}"));
    r.means(if word & 0x8000 == 0 { "answer to the client alone" } else { "answer to everyone on the link" });
    Some(())
}

fn read_hardware_address(r: &mut Reader<'_>, kind: (u8, u8)) -> Option<()> {
    if kind == (1, 6) {
        ethernet::address(r, &HARDWARE_ADDRESS)?;
        r.raw(&ADDRESS_PADDING, 10)?;
    } else {
        r.raw(&OTHER_ADDRESS, 16)?;
    }
    Some(())
}

/// Reads one of the two fields that hold options when the message says so.
fn read_reused(r: &mut Reader<'_>, words: &Words, length: usize, holds_options: bool, said: &mut Said) -> Option<()> {
    if r.left() < length {
        return None;
    }
    if holds_options {
        let words = Words::new("dhcp.overload", words.label, "RFC 2132 §9.3", words.why);
        let rest = &options::FIELD_PADDING;
        r.group(&words, |r| r.within(length, rest, |r| options::read(r, rest, said)))?;
        r.means("holds options: there was no more room behind the cookie");
        return Some(());
    }
    let bytes = &r.ahead()[..length];
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    r.raw(words, length)?;
    r.says(if text.is_empty() { String::new() } else { super::text::visible(text) });
    r.means(if text.is_empty() { "not given" } else { "" });
    Some(())
}
