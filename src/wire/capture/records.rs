//! pcap: one header, then records. draft-ietf-opsawg-pcap, File Header and Packet Record.
use super::order::Order;
use super::{Form, Found, Interface, Item, MOST_BYTES, Packet, Step, Wrong};
use crate::wire::link::LinkType;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Headers that changed the records behind them, or their meaning, without another format's name.
const MODIFIED: [(u32, &str); 4] = [
    (0xa1b2_cd34, "Alexey Kuznetzov's modified libpcap, whose records have eight more bytes"),
    (0xa1e2_cb12, "a modified libpcap of 2001, whose records nobody has written down"),
    (0x1c00_01ac, "an Ixia hardware capture"),
    (0x1c00_01ab, "an Ixia software capture"),
];

const HEADER: usize = 24;
const RECORD: usize = 16;

/// What is the same for all records of a file.
#[derive(Debug)]
pub(super) struct Records {
    order: Order,
    nanoseconds: bool,
    link: LinkType,
    /// Bytes of the frame check sequence behind each packet.
    check: usize,
    /// Whether the file's only interface was told.
    told: bool,
}

/// Whether the file counts in nanoseconds, or is a modified one; none when this is no magic number of pcap.
pub(super) fn magic(number: u32) -> Result<Option<bool>, String> {
    match number {
        MICROSECONDS => Ok(Some(false)),
        NANOSECONDS => Ok(Some(true)),
        _ => match MODIFIED.iter().find(|(modified, _)| *modified == number) {
            Some((_, whose)) => Err(format!(
                "this is no plain pcap file but that of {whose}: convert it with `editcap -F pcapng FILE new.pcapng`"
            )),
            None => Ok(None),
        },
    }
}

/// Reads the file's header.
pub(super) fn header(bytes: &[u8], order: Order, nanoseconds: bool) -> Result<Step, Wrong> {
    let (Some(major), Some(last)) = (order.u16_at(bytes, 4), order.u32_at(bytes, 20)) else {
        return Ok(Step::Needs(HEADER));
    };
    if major != 2 {
        let minor = order.u16_at(bytes, 6).unwrap_or_default();
        return Err((4, format!("this pcap file has version {major}.{minor}; only version 2 was ever in use")));
    }
    // FCS len, R, P, 10 reserved bits, then the link type.
    let has_length = last >> 26 & 1 == 1;
    let check = if has_length { (last >> 28) as usize * 2 } else { 0 };
    let link = LinkType::of((last & 0xffff) as u16);
    Ok(Step::Is(HEADER, Form::Records(Records { order, nanoseconds, link, check, told: false })))
}

impl Records {
    /// Reads the next record.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<Step, Wrong> {
        if !self.told {
            self.told = true;
            let interface = Interface { name: String::new(), link: self.link };
            return Ok(Step::Found(0, Found::Told(Item::Interface(interface))));
        }
        let number = |at| self.order.u32_at(bytes, at);
        let (Some(seconds), Some(fraction), Some(captured), Some(length)) =
            (number(0), number(4), number(8), number(12))
        else {
            return Ok(Step::Needs(RECORD));
        };
        let size = captured as usize;
        if size > MOST_BYTES {
            let text = format!(
                "this record says it holds {size} bytes, more than any packet has: the file is damaged here; all before it was read"
            );
            return Err((8, text));
        }
        if bytes.len() < RECORD + size {
            return Ok(Step::Needs(RECORD + size));
        }
        let unit = if self.nanoseconds { 1 } else { 1_000 };
        let at_ns = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * unit;
        let packet = Packet {
            interface: 0,
            at_ns: Some(at_ns),
            direction: None,
            length: length.max(captured),
            bytes: &[],
            offset: 0,
            comment: None,
        };
        // The check sequence is there only where nothing of the packet was cut off.
        let check = if captured >= length { self.check.min(size) } else { 0 };
        Ok(Step::Found(RECORD + size, Found::Packet(packet, RECORD..RECORD + size - check)))
    }
}
