//! Bytes that are nobody's header: payload as the program wrote it.
use super::reader::{Reader, Words};
use super::text::visible_start;
use super::walk::Next;

const DATA: Words = Words::new(
    "data.data",
    "Data",
    "",
    "What the layers outside were made to carry; to them these are bytes without meaning.",
);

/// Reads everything that is left.
pub(super) fn read(r: &mut Reader<'_>, what: &str) -> Option<Next> {
    let bytes = r.ahead();
    r.rest(&DATA);
    if r.keeps() {
        let text = if is_text(bytes) { format!(": {}", visible_start(bytes, 64)) } else { String::new() };
        r.means(format_args!("{} bytes of {what}{text}", bytes.len()));
    }
    None
}

/// Whether a person could read it as it is.
fn is_text(bytes: &[u8]) -> bool {
    let printed = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t' | 0x80..);
    !bytes.is_empty() && bytes.iter().all(printed) && std::str::from_utf8(bytes).is_ok()
}
