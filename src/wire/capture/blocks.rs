//! pcapng: blocks, each with its length before and behind it, in sections of one byte order. draft-ietf-opsawg-pcapng.
use std::collections::VecDeque;

use super::order::Order;
use super::{Found, Interface, Item, MOST_BYTES, Packet, Step, Wrong, resolved};
use crate::wire::link::LinkType;
use crate::wire::pcapng::{
    BYTE_ORDER, DECRYPTION_SECRETS, Direction, ENHANCED_PACKET, EPB_FLAGS, IF_NAME, IF_TSRESOL, INTERFACE_DESCRIPTION,
    OPT_COMMENT, SECTION_HEADER, SIMPLE_PACKET, TLS_KEY_LOG,
};

/// Obsolete since 2004, and still in files.
const PACKET: u32 = 2;
const NAME_RESOLUTION: u32 = 4;
/// The flags of an obsolete packet block.
const PACK_FLAGS: u16 = 2;
const IF_TSOFFSET: u16 = 14;

/// A block's type and length before its body, and its length behind it.
const AROUND: usize = 12;
/// A file with more interfaces than this would only be one to fill the memory.
const MOST_INTERFACES: usize = 100_000;

/// The section that is being read, and what the file told before.
#[derive(Debug, Default)]
pub(super) struct Section {
    order: Order,
    /// Interfaces of earlier sections: those of this one are counted from there.
    before: usize,
    interfaces: Vec<Place>,
    /// Found in a block together, to be told one by one.
    waiting: VecDeque<Item<'static>>,
}

/// What an interface says of its packets.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Units of time in a second.
    units: u128,
    offset_s: i64,
    /// The longest packet that is kept; 0 is no limit.
    most: u32,
}

/// A block's packet, before its interface is looked up.
struct Fields {
    interface: usize,
    ticks: Option<u64>,
    captured: u32,
    length: u32,
    /// Where its bytes begin in the body.
    at: usize,
    /// The option that holds its flags.
    flags: u16,
}

impl Section {
    /// Reads the next block.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<Step, Wrong> {
        if let Some(item) = self.waiting.pop_front() {
            return Ok(Step::Found(0, Found::Told(item)));
        }
        let Some(kind) = self.order.u32_at(bytes, 0) else { return Ok(Step::Needs(AROUND)) };
        if kind == SECTION_HEADER {
            let Some(order) = bytes.get(8..12).and_then(|it| it.first_chunk()) else { return Ok(Step::Needs(AROUND)) };
            self.order = byte_order(*order)?;
        }
        let Some(length) = self.order.u32_at(bytes, 4) else { return Ok(Step::Needs(AROUND)) };
        if length % 4 != 0 || (length as usize) < AROUND {
            let text = format!(
                "this block says it has {length} bytes; a block has at least 12, and a multiple of 4: the file is damaged here; all \
                 before it was read"
            );
            return Err((4, text));
        }
        if !is_known(kind) {
            return Ok(Step::Skip(length.into()));
        }
        let size = length as usize;
        if size > MOST_BYTES {
            return Err((
                4,
                format!(
                    "this block says it has {size} bytes, more than are taken: the file is damaged here; all before it was read"
                ),
            ));
        }
        if bytes.len() < size {
            return Ok(Step::Needs(size));
        }
        if let Some(behind) = self.order.u32_at(bytes, size - 4).filter(|behind| *behind != length) {
            let text = format!(
                "this block says it has {length} bytes before its body and {behind} behind it: the file is damaged here; all before it \
                 was read"
            );
            return Err((size - 4, text));
        }
        let found = self.read(kind, &bytes[8..size - 4]).map_err(|(at, text)| (8 + at, text))?;
        Ok(match found {
            Some(Found::Packet(packet, range)) => {
                Step::Found(size, Found::Packet(packet, 8 + range.start..8 + range.end))
            }
            Some(told) => Step::Found(size, told),
            None => Step::Used(size),
        })
    }

    fn read(&mut self, kind: u32, body: &[u8]) -> Result<Option<Found>, Wrong> {
        match kind {
            SECTION_HEADER => self.begin(body),
            INTERFACE_DESCRIPTION => self.describe(body).map(|it| Some(Found::Told(Item::Interface(it)))),
            ENHANCED_PACKET | PACKET | SIMPLE_PACKET => self.packet(kind, body).map(Some),
            NAME_RESOLUTION => {
                self.waiting
                    .extend(resolved::names(body, self.order).into_iter().map(|(at, name)| Item::Name(at, name)));
                Ok(None)
            }
            _ => Ok(self.secrets(body).map(|text| Found::Told(Item::KeyLog(text)))),
        }
    }

    fn begin(&mut self, body: &[u8]) -> Result<Option<Found>, Wrong> {
        let version = self.order.u16_at(body, 4).zip(self.order.u16_at(body, 6));
        match version {
            // 1.2 was written by mistake for 1.0.
            Some((1, 0 | 2)) => {}
            Some((major, minor)) => {
                return Err((
                    4,
                    format!("this section has version {major}.{minor} of pcapng; versions 1.0 and 1.2 are read"),
                ));
            }
            None => return Err(short(0, "section header")),
        }
        self.before += self.interfaces.len();
        self.interfaces.clear();
        let options = body.get(16..).unwrap_or_default();
        self.waiting.extend(self.texts(options, OPT_COMMENT).map(Item::Comment));
        Ok(None)
    }

    fn describe(&mut self, body: &[u8]) -> Result<Interface, Wrong> {
        let (Some(link), Some(most)) = (self.order.u16_at(body, 0), self.order.u32_at(body, 4)) else {
            return Err(short(0, "interface description"));
        };
        if self.before + self.interfaces.len() >= MOST_INTERFACES {
            return Err((
                0,
                format!(
                    "there are more than {MOST_INTERFACES} interfaces in this file: it is damaged or made to do harm"
                ),
            ));
        }
        let options = body.get(8..).unwrap_or_default();
        let resolution =
            self.options(options).find(|(code, _)| *code == IF_TSRESOL).and_then(|(_, value)| value.first());
        let offset =
            self.options(options).find(|(code, _)| *code == IF_TSOFFSET).and_then(|(_, value)| self.order.i64(value));
        let units = units(resolution.copied().unwrap_or(6));
        self.interfaces.push(Place { units, offset_s: offset.unwrap_or(0), most });
        let name = self.texts(options, IF_NAME).next().unwrap_or_default();
        Ok(Interface { name, link: LinkType::of(link) })
    }

    fn packet(&self, kind: u32, body: &[u8]) -> Result<Found, Wrong> {
        let fields = match kind {
            ENHANCED_PACKET => self.enhanced(body),
            PACKET => self.obsolete(body),
            _ => self.simple(body),
        };
        let fields = fields.ok_or_else(|| short(0, "packet"))?;
        let Some(place) = self.interfaces.get(fields.interface) else {
            let there = match self.interfaces.len() {
                0 => "none is described before it".to_owned(),
                count => format!("the section describes {count}"),
            };
            let text = format!(
                "this packet is of interface {}, and {there}: the file is damaged here; all before it was read",
                fields.interface
            );
            return Err((0, text));
        };
        let end = fields.at + fields.captured as usize;
        if end > body.len() {
            let text = format!(
                "this packet says it has {} bytes, and its block has room for {}: the file is damaged here; all before it was read",
                fields.captured,
                body.len() - fields.at
            );
            return Err((fields.at, text));
        }
        let options = body.get(end.next_multiple_of(4)..).unwrap_or_default();
        let packet = Packet {
            interface: self.before + fields.interface,
            at_ns: fields.ticks.map(|ticks| place.nanoseconds(ticks)),
            direction: self.direction(options, fields.flags),
            length: fields.length.max(fields.captured),
            bytes: &[],
            offset: 0,
            comment: self.comment(options),
        };
        Ok(Found::Packet(packet, fields.at..end))
    }

    fn enhanced(&self, body: &[u8]) -> Option<Fields> {
        let number = |at| self.order.u32_at(body, at);
        let ticks = u64::from(number(4)?) << 32 | u64::from(number(8)?);
        Some(Fields {
            interface: number(0)? as usize,
            ticks: Some(ticks),
            captured: number(12)?,
            length: number(16)?,
            at: 20,
            flags: EPB_FLAGS,
        })
    }

    fn obsolete(&self, body: &[u8]) -> Option<Fields> {
        let interface = self.order.u16_at(body, 0)?.into();
        Some(Fields { interface, flags: PACK_FLAGS, ..self.enhanced(body)? })
    }

    /// It says neither its interface, which is the first, nor how much of it was kept.
    fn simple(&self, body: &[u8]) -> Option<Fields> {
        let length = self.order.u32_at(body, 0)?;
        let most = self.interfaces.first().map_or(0, |it| it.most);
        let captured = if most == 0 { length } else { length.min(most) };
        // Files that say no limit and keep less are not rare: the block has the last word.
        let room = u32::try_from(body.len() - 4).unwrap_or(u32::MAX);
        Some(Fields { interface: 0, ticks: None, captured: captured.min(room), length, at: 4, flags: 0 })
    }

    fn direction(&self, options: &[u8], flags: u16) -> Option<Direction> {
        let (_, value) = self.options(options).find(|(code, _)| flags != 0 && *code == flags)?;
        match self.order.u32_at(value, 0)? & 3 {
            1 => Some(Direction::In),
            2 => Some(Direction::Out),
            _ => None,
        }
    }

    fn comment(&self, options: &[u8]) -> Option<String> {
        let all: Vec<String> = self.texts(options, OPT_COMMENT).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }

    fn secrets(&self, body: &[u8]) -> Option<String> {
        let kind = self.order.u32_at(body, 0)?;
        let length = self.order.u32_at(body, 4)? as usize;
        let text = body.get(8..)?;
        let text = &text[..length.min(text.len())];
        (kind == TLS_KEY_LOG).then(|| String::from_utf8_lossy(text).into_owned())
    }

    /// Codes with their values, up to the end or to what is damaged.
    fn options<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let order = self.order;
        let mut rest = bytes;
        std::iter::from_fn(move || {
            let code = order.u16_at(rest, 0).filter(|code| *code != 0)?;
            let length = usize::from(order.u16_at(rest, 2)?);
            let value = rest.get(4..4 + length)?;
            rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
            Some((code, value))
        })
    }

    fn texts<'a>(&self, options: &'a [u8], wanted: u16) -> impl Iterator<Item = String> + use<'a> {
        let found = self.options(options).filter(move |(code, _)| *code == wanted);
        found.map(|(_, value)| String::from_utf8_lossy(value).trim_end_matches('\0').to_owned())
    }
}

impl Place {
    /// Nanoseconds since 1970 of so many units; what lies outside of what can be said becomes its end.
    fn nanoseconds(self, ticks: u64) -> u64 {
        let since = u128::from(ticks) * 1_000_000_000 / self.units;
        let since =
            i128::try_from(since).unwrap_or(i128::MAX).saturating_add(i128::from(self.offset_s) * 1_000_000_000);
        u64::try_from(since.max(0)).unwrap_or(u64::MAX)
    }
}

/// How many units of time are a second: 10 or 2 to the power that is given.
fn units(resolution: u8) -> u128 {
    let power = u32::from(resolution & 0x7f);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(power).unwrap_or(u128::MAX)
}

const fn is_known(kind: u32) -> bool {
    matches!(
        kind,
        SECTION_HEADER
            | INTERFACE_DESCRIPTION
            | PACKET
            | SIMPLE_PACKET
            | NAME_RESOLUTION
            | ENHANCED_PACKET
            | DECRYPTION_SECRETS
    )
}

fn byte_order(bytes: [u8; 4]) -> Result<Order, Wrong> {
    let found = [Order::Little, Order::Big].into_iter().find(|order| order.u32(bytes) == BYTE_ORDER);
    found.ok_or_else(|| {
        (8, "this section does not say its byte order (1a 2b 3c 4d or 4d 3c 2b 1a): the file is damaged here; all before it was read".to_owned())
    })
}

fn short(at: usize, what: &str) -> Wrong {
    (
        at,
        format!(
            "this {what} block is too short for what every such block has: the file is damaged here; all before it was read"
        ),
    )
}
