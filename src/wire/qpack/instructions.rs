//! The instructions on QPACK's two streams: what the encoder adds, what the decoder has seen. RFC 9204 §4.3, §4.4.
use super::table::{self, Table};
use super::{INDEX, NAME, STATIC, VALUE, shown};
use crate::wire::hpack::{Entry, string};
use crate::wire::reader::{Reader, Words};

const WITH_NAME: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.3.2",
    "1: a new entry, whose name stands in a table already.",
);
const WITH_LITERAL: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.3.3",
    "01: a new entry, name and value written out. Every later request can name it by a number.",
);
const CAPACITY: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.3.1",
    "001: how large the table may be, within what the decoder's settings allow.",
);
const DUPLICATE: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.3.4",
    "000: an old entry once more, as the newest: so that it is not the next to go.",
);
const SIZE: Words = Words::new("http3.qpack.capacity", "Capacity", "RFC 9204 §4.3.1", "In bytes.");
const ACKNOWLEDGED: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.4.1",
    "1: the headers of that stream were read, so the entries they name have arrived.",
);
const CANCELLED: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.4.2",
    "01: the headers of that stream will not be read: they hold no entry in the table any more.",
);
const INCREMENT: Words = Words::new(
    "http3.qpack.instruction",
    "Instruction",
    "RFC 9204 §4.4.3",
    "00: so many more entries have arrived, and can be named without making anybody wait.",
);
const STREAM: Words = Words::new("http3.qpack.stream", "Stream ID", "RFC 9204 §4.4.1", "Which request it is about.");
const COUNT: Words = Words::new("http3.qpack.increment", "Increment", "RFC 9204 §4.4.3", "How many entries.");

/// Reads an instruction of the encoder, which came in this packet, and does to the table what it says.
/// What it says, `insert :path: /`; `None` where it is not whole, or cannot be.
pub(in crate::wire) fn encoder(r: &mut Reader<'_>, table: &mut Table, packet: u32) -> Option<String> {
    let first = *r.ahead().first()?;
    match first {
        0x80.. => {
            pattern(r, &WITH_NAME, 1, "Insert with name reference")?;
            let is_static = r.number(&STATIC, 1)? == 1;
            let index = r.prefixed(&INDEX, 6)?;
            let known = if is_static { table::fixed(index) } else { relative(table, index) }?;
            r.means(format_args!("the name of {}", shown(&known)));
            let value = string::read(r, 8, &VALUE)?;
            insert(r, table, Entry { name: known.name, value }, packet)
        }
        0x40.. => {
            pattern(r, &WITH_LITERAL, 2, "Insert with literal name")?;
            let name = string::read(r, 6, &NAME)?;
            let value = string::read(r, 8, &VALUE)?;
            insert(r, table, Entry { name, value }, packet)
        }
        0x20.. => {
            pattern(r, &CAPACITY, 3, "Set dynamic table capacity")?;
            let capacity = r.prefixed(&SIZE, 5)?;
            r.means("bytes");
            table.resize(capacity);
            Some(format!("table capacity {capacity}"))
        }
        _ => {
            pattern(r, &DUPLICATE, 3, "Duplicate")?;
            let index = r.prefixed(&INDEX, 5)?;
            let entry = relative(table, index)?;
            insert(r, table, entry, packet)
        }
    }
}

/// RFC 9204 §3.2.5: on the encoder's stream 0 is the newest entry.
fn relative(table: &Table, index: u64) -> Option<Entry> {
    table.get(table.inserts().checked_sub(index)?.checked_sub(1)?).cloned()
}

fn insert(r: &mut Reader<'_>, table: &mut Table, entry: Entry, packet: u32) -> Option<String> {
    let said = format!("insert {}", shown(&entry));
    let absolute = table.inserts();
    if table.insert(entry, packet).is_none() {
        r.problem_back(1, "an entry the table has no room for");
        return None;
    }
    r.means(format_args!("now entry {absolute}, counted from 0: the table has {}", table.state()));
    Some(said)
}

/// Reads an instruction of the decoder.
pub(in crate::wire) fn decoder(r: &mut Reader<'_>) -> Option<String> {
    let first = *r.ahead().first()?;
    match first {
        0x80.. => {
            pattern(r, &ACKNOWLEDGED, 1, "Section acknowledgment")?;
            Some(format!("headers of stream {} read", r.prefixed(&STREAM, 7)?))
        }
        0x40.. => {
            pattern(r, &CANCELLED, 2, "Stream cancellation")?;
            Some(format!("stream {} given up", r.prefixed(&STREAM, 6)?))
        }
        _ => {
            pattern(r, &INCREMENT, 2, "Insert count increment")?;
            Some(format!("{} entries arrived", r.prefixed(&COUNT, 6)?))
        }
    }
}

fn pattern(r: &mut Reader<'_>, words: &Words, bits: usize, name: &str) -> Option<()> {
    r.number(words, bits)?;
    r.means(name);
    Some(())
}
