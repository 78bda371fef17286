//! ARP: which MAC address has this IP address. RFC 826.
use std::net::Ipv4Addr;

use super::ethernet;
use super::reader::{Reader, Words};
use super::walk::{Claim, Facts};

const SOURCE: &str = "RFC 826, Packet format";

const HARDWARE: Words = Words::new(
    "arp.hw.type",
    "Hardware type",
    SOURCE,
    "ARP was made for any pair of address kinds; this says what kind the link's addresses are.",
);
const PROTOCOL: Words = Words::new(
    "arp.proto.type",
    "Protocol type",
    SOURCE,
    "The kind of address asked about, with the same numbers as Ethernet's type field.",
);
const HARDWARE_SIZE: Words = Words::new(
    "arp.hw.size",
    "Hardware address size",
    SOURCE,
    "How many bytes a hardware address takes, so that a program that does not know the kind can still find the fields.",
);
const PROTOCOL_SIZE: Words = Words::new(
    "arp.proto.size",
    "Protocol address size",
    SOURCE,
    "How many bytes a protocol address takes: 4 for IPv4.",
);
const OPCODE: Words = Words::new(
    "arp.opcode",
    "Operation",
    SOURCE,
    "Question and answer have the same layout; only this tells them apart.",
);
const SENDER_MAC: Words = Words::new(
    "arp.src.hw_mac",
    "Sender MAC address",
    SOURCE,
    "The asker gives its own address along, so that the answer needs no question back and listeners can learn it.",
);
const SENDER_IP: Words = Words::new(
    "arp.src.proto_ipv4",
    "Sender IP address",
    SOURCE,
    "With the sender's MAC address it makes the pair that goes into the receiver's ARP table.",
);
const TARGET_MAC: Words = Words::new(
    "arp.dst.hw_mac",
    "Target MAC address",
    SOURCE,
    "In a question it is what is being asked for, so it is left empty; in an answer it is the asker.",
);
const TARGET_IP: Words = Words::new(
    "arp.dst.proto_ipv4",
    "Target IP address",
    SOURCE,
    "In a question: the address whose owner shall answer. Everyone on the link hears it, only the owner replies.",
);
const SENDER_HW: Words = Words::new("arp.src.hw", "Sender hardware address", SOURCE, SENDER_MAC.why);
const SENDER_PROTO: Words = Words::new("arp.src.proto", "Sender protocol address", SOURCE, SENDER_IP.why);
const TARGET_HW: Words = Words::new("arp.dst.hw", "Target hardware address", SOURCE, TARGET_MAC.why);
const TARGET_PROTO: Words = Words::new("arp.dst.proto", "Target protocol address", SOURCE, TARGET_IP.why);

/// Reads the packet, whose length its own sizes give.
pub(super) fn read(r: &mut Reader<'_>, facts: &mut Facts) -> Option<()> {
    facts.summary = "ARP".to_owned();
    let hardware = r.u16(&HARDWARE)?;
    r.means(if hardware == 1 { "Ethernet" } else { "not Ethernet" });
    let protocol = r.hex16(&PROTOCOL)?;
    r.means(if protocol == 0x0800 { "IPv4" } else { "not IPv4" });
    let hardware_size = r.u8(&HARDWARE_SIZE)?;
    let protocol_size = r.u8(&PROTOCOL_SIZE)?;
    let operation = r.u16(&OPCODE)?;
    r.means(operation_name(operation));
    let size = 8 + 2 * (usize::from(hardware_size) + usize::from(protocol_size));
    r.ends_after(size);
    if (hardware, protocol, hardware_size, protocol_size) == (1, 0x0800, 6, 4) {
        addresses(r, operation, facts)
    } else {
        facts.summary = format!("ARP {} of another kind of address", operation_name(operation));
        let kinds = ((hardware, hardware_size), (protocol, protocol_size));
        others(r, kinds, [(&SENDER_MAC, &SENDER_HW), (&SENDER_IP, &SENDER_PROTO)])?;
        others(r, kinds, [(&TARGET_MAC, &TARGET_HW), (&TARGET_IP, &TARGET_PROTO)])
    }
}

/// One end's two addresses, each by its own kind and size: a name for those that are as usual, and one for all others.
fn others(
    r: &mut Reader<'_>,
    (hardware, protocol): ((u16, u8), (u16, u8)),
    [(mac, other_hardware), (ip, other_protocol)]: [(&Words, &Words); 2],
) -> Option<()> {
    match hardware {
        (1, 6) => ethernet::address(r, mac).map(drop)?,
        // A size of 0 leaves no field to speak of.
        (_, size) => r.raw(other_hardware, size.into()).map(drop)?,
    }
    match protocol {
        (0x0800, 4) => r.ipv4(ip).map(drop),
        (_, size) => r.raw(other_protocol, size.into()).map(drop),
    }
}

const fn operation_name(operation: u16) -> &'static str {
    match operation {
        1 => "request",
        2 => "reply",
        3 => "RARP request",
        4 => "RARP reply",
        _ => "unknown operation",
    }
}

fn addresses(r: &mut Reader<'_>, operation: u16, facts: &mut Facts) -> Option<()> {
    let mac = ethernet::address(r, &SENDER_MAC)?;
    let sender = r.ipv4(&SENDER_IP)?;
    ethernet::address(r, &TARGET_MAC)?;
    let target = r.ipv4(&TARGET_IP)?;
    // RFC 5227 §2.1.1: a probe has no sender address yet.
    if sender != Ipv4Addr::UNSPECIFIED {
        facts.claim = Some(Claim { address: sender.into(), mac: mac.clone() });
    }
    // RFC 5227 §1.1 (probe), §3 (gratuitous ARP).
    facts.summary = match operation {
        1 if sender == Ipv4Addr::UNSPECIFIED => {
            r.because("A host that is about to take this address asks whether someone has it already (a probe).");
            format!("ARP Who has {target}? (probe)")
        }
        1 if sender == target => {
            r.because(
                "Asking for its own address, a host tells everyone the pair and finds out whether another answers.",
            );
            format!("ARP Announcement for {target}")
        }
        1 => format!("ARP Who has {target}? Tell {sender}"),
        2 => {
            r.because("The host that asked: the answer goes to it alone.");
            format!("ARP {sender} is at {mac}")
        }
        _ => format!("ARP {} {sender} > {target}", operation_name(operation)),
    };
    Some(())
}
