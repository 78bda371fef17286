//! HPACK: header fields of HTTP/2, most of them named by a number both ends know. RFC 7541.
mod fixed;
pub mod huffman;
pub(super) mod string;
mod table;

use super::grpc;
use super::reader::{Reader, Words};
use super::text::visible_start;
use string::StringWords;
pub use table::{DEFAULT_CAPACITY, Entry, Table};

/// More fields of one block than this are not taken apart.
const MOST_LINES: usize = 1000;

const LINE: Words = Words::new(
    "http2.header",
    "Header field",
    "RFC 7541 §6",
    "A field of the request or response: by an index into the tables, or written out.",
);
const INDEXED: Words = Words::new(
    "http2.header.repr",
    "Representation",
    "RFC 7541 §6.1",
    "1: name and value stand in a table already. This is what makes a repeated header cost one byte or two.",
);
const ADDED: Words = Words::new(
    "http2.header.repr",
    "Representation",
    "RFC 7541 §6.2.1",
    "01: the value is written out this once, and remembered by both ends: the next time an index will do.",
);
const NOT_ADDED: Words = Words::new(
    "http2.header.repr",
    "Representation",
    "RFC 7541 §6.2.2",
    "0000: written out and not remembered, as it will hardly come again.",
);
const NEVER: Words = Words::new(
    "http2.header.repr",
    "Representation",
    "RFC 7541 §6.2.3",
    "0001: nobody may ever put it into a table, on no later hop: who can make the sender send guesses would learn from the \
     size which guess was right (RFC 7541 §7.1; CRIME did so to a compression before HPACK).",
);
const RESIZED: Words = Words::new(
    "http2.header.repr",
    "Representation",
    "RFC 7541 §6.3",
    "001: the sender changes the size of the dynamic table, within what the receiver's settings allow.",
);
const INDEX: Words = Words::new(
    "http2.header.index",
    "Index",
    "RFC 7541 §2.3.3",
    "1 to 61 are the static table, the same everywhere; from 62 on those this connection has remembered, the newest first.",
);
const SIZE: Words = Words::new(
    "http2.header_table_size_update.header_table_size",
    "Table size",
    "RFC 7541 §6.3",
    "In bytes; 0 forgets all of it.",
);
const NAME: StringWords = StringWords {
    length: Words::new("http2.header.name.length", "Name length", "RFC 7541 §5.2", "Of the bytes that follow."),
    text: Words::new("http2.header.name", "Name", "RFC 7541 §6.2", "In lower case always (RFC 9113 §8.2)."),
};
const VALUE: StringWords = StringWords {
    length: Words::new("http2.header.value.length", "Value length", "RFC 7541 §5.2", "Of the bytes that follow."),
    text: Words::new("http2.header.value", "Value", "RFC 7541 §6.2", "What this field says."),
};
const NOT_READ: Words = Words::new(
    "http2.header.unread",
    "Rest of the block",
    "RFC 7541 §3.2",
    "A fault before this: what follows depends on it, so nobody can read on, and the connection ends with COMPRESSION_ERROR.",
);

const LIMIT: Words = Words::new(
    "http2.header.unread",
    "Fields behind the limit",
    "RFC 9113 §10.5.1",
    "There are more fields than are taken apart here. Nothing need be wrong with them, but what they put into the table is not known.",
);

/// A field out of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub entry: Entry,
    /// What it took on the wire, in bytes.
    pub wire: usize,
    pub form: Form,
}

/// How a field was written. RFC 7541 §6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    Indexed,
    Added,
    NotAdded,
    NeverIndexed,
}

/// Reads a whole header block and does to the table what it says: its fields, and whether all of it could be read.
pub(super) fn read(r: &mut Reader<'_>, table: &mut Table) -> (Vec<Line>, bool) {
    let mut lines = Vec::new();
    for _ in 0..MOST_LINES {
        if r.left() == 0 {
            return (lines, true);
        }
        let from = r.position();
        let mut said = String::new();
        let read = r.group(&LINE, |r| line(r, table, &mut said));
        let Some(read) = read else {
            r.problem(from..r.end(), "this header block cannot be read on from here");
            r.rest(&NOT_READ);
            return (lines, false);
        };
        r.says(&said);
        let Some((entry, form, meaning)) = read else { continue };
        r.means(meaning);
        // How a call of gRPC ended: a number that says nothing by itself.
        if let Some((name, means)) = grpc::status(&entry.value).filter(|_| *entry.name == *b"grpc-status") {
            r.because(format_args!(
                "{name}: {means} (grpc/doc/statuscodes.md). The HTTP status cannot say it: it came first."
            ));
        }
        lines.push(Line { entry, wire: r.position() - from, form });
    }
    let is_whole = r.left() == 0;
    if !is_whole {
        r.problem(r.position()..r.end(), format_args!("only {MOST_LINES} fields of a block are taken apart"));
        r.rest(&LIMIT);
    }
    (lines, is_whole)
}

type Read = Option<(Entry, Form, String)>;

/// Reads one representation: its field, or `Some(None)` for a change of the table's size.
fn line(r: &mut Reader<'_>, table: &mut Table, said: &mut String) -> Option<Read> {
    let first = *r.ahead().first()?;
    let read = match first {
        0x80.. => indexed(r, table)?,
        0x40.. => literal(r, table, Form::Added)?,
        0x20.. => {
            pattern(r, &RESIZED, 3, "Dynamic table size update")?;
            let size = r.prefixed(&SIZE, 5)?;
            let evicted = table.resize(size);
            r.means(format_args!("bytes from now on; {evicted} entries went"));
            if size > table.allowed() {
                let most = table.allowed();
                r.problem_back(1, format_args!("the reader's settings allow a table of {most} bytes at the most"));
            }
            *said = format!("table size {size}");
            return Some(None);
        }
        0x10.. => literal(r, table, Form::NeverIndexed)?,
        _ => literal(r, table, Form::NotAdded)?,
    };
    *said = shown(&read.0);
    Some(Some(read))
}

fn pattern(r: &mut Reader<'_>, words: &Words, bits: usize, name: &str) -> Option<()> {
    r.number(words, bits)?;
    r.means(name);
    Some(())
}

/// `name: value`, safe to show.
fn shown(entry: &Entry) -> String {
    format!("{}: {}", visible_start(&entry.name, 80), visible_start(&entry.value, 200))
}

/// RFC 7541 §6.1.
fn indexed(r: &mut Reader<'_>, table: &Table) -> Option<(Entry, Form, String)> {
    pattern(r, &INDEXED, 1, "Indexed header field")?;
    let index = r.prefixed(&INDEX, 7)?;
    let Some(entry) = table.get(index) else {
        r.problem_back(1, format_args!("there is no entry {index} in the tables"));
        return None;
    };
    r.means(format_args!("{}: {}", which(index), shown(&entry)));
    Some((entry, Form::Indexed, which(index)))
}

/// Which table an index is in.
fn which(index: u64) -> String {
    match index.checked_sub(fixed::ENTRIES.len() as u64) {
        None | Some(0) => format!("entry {index} of the static table"),
        Some(place) => format!("entry {index}, number {place} of the dynamic table"),
    }
}

/// RFC 7541 §6.2.
fn literal(r: &mut Reader<'_>, table: &mut Table, form: Form) -> Option<(Entry, Form, String)> {
    let (words, bits, name) = match form {
        Form::Added => (&ADDED, 2, "Literal header field with incremental indexing"),
        Form::NeverIndexed => (&NEVER, 4, "Literal header field never indexed"),
        Form::NotAdded | Form::Indexed => (&NOT_ADDED, 4, "Literal header field without indexing"),
    };
    pattern(r, words, bits, name)?;
    let index = r.prefixed(&INDEX, 8 - bits)?;
    let name = if index == 0 {
        r.means("the name is written out");
        string::read(r, 8, &NAME)?
    } else {
        let Some(known) = table.get(index) else {
            r.problem_back(1, format_args!("there is no entry {index} in the tables"));
            return None;
        };
        r.means(format_args!("the name of {}: {}", which(index), visible_start(&known.name, 80)));
        known.name
    };
    let value = string::read(r, 8, &VALUE)?;
    let entry = Entry { name, value };
    let meaning = match form {
        Form::Added => {
            let evicted = table.add(entry.clone());
            let gone = if evicted == 0 { String::new() } else { format!(", {evicted} old ones went") };
            let (count, size, most) = (table.entries().len(), table.size(), table.capacity());
            format!("remembered as entry 62{gone}: now {count} entries, {size} of {most} bytes")
        }
        Form::NeverIndexed => "never to be remembered".to_owned(),
        Form::NotAdded | Form::Indexed => "not remembered".to_owned(),
    };
    Some((entry, form, meaning))
}

#[cfg(test)]
mod tests;
