//! Strings of header fields: a length, and text that may be in the Huffman code. RFC 7541 §5.2.
use std::sync::Arc;

use super::huffman;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const HUFFMAN: Words = Words::new(
    "http2.header.huffman",
    "Huffman",
    "RFC 7541 §5.2",
    "1: the text is in the code of RFC 7541 §B, where frequent characters take few bits.",
);

/// The fields of one string.
pub(in crate::wire) struct StringWords {
    pub(in crate::wire) length: Words,
    pub(in crate::wire) text: Words,
}

/// Reads a string whose flag and length begin in the low `prefix` bits of this byte.
pub(in crate::wire) fn read(r: &mut Reader<'_>, prefix: usize, words: &StringWords) -> Option<Arc<[u8]>> {
    let coded = r.number(&HUFFMAN, 1)? == 1;
    let length = usize::try_from(r.prefixed(&words.length, prefix - 1)?).ok()?;
    r.means("bytes");
    let bytes = r.raw(&words.text, length)?;
    let text = if coded { huffman::decode(bytes) } else { Some(bytes.to_vec()) };
    let Some(text) = text else {
        r.problem_back(length, "these bytes are no Huffman code");
        return None;
    };
    if length > 0 {
        r.says(visible_start(&text, 256));
    }
    if coded {
        r.means(format_args!("{} characters in {length} bytes", text.len()));
    }
    Some(text.into())
}
