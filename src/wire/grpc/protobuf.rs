//! Protocol Buffers without their schema: numbers and wire types are on the wire, names and exact types are not.
//! protobuf.dev/programming-guides/encoding.
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const SOURCE: &str = "Protocol Buffers, Encoding";
const FIELD: Words = Words::new(
    "protobuf.field",
    "Field",
    SOURCE,
    "A number stands for the field's name: the name is in the .proto file that both programs have, and never on the wire. So a \
     field can be renamed, but its number is for ever.",
);
const NUMBER: Words = Words::new(
    "protobuf.field.number",
    "Field number",
    SOURCE,
    "Which field of the message; 1 to 15 take one byte together with the wire type, so often used fields have these.",
);
const WIRE_TYPE: Words = Words::new(
    "protobuf.field.wiretype",
    "Wire type",
    SOURCE,
    "Only how long the value is: enough for a program with an older .proto file to step over what it does not know.",
);
const MORE: Words = Words::new(
    "protobuf.field.number.more",
    "Rest of the field number",
    SOURCE,
    "Seven bits a byte, the least significant first; the top bit says that another follows.",
);
const VARINT: Words = Words::new(
    "protobuf.field.value.varint",
    "Value",
    SOURCE,
    "Seven bits a byte, the least significant first: small numbers are short. Whether it counts, is a bool, an enum or signed \
     only the .proto file says.",
);
const FIXED: Words = Words::new(
    "protobuf.field.value.fixed",
    "Value",
    SOURCE,
    "Least significant byte first. Whether it is an integer or a floating-point number only the .proto file says.",
);
const LENGTH: Words = Words::new(
    "protobuf.field.value.length",
    "Length",
    SOURCE,
    "Of the value: text, bytes, a message or numbers in a row.",
);
const VALUE: Words = Words::new(
    "protobuf.field.value",
    "Value",
    SOURCE,
    "Text, bytes or numbers in a row look alike here; what is shown is a guess by what the bytes allow.",
);
const MESSAGE: Words = Words::new(
    "protobuf.message",
    "Message inside",
    SOURCE,
    "A guess: these bytes read whole as a message. Only the .proto file says whether they are one.",
);
const REST: Words =
    Words::new("_ws.malformed", "Unreadable", SOURCE, "No field begins here, so the rest cannot be told apart.");

/// Messages inside messages further than this are shown as bytes.
const MOST_DEPTH: usize = 16;
/// More fields of a message than this are not taken apart.
const MOST_FIELDS: usize = 2000;
/// A number of 64 bits has at most so many bytes.
const LONGEST: usize = 10;

/// A field's head and where its value lies, in the bytes that begin with it.
struct Head {
    number: u64,
    wire: u8,
    tag: usize,
    /// Of the length in front of the value; 0 where the wire type says it.
    prefix: usize,
    value: usize,
}

/// Whether the bytes are fields to their last one.
pub(super) fn is_message(mut bytes: &[u8]) -> bool {
    for _ in 0..MOST_FIELDS {
        if bytes.is_empty() {
            return true;
        }
        let Some(head) = head(bytes) else { return false };
        bytes = &bytes[head.tag + head.prefix + head.value..];
    }
    false
}

/// A number of seven bits a byte, and its length.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let end = bytes.iter().take(LONGEST).position(|it| it & 0x80 == 0)?;
    let value = bytes[..=end].iter().rev().fold(0_u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, end + 1))
}

fn head(bytes: &[u8]) -> Option<Head> {
    let (key, tag) = varint(bytes)?;
    let (number, wire) = (key >> 3, (key & 7) as u8);
    let behind = &bytes[tag..];
    let (prefix, value) = match wire {
        0 => (0, varint(behind)?.1),
        1 => (0, 8),
        2 => varint(behind).and_then(|(length, prefix)| Some((prefix, usize::try_from(length).ok()?)))?,
        // Groups, out of use: only their beginning and end are marked.
        3 | 4 => (0, 0),
        5 => (0, 4),
        _ => return None,
    };
    // Numbers have 29 bits.
    let fits = prefix.checked_add(value).is_some_and(|it| it <= behind.len());
    (fits && (1..1 << 29).contains(&number)).then_some(Head { number, wire, tag, prefix, value })
}

/// Reads the fields up to the reader's end.
pub(super) fn read(r: &mut Reader<'_>) {
    fields(r, 0);
}

fn fields(r: &mut Reader<'_>, depth: usize) {
    for _ in 0..MOST_FIELDS {
        if r.left() == 0 {
            return;
        }
        let Some(head) = head(r.ahead()) else { break };
        let mut said = String::new();
        r.group(&FIELD, |r| field(r, &head, depth, &mut said));
        r.labelled(format_args!("Field {}", head.number));
        r.says(said);
    }
    if r.left() > 0 {
        r.problem(r.position()..r.end(), "no field of a message begins here");
        r.rest(&REST);
    }
}

fn field(r: &mut Reader<'_>, head: &Head, depth: usize, said: &mut String) -> Option<()> {
    r.number(&NUMBER, 5)?;
    r.says(head.number);
    r.number(&WIRE_TYPE, 3)?;
    r.means(match head.wire {
        0 => "VARINT: a number of as many bytes as it needs",
        1 => "I64: eight bytes",
        2 => "LEN: a length, and so many bytes",
        3 => "SGROUP: a group begins, no longer in use",
        4 => "EGROUP: a group ends, no longer in use",
        _ => "I32: four bytes",
    });
    if head.tag > 1 {
        r.raw(&MORE, head.tag - 1)?;
    }
    match head.wire {
        0 => {
            let (value, length) = varint(r.ahead())?;
            r.raw(&VARINT, length)?;
            r.says(value);
            *said = value.to_string();
            // Signed numbers of type sint64 are folded, those of int64 not.
            let folded = (value >> 1).cast_signed() ^ -((value & 1).cast_signed());
            r.means(match value.cast_signed() {
                negative @ ..0 => format!("{negative} if signed, {folded} if sint"),
                0 => "also false".to_owned(),
                1 => "also true, -1 if sint".to_owned(),
                _ => format!("{folded} if sint"),
            });
        }
        1 => {
            let bytes: [u8; 8] = r.raw(&FIXED, 8)?.try_into().ok()?;
            *said = u64::from_le_bytes(bytes).to_string();
            r.says(&*said);
            r.means(format_args!("{:?} if double", f64::from_le_bytes(bytes)));
        }
        5 => {
            let bytes: [u8; 4] = r.raw(&FIXED, 4)?.try_into().ok()?;
            *said = u32::from_le_bytes(bytes).to_string();
            r.says(&*said);
            r.means(format_args!("{:?} if float", f32::from_le_bytes(bytes)));
        }
        2 => {
            r.raw(&LENGTH, head.prefix)?;
            r.says(head.value);
            r.means("bytes");
            *said = value(r, head.value, depth)?;
        }
        _ => *said = "group".to_owned(),
    }
    Some(())
}

/// The bytes behind a length: text, where all of it can be printed; a message, where it reads as one; else bytes.
fn value(r: &mut Reader<'_>, length: usize, depth: usize) -> Option<String> {
    let bytes = r.ahead().get(..length)?;
    let printed = std::str::from_utf8(bytes).is_ok_and(|it| !it.chars().any(char::is_control));
    if length == 0 {
        return Some("empty".to_owned());
    }
    if printed {
        r.text(&VALUE, length)?;
        r.means("text");
        return Some(visible_start(bytes, 80));
    }
    if depth < MOST_DEPTH && is_message(bytes) {
        r.group(&MESSAGE, |r| r.within(length, &REST, |r| fields(r, depth + 1)))?;
        r.says(format_args!("{length} bytes"));
        return Some("a message".to_owned());
    }
    r.raw(&VALUE, length)?;
    r.means("bytes");
    Some(format!("{length} bytes"))
}
