//! STUN's attributes: one after another, each with its type and length, padded to 4 bytes. RFC 8489 §14.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::kinds::{KINDS, Kind, Shape};
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const SOURCE: &str = "RFC 8489 §14";
const ADDRESS: &str = "RFC 8489 §14.1";
const XORED: &str = "RFC 8489 §14.2";
const ALGORITHMS: &str = "RFC 8489 §14.11";

const ATTRIBUTE: Words =
    Words::new("stun.attribute", "Attribute", SOURCE, "One fact more; who does not know it can step over it.");
const TYPE: Words = Words::new(
    "stun.att.type",
    "Attribute type",
    SOURCE,
    "Below 0x8000 the receiver must understand it or refuse the message; from there on it may pass over it.",
);
const UNKNOWN_TYPE: Words = Words::new(
    "stun.att.type.unknown",
    "Attribute type",
    SOURCE,
    "None that this program knows. Below 0x8000 the receiver must understand it or refuse the message.",
);
const LENGTH: Words =
    Words::new("stun.att.length", "Attribute length", SOURCE, "Of the value alone, before it is padded to 4 bytes.");
const PADDING: Words =
    Words::new("stun.att.padding", "Padding", SOURCE, "So that the next attribute begins at a multiple of 4 bytes.");
const RESERVED: Words = Words::new("stun.att.reserved", "Reserved", SOURCE, "Kept zero, and ignored.");
const RESERVED_BITS: Words = Words::new("stun.att.reserved_bits", "Reserved", SOURCE, "Kept zero, and ignored.");
const FAMILY: Words = Words::new("stun.att.family", "Address family", ADDRESS, "Which kind of address follows.");
const PORT: Words = Words::new("stun.att.port", "Port", ADDRESS, "A NAT may have changed it as well as the address.");
const IPV4: Words = Words::new("stun.att.ipv4", "Address", ADDRESS, "The IPv4 address.");
const IPV6: Words = Words::new("stun.att.ipv6", "Address", ADDRESS, "The IPv6 address.");
const XOR_PORT: Words = Words::new(
    "stun.att.port",
    "Port",
    XORED,
    "On the wire XORed with the first two bytes of the cookie; here it is plain.",
);
const XOR_IPV4: Words = Words::new(
    "stun.att.ipv4",
    "Address",
    XORED,
    "On the wire XORed with the cookie: NATs that look for their own addresses inside packets do not find it. Here it is plain.",
);
const XOR_IPV6: Words = Words::new(
    "stun.att.ipv6",
    "Address",
    XORED,
    "On the wire XORed with the cookie and the transaction ID; here it is plain.",
);
const CLASS: Words =
    Words::new("stun.att.error.class", "Error class", "RFC 8489 §14.8", "The hundreds of the code, 3 to 6.");
const NUMBER: Words =
    Words::new("stun.att.error", "Error number", "RFC 8489 §14.8", "The code's other two digits, 0 to 99.");
const REASON: Words =
    Words::new("stun.att.error.reason", "Reason", "RFC 8489 §14.8", "For people; programs read the code.");
const ALGORITHM: Words =
    Words::new("stun.att.pw_alg", "Algorithm", ALGORITHMS, "How a key is made of user, realm and password.");
const PARAMETERS_LENGTH: Words =
    Words::new("stun.att.pw_alg_len", "Length of the parameters", ALGORITHMS, "None have any so far.");
const PARAMETERS: Words =
    Words::new("stun.att.pw_alg_data", "Parameters", ALGORITHMS, "What the algorithm needs besides.");
const UNKNOWN: Words =
    Words::new("stun.value", "Value", SOURCE, "Of an attribute that this program does not take apart.");
const LEFT_OVER: Words = Words::new(
    "_ws.malformed",
    "Unreadable",
    SOURCE,
    "A length leads out of the attribute or of the message, so the rest cannot be told apart.",
);

/// Type and length, before each value.
const TLV: usize = 4;
/// What the CRC is XORed with: `STUN` in ASCII. RFC 8489 §14.7.
const FINGERPRINT: u32 = 0x5354_554e;

/// What addresses are XORed with: the cookie, then the transaction ID. RFC 8489 §14.2.
pub(super) struct Mask([u8; 16]);

impl Mask {
    pub(super) fn new(cookie: [u8; 4], transaction: [u8; 12]) -> Self {
        let mut mask = [0; 16];
        mask[..4].copy_from_slice(&cookie);
        mask[4..].copy_from_slice(&transaction);
        Self(mask)
    }

    fn unmasked<const N: usize>(&self, bytes: [u8; N]) -> [u8; N] {
        std::array::from_fn(|at| bytes[at] ^ self.0[at])
    }
}

/// Reads the attributes and says the most telling of them; `None` when one leads out of the message.
pub(super) fn read(r: &mut Reader<'_>, mask: &Mask) -> Option<Vec<String>> {
    let mut said = Vec::new();
    while r.left() > 0 {
        let number = u16::from_be_bytes(*r.ahead().first_chunk()?);
        let kind = KINDS.iter().find(|it| it.number == number);
        let value = r.group(&ATTRIBUTE, |r| attribute(r, kind, mask))?;
        let name = kind.map_or("unknown attribute", |it| it.name);
        r.labelled(name);
        if let Some(value) = value {
            r.says(&value);
            if kind.is_some_and(tells) {
                said.push(format!("{name} {value}"));
            }
        }
    }
    Some(said)
}

/// Whether the line about a message should have this attribute.
fn tells(kind: &Kind) -> bool {
    matches!(kind.shape, Shape::XorAddress | Shape::Address | Shape::Error | Shape::Channel)
}

/// Reads one, and gives its value in words, where it has one.
fn attribute(r: &mut Reader<'_>, kind: Option<&Kind>, mask: &Mask) -> Option<Option<String>> {
    let number = r.hex16(if kind.is_some() { &TYPE } else { &UNKNOWN_TYPE })?;
    let must = if number < 0x8000 { "must be understood" } else { "may be passed over" };
    r.means(format_args!("{}; {must}", kind.map_or("unknown", |it| it.name)));
    let length = usize::from(r.u16(&LENGTH)?);
    r.means("bytes");
    let value = r.within(length, &LEFT_OVER, |r| match kind {
        Some(kind) => value(r, kind, mask),
        None => r.raw(&UNKNOWN, length).and(Some(None)),
    })?;
    if value.is_none() {
        let end = r.position();
        r.problem(end - length..end, "the attribute's value ends in the middle of a field");
    }
    // RFC 8489 §14: to the next multiple of 4. The last of a message that is cut has less.
    let padding = (4 - length % 4) % 4;
    if padding > 0 {
        r.raw(&PADDING, padding)?;
    }
    Some(value.flatten())
}

/// Reads a value. `None`: it ends too early; `Some(None)`: there is nothing to say of it in a line.
fn value(r: &mut Reader<'_>, kind: &Kind, mask: &Mask) -> Option<Option<String>> {
    match kind.shape {
        Shape::Address => address(r, None).map(Some),
        Shape::XorAddress => address(r, Some(mask)).map(Some),
        Shape::Text => {
            let bytes = r.text(&kind.value, r.left())?;
            Some(Some(visible_start(bytes, 64)))
        }
        Shape::Bytes | Shape::Data => {
            let length = r.left();
            r.raw(&kind.value, length)?;
            Some(Some(format!("{length} bytes")))
        }
        Shape::Algorithms => algorithms(r).map(Some),
        Shape::Crc => crc(r, kind).map(|()| None),
        Shape::Error => error(r).map(Some),
        Shape::Attributes => {
            while r.left() > 0 {
                r.hex16(&kind.value)?;
            }
            Some(None)
        }
        Shape::Channel => {
            let channel = r.hex16(&kind.value)?;
            r.raw(&RESERVED, 2)?;
            Some(Some(format!("{channel:#06x}")))
        }
        Shape::Seconds => {
            let seconds = r.u32(&kind.value)?;
            r.means("seconds");
            Some(Some(format!("{seconds} s")))
        }
        Shape::Family => {
            let family = r.u8(&kind.value)?;
            r.means(family_name(family));
            r.raw(&RESERVED, 3)?;
            Some(Some(family_name(family).to_owned()))
        }
        Shape::EvenPort => {
            r.flag(&kind.value)?;
            r.number(&RESERVED_BITS, 7)?;
            Some(None)
        }
        Shape::Transport => {
            let protocol = r.u8(&kind.value)?;
            let name = if protocol == 17 { "UDP" } else { "not UDP" };
            r.means(name);
            r.raw(&RESERVED, 3)?;
            Some(Some(name.to_owned()))
        }
        Shape::Priority => r.u32(&kind.value).map(|it| Some(it.to_string())),
        Shape::Number64 => r.raw(&kind.value, 8).and(Some(None)),
        Shape::Empty => Some(None),
    }
}

const fn family_name(family: u8) -> &'static str {
    match family {
        1 => "IPv4",
        2 => "IPv6",
        _ => "unknown family",
    }
}

/// RFC 8489 §14.1, §14.2.
fn address(r: &mut Reader<'_>, mask: Option<&Mask>) -> Option<String> {
    r.number(&RESERVED, 8)?;
    let family = r.u8(&FAMILY)?;
    r.means(family_name(family));
    let sent = *r.ahead().first_chunk::<2>()?;
    let port = u16::from_be_bytes(mask.map_or(sent, |it| it.unmasked(sent)));
    r.u16(if mask.is_some() { &XOR_PORT } else { &PORT })?;
    r.says(port);
    let address: IpAddr = if family == 2 {
        let sent = *r.ahead().first_chunk::<16>()?;
        r.ipv6(if mask.is_some() { &XOR_IPV6 } else { &IPV6 })?;
        Ipv6Addr::from(mask.map_or(sent, |it| it.unmasked(sent))).into()
    } else {
        let sent = *r.ahead().first_chunk::<4>()?;
        r.ipv4(if mask.is_some() { &XOR_IPV4 } else { &IPV4 })?;
        Ipv4Addr::from(mask.map_or(sent, |it| it.unmasked(sent))).into()
    };
    r.says(address);
    Some(SocketAddr::new(address, port).to_string())
}

/// RFC 8489 §14.8.
fn error(r: &mut Reader<'_>) -> Option<String> {
    r.raw(&RESERVED, 2)?;
    r.number(&RESERVED_BITS, 5)?;
    let class = r.number(&CLASS, 3)?;
    let code = class * 100 + u64::from(r.u8(&NUMBER)?);
    r.means(format_args!("{code}: {}", meaning(code)));
    let reason = r.text(&REASON, r.left())?;
    Some(format!("{code} {}", visible_start(reason, 64)).trim_end().to_owned())
}

/// RFC 8489 §14.8, RFC 8656 §19, RFC 8445 §7.3.1.1 (487).
const fn meaning(code: u64) -> &'static str {
    match code {
        300 => "ask another server",
        400 => "the request is malformed",
        401 => "credentials are missing or wrong",
        403 => "not allowed",
        420 => "an attribute is not understood",
        437 => "no such allocation, or there is one already",
        438 => "the nonce is too old: again with the new one",
        440 => "no addresses of this family",
        441 => "the credentials are not those of the allocation",
        442 => "the relay does not speak this transport",
        443 => "the peer is of another family",
        486 => "this user has too many allocations",
        487 => "both ends take themselves for the controlling one",
        500 => "the server's own fault",
        508 => "the relay has no more room",
        _ => "another reason",
    }
}

/// RFC 8489 §14.11, §14.12.
fn algorithms(r: &mut Reader<'_>) -> Option<String> {
    let mut names = Vec::new();
    while r.left() > 0 {
        let number = r.u16(&ALGORITHM)?;
        let name = match number {
            1 => "MD5",
            2 => "SHA-256",
            _ => "unknown",
        };
        r.means(name);
        names.push(name);
        let length = usize::from(r.u16(&PARAMETERS_LENGTH)?);
        r.means("bytes");
        if length > 0 {
            r.raw(&PARAMETERS, length.next_multiple_of(4).min(r.left()))?;
        }
    }
    Some(names.join(", "))
}

/// RFC 8489 §14.7: over all before this attribute.
fn crc(r: &mut Reader<'_>, kind: &Kind) -> Option<()> {
    let all = r.whole();
    let covered = all.get(..all.len().checked_sub(TLV + r.left())?)?;
    let wanted = crc32fast::hash(covered) ^ FINGERPRINT;
    let sent = r.hex32(&kind.value)?;
    if sent == wanted {
        r.means("correct");
    } else {
        r.means(format_args!("wrong: {wanted:#010x} would be right"));
        r.problem_back(4, format_args!("fingerprint wrong: {sent:#010x}, should be {wanted:#010x}"));
    }
    Some(())
}
