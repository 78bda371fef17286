//! Reads captures: pcap of either byte order, in micro- or nanoseconds, and pcapng. IETF draft-ietf-opsawg-pcap and -pcapng.
//!
//! Bytes are pushed in as they come, from a file, a pipe or what was compressed; what they hold comes out, a thing at a time. No
//! more than one record or block is held. A capture that is damaged or cut gives all that stands before, then one [`Fault`].
//! The writer is [`super::pcapng`].
mod blocks;
pub mod copy;
mod ends;
pub mod growing;
mod index;
pub mod indexer;
mod order;
mod pieces;
mod records;
mod resolved;
mod sealed;
pub mod statistics;
pub mod study;
pub mod talk;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::ops::Range;

use super::link::LinkType;
use super::pcapng::{Direction, SECTION_HEADER};
use super::text::hex_start;
use blocks::Section;
pub use ends::ends;
use order::Order;
use records::Records;

/// A packet or a block with more bytes than this is refused: no link carries it, and it would have to be held.
pub const MOST_BYTES: usize = 16 << 20;

/// What a capture holds, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A place of capture; packets name it by its index among all of the file.
    Interface(Interface),
    Packet(Packet<'a>),
    /// What was noted about the whole section.
    Comment(String),
    /// What opens connections, as lines of a TLS key log.
    KeyLog(String),
    /// An address and a name it had when the capture was made.
    Name(IpAddr, String),
}

/// A place of capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// As its maker named it; empty where it has no name.
    pub name: String,
    pub link: LinkType,
}

/// A packet as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Index among the interfaces of the file.
    pub interface: usize,
    /// Nanoseconds since 1970; not every kind of block has a time.
    pub at_ns: Option<u64>,
    pub direction: Option<Direction>,
    /// How long it was on the wire, of which `bytes` may be the start.
    pub length: u32,
    /// From its link header on, as [`Interface::link`] says.
    pub bytes: &'a [u8],
    /// Where they begin in the file, uncompressed.
    pub offset: u64,
    pub comment: Option<String>,
}

/// Why a capture cannot be read, or not further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {text}")]
pub struct Fault {
    /// Where in the file, uncompressed.
    pub offset: u64,
    /// What is wrong there, and what can be done.
    pub text: String,
}

/// Reads one capture.
#[derive(Debug, Default)]
pub struct Reader {
    /// What came and was not used yet, from `at` on.
    held: Vec<u8>,
    at: usize,
    /// Of the byte at `at`, in the file.
    offset: u64,
    /// Bytes of a block nobody needs that are still to come.
    skip: u64,
    ended: bool,
    form: Form,
}

/// What kind of file it is.
#[derive(Debug, Default)]
enum Form {
    #[default]
    Unknown,
    Records(Records),
    Blocks(Section),
    /// A fault was told: nothing more comes.
    Over,
}

/// What the next bytes are.
enum Step {
    /// There are not enough of them: at least so many are needed.
    Needs(usize),
    /// They hold nothing to tell.
    Used(usize),
    /// So many are of no use, here or still to come.
    Skip(u64),
    Found(usize, Found),
    /// The start of the file says which kind it is.
    Is(usize, Form),
}

/// An [`Item`] whose packet still lies in the bytes that were read.
enum Found {
    Told(Item<'static>),
    Packet(Packet<'static>, Range<usize>),
}

/// What is wrong, and so many bytes behind the start of the step.
type Wrong = (usize, String);

impl Reader {
    /// Takes the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.drain(..self.at);
        self.at = 0;
        self.held.extend_from_slice(bytes);
    }

    /// Says that no more bytes come.
    pub const fn end(&mut self) {
        self.ended = true;
    }

    /// The next thing; none when more bytes are needed first, or when all was told.
    ///
    /// # Errors
    /// When the bytes are no capture, or damaged, or end too early; after that nothing comes.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Fault> {
        loop {
            self.drop_skipped();
            if self.skip > 0 {
                return if self.ended { Err(self.fault(0, cut_text(self.skip))) } else { Ok(None) };
            }
            let rest = &self.held[self.at..];
            let step = match &mut self.form {
                Form::Unknown => begin(rest),
                Form::Records(file) => file.step(rest),
                Form::Blocks(section) => section.step(rest),
                Form::Over => return Ok(None),
            };
            match step {
                Err((behind, text)) => return Err(self.fault(behind, text)),
                Ok(Step::Needs(_)) if !self.ended || self.is_done() => return Ok(None),
                Ok(Step::Needs(bytes)) => return Err(self.cut(bytes)),
                Ok(Step::Used(bytes)) => self.advance(bytes),
                Ok(Step::Skip(bytes)) => self.skip = bytes,
                Ok(Step::Is(bytes, form)) => {
                    self.form = form;
                    self.advance(bytes);
                }
                Ok(Step::Found(bytes, Found::Told(item))) => {
                    self.advance(bytes);
                    return Ok(Some(item));
                }
                Ok(Step::Found(bytes, Found::Packet(packet, range))) => {
                    let (from, offset) = (self.at, self.offset + range.start as u64);
                    self.advance(bytes);
                    let bytes = &self.held[from + range.start..from + range.end];
                    return Ok(Some(Item::Packet(Packet { bytes, offset, ..packet })));
                }
            }
        }
    }

    fn drop_skipped(&mut self) {
        let here = self.skip.min((self.held.len() - self.at) as u64);
        self.advance(usize::try_from(here).unwrap_or(usize::MAX));
        self.skip -= here;
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.offset += bytes as u64;
    }

    /// Whether the file ends where a record or a block does.
    const fn is_done(&self) -> bool {
        self.at == self.held.len() && !matches!(self.form, Form::Unknown)
    }

    fn cut(&mut self, needed: usize) -> Fault {
        let there = self.held.len() - self.at;
        if matches!(self.form, Form::Unknown) {
            let what = if there == 0 { "it is empty" } else { "it ends within the header of the file" };
            return self.fault(0, format!("this is no whole capture: {what}"));
        }
        self.fault(0, cut_text(needed.saturating_sub(there) as u64))
    }

    fn fault(&mut self, behind: usize, text: String) -> Fault {
        self.form = Form::Over;
        self.held.clear();
        (self.at, self.skip) = (0, 0);
        Fault { offset: self.offset + behind as u64, text }
    }
}

fn cut_text(missing: u64) -> String {
    let bytes = if missing == 1 { "byte is" } else { "bytes are" };
    format!("the file was cut within what begins here, {missing} {bytes} missing; all before it was read")
}

/// What the first bytes say.
fn begin(bytes: &[u8]) -> Result<Step, Wrong> {
    let Some(magic) = bytes.first_chunk::<4>() else { return Ok(Step::Needs(4)) };
    if u32::from_be_bytes(*magic) == SECTION_HEADER {
        return Ok(Step::Is(0, Form::Blocks(Section::default())));
    }
    if let Some(text) = another(magic) {
        return Err((0, text));
    }
    for order in [Order::Little, Order::Big] {
        if let Some(nanoseconds) = records::magic(order.u32(*magic)).map_err(|text| (0, text))? {
            return records::header(bytes, order, nanoseconds);
        }
    }
    let text = format!(
        "this is no capture: it begins with {}; a pcap file begins with d4 c3 b2 a1 or a1 b2 c3 d4 (4d 3c b2 a1 or a1 b2 3c 4d \
         with nanoseconds), a pcapng file with 0a 0d 0d 0a",
        hex_start(magic, 4)
    );
    Err((0, text))
}

/// Files that are no capture here but one elsewhere, or hold one.
fn another(magic: &[u8; 4]) -> Option<String> {
    let unpack = |name: &str, tool: &str| {
        format!("this file is compressed with {name}: open it with `{tool} FILE | roundtrip packets -`")
    };
    let convert = |name: &str| {
        format!(
            "this is a capture in the format of {name}, which is not read: convert it with `editcap FILE new.pcapng`"
        )
    };
    match magic {
        [0x1f, 0x8b, ..] => Some(unpack("gzip, twice", "zcat")),
        [0x28, 0xb5, 0x2f, 0xfd] => Some(unpack("zstd", "zstdcat")),
        [0x04, 0x22, 0x4d, 0x18] => Some(unpack("LZ4", "lz4cat")),
        [0xfd, b'7', b'z', b'X'] => Some(unpack("xz", "xzcat")),
        [b'B', b'Z', b'h', _] => Some(unpack("bzip2", "bzcat")),
        [b'P', b'K', 3, 4] => Some(unpack("zip", "unzip -p")),
        b"snoo" => Some(convert("snoop (RFC 1761)")),
        b"GMBU" | b"RTSS" => Some(convert("Microsoft Network Monitor")),
        b"TRSN" | b"XCP\0" => Some(convert("Network General's Sniffer")),
        _ => None,
    }
}
