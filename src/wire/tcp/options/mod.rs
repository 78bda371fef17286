//! The options of a TCP header: how the two sides agree on more than the fixed part can say.
mod multipath;
mod others;
mod signed;

use super::flags::Flags;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::push_number;

const SOURCE: &str = "RFC 9293 §3.1";

const OPTIONS: Words = Words::new(
    "tcp.options",
    "Options",
    SOURCE,
    "What the fixed header has no room for; most are agreed on in the SYNs and hold for the whole connection.",
);
const OPTION: Words = Words::new(
    "tcp.option",
    "Option",
    SOURCE,
    "An option this program has no words for; a receiver steps over it by its length.",
);
const KIND: Words = Words::new("tcp.option_kind", "Kind", SOURCE, "Which option it is.");
const LENGTH: Words = Words::new(
    "tcp.option_len",
    "Length",
    SOURCE,
    "The whole option with kind and length, so that unknown ones can be stepped over.",
);
const NO_OPERATION: Words = Words::new(
    "tcp.options.nop",
    "No operation",
    "RFC 9293 §3.2",
    "One byte of nothing, so that the next option's numbers begin where a processor likes to read them.",
);
const END: Words = Words::new(
    "tcp.options.eol",
    "End of options",
    "RFC 9293 §3.2",
    "Ends the list; what follows fills the header up to 4 bytes.",
);
const MSS: Words = Words::new(
    "tcp.options.mss",
    "Maximum segment size",
    "RFC 9293 §3.7.1",
    "The most data this side takes in one segment: its link's MTU less 40 bytes of IP and TCP header, so that nothing is fragmented.",
);
const MSS_VALUE: Words = Words::new("tcp.options.mss_val", "Bytes", "RFC 9293 §3.7.1", MSS.why);
const SCALE: Words = Words::new(
    "tcp.options.wscale",
    "Window scale",
    "RFC 7323 §2.2",
    "16 bits of window cap a path at 64 KiB per round trip; every later window of this side is shifted left by this much.",
);
const SHIFT: Words = Words::new("tcp.options.wscale.shift", "Shift", "RFC 7323 §2.2", SCALE.why);
const SACK_PERMITTED: Words = Words::new(
    "tcp.options.sack_perm",
    "SACK permitted",
    "RFC 2018 §2",
    "This side understands selective acknowledgments; when both say so, only what is missing has to be sent again.",
);
const SACK: Words = Words::new(
    "tcp.options.sack",
    "Selective acknowledgment",
    "RFC 2018 §3",
    "Blocks that arrived beyond a gap: the acknowledgment number cannot pass the gap, but these need not be sent again.",
);
const LEFT: Words =
    Words::new("tcp.options.sack_le", "Left edge", "RFC 2018 §3", "The first byte of a block that is there.");
const RIGHT: Words =
    Words::new("tcp.options.sack_re", "Right edge", "RFC 2018 §3", "The byte after the last of that block.");
const TIMESTAMPS: Words = Words::new(
    "tcp.options.timestamp",
    "Timestamps",
    "RFC 7323 §3.2",
    "The other side sends our number back, so each acknowledgment measures a round trip, of a retransmission too; and old \
     duplicates are recognised.",
);
const VALUE: Words = Words::new(
    "tcp.options.timestamp.tsval",
    "Value",
    "RFC 7323 §3.2",
    "The sender's clock when it sent this, in ticks of its own.",
);
const ECHO: Words = Words::new(
    "tcp.options.timestamp.tsecr",
    "Echo reply",
    "RFC 7323 §3.2",
    "The value that is being answered; it holds only when ACK is set.",
);
const UNKNOWN: Words = Words::new("tcp.options.unknown.payload", "Option data", SOURCE, OPTION.why);
const BAD: Words = Words::new(
    "_ws.malformed",
    "Unreadable",
    SOURCE,
    "An option's length leads out of the header, so the rest cannot be told apart.",
);
const FILL: Words = Words::new(
    "tcp.options.padding",
    "Padding",
    SOURCE,
    "Fills the header up to a multiple of 4 bytes, its unit of length.",
);

/// A header holds 40 bytes of options: four blocks, three beside timestamps. RFC 2018 §3.
const MOST_BLOCKS: usize = 4;

/// What the options say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::wire) struct Options {
    pub(in crate::wire) mss: Option<u16>,
    pub(in crate::wire) window_scale: Option<u8>,
    pub(in crate::wire) sack_permitted: bool,
    pub(in crate::wire) timestamps: Option<(u32, u32)>,
    pub(in crate::wire) sack: Vec<(u32, u32)>,
    /// Whether the capture kept them only in part, so that what they do not say is not known.
    pub(in crate::wire) are_cut: bool,
}

impl Options {
    /// As Wireshark ends its line: ` MSS=1460 WS=128 SACK_PERM TSval=1 TSecr=0 SLE=.. SRE=..`, the blocks counted from `base`.
    pub(in crate::wire) fn push_line(&self, line: &mut String, base: u32) {
        let Self { mss, window_scale, sack_permitted, timestamps, sack, are_cut: _ } = self;
        if let Some(mss) = mss {
            push_number(line, " MSS=", u32::from(*mss));
        }
        if let Some(shift) = window_scale {
            push_number(line, " WS=", multiplier(*shift));
        }
        if *sack_permitted {
            line.push_str(" SACK_PERM");
        }
        if let Some((value, echo)) = timestamps {
            push_number(line, " TSval=", *value);
            push_number(line, " TSecr=", *echo);
        }
        for (left, right) in sack {
            push_number(line, " SLE=", left.wrapping_sub(base));
            push_number(line, " SRE=", right.wrapping_sub(base));
        }
    }

    /// The options of a header in which nothing is odd; `None` where it takes [`read`] to tell what is what.
    pub(super) fn plain(mut bytes: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        while let Some((&kind, rest)) = bytes.split_first() {
            if kind < 2 {
                bytes = if kind == 0 { &[] } else { rest };
                continue;
            }
            let length = usize::from(*rest.first()?);
            let value = bytes.get(2..length)?;
            match (kind, value) {
                (2, [a, b]) => options.mss = Some(u16::from_be_bytes([*a, *b])),
                (3, [shift]) => options.window_scale = Some(*shift),
                (4, []) => options.sack_permitted = true,
                (5, _) if matches!(length, 10 | 18 | 26 | 34) => {
                    options.sack.extend(value.as_chunks().0.iter().map(pair))
                }
                (8, _) => options.timestamps = Some(pair(value.try_into().ok()?)),
                _ => return None,
            }
            bytes = &bytes[length..];
        }
        Some(options)
    }
}

/// Two numbers of 32 bits.
const fn pair(bytes: &[u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = *bytes;
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

/// What a window is multiplied by. RFC 7323 §2.3: shifts above 14 are taken as 14.
pub(in crate::wire) const fn multiplier(shift: u8) -> u32 {
    1 << if shift > 14 { 14 } else { shift }
}

/// Reads the options of a header of `header` bytes; those that could be read, when they are not all here.
pub(super) fn read(r: &mut Reader<'_>, header: usize, flags: Flags) -> Options {
    let mut options = Options::default();
    if header <= 20 {
        return options;
    }
    let length = header - 20;
    let there = r.left().min(length);
    r.group(&OPTIONS, |r| r.within(there, &FILL, |r| read_all(r, flags, &mut options)));
    r.says(format_args!("{there} bytes"));
    if r.keeps() {
        let mut line = String::new();
        options.push_line(&mut line, 0);
        r.means(line.trim_start());
    }
    options.are_cut = there < length;
    options
}

fn read_all(r: &mut Reader<'_>, flags: Flags, options: &mut Options) {
    while let Some(kind) = r.ahead().first().copied() {
        match kind {
            0 => {
                r.u8(&END);
                r.means("the list ends here");
                return;
            }
            1 => {
                r.u8(&NO_OPERATION);
            }
            _ => {
                let length = r.ahead().get(1).copied().map_or(0, usize::from);
                if length < 2 || length > r.left() {
                    let here = r.position();
                    let left = r.left();
                    r.problem(
                        here..here + left,
                        format_args!("option {kind} says it has {length} bytes; {left} are left"),
                    );
                    r.rest(&BAD);
                    return;
                }
                read_one(r, kind, length, flags, options);
            }
        }
    }
}

fn read_one(r: &mut Reader<'_>, kind: u8, length: usize, flags: Flags, options: &mut Options) {
    let (words, only_in_syn) = match (kind, length) {
        (2, 4) => (&MSS, true),
        (3, 3) => (&SCALE, true),
        (4, 2) => (&SACK_PERMITTED, true),
        (5, 10 | 18 | 26 | 34) => (&SACK, false),
        (8, 10) => (&TIMESTAMPS, false),
        (19, 18) => (&signed::MD5, false),
        (28, 4) => (&others::USER_TIMEOUT, false),
        (29, 4..) => (&signed::AUTHENTICATION, false),
        (30, 3..) => (&multipath::MULTIPATH, false),
        (34, 2..) => (&others::FAST_OPEN, true),
        (172 | 174, 2 | 5 | 8 | 11) => (&others::ACCURATE_ECN, false),
        (253 | 254, 4..) => (&others::EXPERIMENTAL, false),
        _ => (&OPTION, false),
    };
    let mut said = String::new();
    r.group(words, |r| {
        r.u8(&KIND)?;
        r.means(kind_name(kind));
        r.u8(&LENGTH)?;
        r.within(length - 2, &UNKNOWN, |r| {
            said = read_value(r, (kind, words.name, length), flags, options).unwrap_or_default()
        })
    });
    r.says(said);
    if words.name == OPTION.name {
        r.labelled(kind_name(kind));
        // The others have one length, or a few.
        if kind_name(kind) != kind_name(u8::MAX) {
            r.problem_back(length, format_args!("{} cannot have {length} bytes", kind_name(kind)));
        }
    } else if only_in_syn && !flags.syn {
        r.problem_back(length, format_args!("{} belongs in a SYN only", kind_name(kind)));
    }
}

/// Reads what an option carries, and says it in short.
fn read_value(
    r: &mut Reader<'_>,
    (kind, option, length): (u8, &str, usize),
    flags: Flags,
    options: &mut Options,
) -> Option<String> {
    if option == MSS.name {
        let mss = r.u16(&MSS_VALUE)?;
        options.mss = Some(mss);
        return Some(format!("{mss} bytes"));
    }
    if option == SCALE.name {
        let shift = r.u8(&SHIFT)?;
        r.means(format_args!("windows count {} times", multiplier(shift)));
        if shift > 14 {
            r.problem_back(1, "a shift above 14 is not allowed and is taken as 14");
        }
        options.window_scale = Some(shift);
        return Some(format!("times {}", multiplier(shift)));
    }
    if option == SACK_PERMITTED.name {
        options.sack_permitted = true;
        return Some("yes".to_owned());
    }
    if option == TIMESTAMPS.name {
        let (value, echo) = (r.u32(&VALUE)?, r.u32(&ECHO)?);
        options.timestamps = Some((value, echo));
        return Some(format!("{value}, answering {echo}"));
    }
    if option == SACK.name {
        for _ in 0..(length / 8).min(MOST_BLOCKS) {
            options.sack.push((r.u32(&LEFT)?, r.u32(&RIGHT)?));
        }
        return Some(format!("{} blocks", options.sack.len()));
    }
    match kind {
        _ if option == OPTION.name => Some(format!("{} bytes", length - 2)),
        19 => signed::read_md5(r),
        28 => others::read_user_timeout(r),
        29 => signed::read_authentication(r),
        30 => multipath::read(r),
        34 => others::read_fast_open(r, flags),
        172 | 174 => others::read_accurate_ecn(r, kind == 174),
        253 | 254 => others::read_experimental(r, flags),
        _ => None,
    }
}

/// IANA TCP Option Kind Numbers.
const fn kind_name(kind: u8) -> &'static str {
    match kind {
        2 => "Maximum segment size",
        3 => "Window scale",
        4 => "SACK permitted",
        5 => "Selective acknowledgment",
        8 => "Timestamps",
        19 => "MD5 signature",
        28 => "User timeout",
        29 => "TCP authentication",
        30 => "Multipath TCP",
        34 => "TCP Fast Open",
        172 | 174 => "Accurate ECN",
        253 | 254 => "An experiment",
        _ => "Unknown option",
    }
}

#[cfg(test)]
mod tests;
