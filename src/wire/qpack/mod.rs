//! QPACK: header fields of HTTP/3, with a table filled by a stream of its own, as streams come in any order. RFC 9204.
mod fixed;
mod instructions;
mod section;
mod table;

use super::hpack::Entry;
use super::hpack::string::StringWords;
use super::reader::Words;
use super::text::visible_start;
pub(super) use instructions::{decoder, encoder};
pub(super) use section::{Context, read};
pub(super) use table::Table;

const NAME: StringWords = StringWords {
    length: Words::new("http3.header.name.length", "Name length", "RFC 9204 §4.1.2", "Of the bytes that follow."),
    text: Words::new("http3.header.name", "Name", "RFC 9204 §4.1.2", "In lower case always (RFC 9114 §4.2)."),
};
const VALUE: StringWords = StringWords {
    length: Words::new("http3.header.value.length", "Value length", "RFC 9204 §4.1.2", "Of the bytes that follow."),
    text: Words::new("http3.header.value", "Value", "RFC 9204 §4.1.2", "What this field says."),
};
const STATIC: Words = Words::new(
    "http3.qpack.static",
    "Table",
    "RFC 9204 §3",
    "1: the static table, the same everywhere; 0: the dynamic one of this connection.",
);
const INDEX: Words = Words::new(
    "http3.qpack.index",
    "Index",
    "RFC 9204 §3.2.5",
    "In the static table from 0; in the dynamic table counted back from a place both ends know, so that it stays small.",
);

/// `name: value`, safe to show.
fn shown(entry: &Entry) -> String {
    format!("{}: {}", visible_start(&entry.name, 80), visible_start(&entry.value, 200))
}

#[cfg(test)]
mod tests;
