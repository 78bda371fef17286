//! Encoded field sections: the header fields of one message. RFC 9204 §4.5.
use std::sync::Arc;

use super::table::{self, Table};
use super::{INDEX, NAME, STATIC, VALUE, shown};
use crate::wire::hpack::{Entry, Form, Line, string};
use crate::wire::reader::{Reader, Words};

/// More fields of one section than this are not taken apart.
const MOST_LINES: usize = 1000;

const LINE: Words = Words::new(
    "http3.header",
    "Header field",
    "RFC 9204 §4.5",
    "A field of the request or response: by an index into the tables, or written out.",
);
const REQUIRED: Words = Words::new(
    "http3.qpack.required_insert_count",
    "Required insert count",
    "RFC 9204 §4.5.1.1",
    "How many entries the table must have had before this can be read: until then the stream waits. 0: it names none.",
);
const SIGN: Words =
    Words::new("http3.qpack.sign", "Sign", "RFC 9204 §4.5.1.2", "1: the base lies below the required insert count.");
const BASE: Words = Words::new(
    "http3.qpack.delta_base",
    "Delta base",
    "RFC 9204 §4.5.1.2",
    "From where indices into the dynamic table are counted, said by its distance from the required insert count.",
);
const INDEXED: Words =
    Words::new("http3.header.repr", "Representation", "RFC 9204 §4.5.2", "1: name and value stand in a table already.");
const POST_INDEXED: Words = Words::new(
    "http3.header.repr",
    "Representation",
    "RFC 9204 §4.5.3",
    "0001: name and value stand in an entry that was added after the base.",
);
const NAMED: Words = Words::new(
    "http3.header.repr",
    "Representation",
    "RFC 9204 §4.5.4",
    "01: the name stands in a table, the value is written out.",
);
const POST_NAMED: Words = Words::new(
    "http3.header.repr",
    "Representation",
    "RFC 9204 §4.5.5",
    "0000: the name stands in an entry that was added after the base; the value is written out.",
);
const LITERAL: Words =
    Words::new("http3.header.repr", "Representation", "RFC 9204 §4.5.6", "001: name and value are written out.");
const NEVER: Words = Words::new(
    "http3.qpack.never",
    "Never indexed",
    "RFC 9204 §7.1.3",
    "1: nobody may ever put it into a table, on no later hop: its size would tell who guesses whether the guess was right.",
);
const NOT_READ: Words = Words::new(
    "http3.header.unread",
    "Rest of the section",
    "RFC 9204 §2.2.3",
    "A fault before this, or an entry that did not come: what follows cannot be told apart.",
);

const LIMIT: Words = Words::new(
    "http3.header.unread",
    "Fields behind the limit",
    "RFC 9114 §4.2.2",
    "There are more fields than are taken apart here. Nothing need be wrong with them: each end sets its own limit.",
);

/// What a section is read with.
pub(in crate::wire) struct Context<'a> {
    pub(in crate::wire) table: &'a Table,
    /// SETTINGS_QPACK_MAX_TABLE_CAPACITY of the end that reads it.
    pub(in crate::wire) capacity: u64,
    /// The last packet it came in.
    pub(in crate::wire) packet: u32,
}

/// Reads a section: its fields, and whether all of it could be read.
pub(in crate::wire) fn read(r: &mut Reader<'_>, context: &Context<'_>) -> (Vec<Line>, bool) {
    let mut lines = Vec::new();
    let start = r.position();
    let Some(base) = prefix(r, context) else {
        r.problem(start..r.end(), "the section's beginning cannot be");
        r.rest(&NOT_READ);
        return (lines, false);
    };
    for _ in 0..MOST_LINES {
        if r.left() == 0 {
            return (lines, true);
        }
        let from = r.position();
        let read = r.group(&LINE, |r| line(r, context.table, base));
        let Some((entry, form, meaning)) = read else {
            r.problem(from..r.end(), "this section cannot be read on from here");
            r.rest(&NOT_READ);
            return (lines, false);
        };
        r.says(shown(&entry));
        r.means(meaning);
        lines.push(Line { entry, wire: r.position() - from, form });
    }
    let is_whole = r.left() == 0;
    if !is_whole {
        r.problem(r.position()..r.end(), format_args!("only {MOST_LINES} fields of a section are taken apart"));
        r.rest(&LIMIT);
    }
    (lines, is_whole)
}

/// Reads what comes before the fields, and gives the base.
fn prefix(r: &mut Reader<'_>, context: &Context<'_>) -> Option<u64> {
    let encoded = r.prefixed(&REQUIRED, 8)?;
    let required = required(encoded, context.capacity / 32, context.table.inserts_until(context.packet))?;
    r.means(if required == 0 { "no entry of the dynamic table".to_owned() } else { format!("{required} entries") });
    let below = r.number(&SIGN, 1)? == 1;
    let delta = r.prefixed(&BASE, 7)?;
    let base = if below { required.checked_sub(delta)?.checked_sub(1)? } else { required.checked_add(delta)? };
    r.means(format_args!("the base is {base}"));
    Some(base)
}

/// RFC 9204 §4.5.1.1.
fn required(encoded: u64, most_entries: u64, inserts: u64) -> Option<u64> {
    let full = 2 * most_entries;
    if encoded == 0 {
        return Some(0);
    }
    if encoded > full {
        return None;
    }
    let most = inserts + most_entries;
    let required = most / full * full + encoded - 1;
    let required = if required > most { required.checked_sub(full)? } else { required };
    (required > 0).then_some(required)
}

type Read = (Entry, Form, String);

fn line(r: &mut Reader<'_>, table: &Table, base: u64) -> Option<Read> {
    let first = *r.ahead().first()?;
    match first {
        0x80.. => {
            pattern(r, &INDEXED, 1, "Indexed field line")?;
            let (entry, which) = named(r, table, base, 6)?;
            Some((entry, Form::Indexed, which))
        }
        0x40.. => {
            pattern(r, &NAMED, 2, "Literal field line with name reference")?;
            let form = never(r)?;
            let (known, _) = named(r, table, base, 4)?;
            literal(r, known.name, form)
        }
        0x20.. => {
            pattern(r, &LITERAL, 3, "Literal field line with literal name")?;
            let form = never(r)?;
            let name = string::read(r, 4, &NAME)?;
            literal(r, name, form)
        }
        0x10.. => {
            pattern(r, &POST_INDEXED, 4, "Indexed field line with post-base index")?;
            let (entry, which) = after_base(r, table, base, 4)?;
            Some((entry, Form::Indexed, which))
        }
        _ => {
            pattern(r, &POST_NAMED, 4, "Literal field line with post-base name reference")?;
            let form = never(r)?;
            let (known, _) = after_base(r, table, base, 3)?;
            literal(r, known.name, form)
        }
    }
}

fn pattern(r: &mut Reader<'_>, words: &Words, bits: usize, name: &str) -> Option<()> {
    r.number(words, bits)?;
    r.means(name);
    Some(())
}

fn never(r: &mut Reader<'_>) -> Option<Form> {
    Some(if r.flag(&NEVER)? { Form::NeverIndexed } else { Form::NotAdded })
}

fn literal(r: &mut Reader<'_>, name: Arc<[u8]>, form: Form) -> Option<Read> {
    let value = string::read(r, 8, &VALUE)?;
    let meaning = if form == Form::NeverIndexed { "never to be remembered" } else { "written out" };
    Some((Entry { name, value }, form, meaning.to_owned()))
}

/// The entry of an index whose table is said. RFC 9204 §3.2.5: in the dynamic table 0 is the newest below the base.
fn named(r: &mut Reader<'_>, table: &Table, base: u64, prefix: usize) -> Option<(Entry, String)> {
    let is_static = r.number(&STATIC, 1)? == 1;
    let index = r.prefixed(&INDEX, prefix)?;
    let (entry, which) = if is_static {
        (table::fixed(index)?, format!("entry {index} of the static table"))
    } else {
        let absolute = base.checked_sub(index)?.checked_sub(1)?;
        (table.get(absolute)?.clone(), format!("entry {absolute} of the dynamic table"))
    };
    r.means(format_args!("{which}: {}", shown(&entry)));
    Some((entry, which))
}

/// RFC 9204 §3.2.6.
fn after_base(r: &mut Reader<'_>, table: &Table, base: u64, prefix: usize) -> Option<(Entry, String)> {
    let absolute = base.checked_add(r.prefixed(&INDEX, prefix)?)?;
    let entry = table.get(absolute)?.clone();
    let which = format!("entry {absolute} of the dynamic table");
    r.means(format_args!("{which}: {}", shown(&entry)));
    Some((entry, which))
}
