//! An opened record as fields: what it carries, and in TLS 1.3 the true type and the padding behind that.
use crate::wire::reader::{Reader, Words};
use crate::wire::tls::{self, Messages};
use crate::wire::walk::{self, Next};
use crate::wire::{Decoded, Layer};

const TRUE_TYPE: Words = Words::new(
    "tls.record.content_type",
    "True content type",
    "RFC 8446 §5.2",
    "Outside, every sealed record says application data; what it is stands in here, where only the two ends read it.",
);
const PADDING: Words = Words::new(
    "tls.record.padding",
    "Padding",
    "RFC 8446 §5.4",
    "Zeros that hide how long the content is. A receiver drops them from the end up to the first byte that is not 0.",
);
const CONTENT: Words = Words::new(
    "tls.record.content",
    "Content",
    "RFC 8446 §5.2",
    "What the record carries; what kind of thing that is, is not known here.",
);
const SEALED: Words = Words::new(
    "tls.app_data",
    "Encrypted data",
    "RFC 8446 §5.2",
    "The seal covers every byte and the record's number: a receiver that cannot open it breaks off with bad_record_mac.",
);

/// What a record is about to say.
pub(super) struct Plaintext<'a> {
    pub(super) bytes: &'a [u8],
    /// How many of them are content: TLS 1.3 has the true type and padding behind.
    pub(super) content: usize,
    pub(super) kind: u8,
    pub(super) messages: Messages,
    /// Who reads application data.
    pub(super) inside: Next,
}

/// The content's length and the true type of a TLS 1.3 record. RFC 8446 §5.4: the type is the last byte that is not 0.
pub(super) fn inner(bytes: &[u8]) -> Option<(usize, u8)> {
    let at = bytes.iter().rposition(|byte| *byte != 0)?;
    Some((at, bytes[at]))
}

/// Takes it apart. The summary is what its line says, its protocol first.
pub(super) fn decode(it: &Plaintext<'_>) -> Decoded {
    if it.kind == 23 {
        return application_data(it);
    }
    let mut r = Reader::new(it.bytes, 0..it.bytes.len(), true);
    let said = r.within(it.content, &CONTENT, |r| match it.kind {
        21 => tls::alert(r).unwrap_or_else(|| "Alert".to_owned()),
        22 => tls::messages(r, it.messages),
        _ => tls::content_name(it.kind).to_owned(),
    });
    trailer(&mut r);
    let (layer, problems) = r.finish("tls", "Transport Layer Security");
    Decoded { layers: vec![layer], problems, summary: format!("TLS {}", said.unwrap_or_default()) }
}

fn application_data(it: &Plaintext<'_>) -> Decoded {
    let mut decoded = walk::inside(it.bytes, 0..it.content, it.inside);
    if it.content == 0 || decoded.summary.is_empty() {
        decoded.summary = format!("TLS Application Data ({} bytes)", it.content);
    }
    if it.content < it.bytes.len() {
        let mut r = Reader::new(it.bytes, it.content..it.bytes.len(), true);
        trailer(&mut r);
        decoded.layers.push(r.finish("tls", "Transport Layer Security: the end of the record").0);
    }
    decoded
}

/// RFC 8446 §5.2: TLSInnerPlaintext's end.
fn trailer(r: &mut Reader<'_>) {
    if r.left() > 0 {
        if let Some(kind) = r.u8(&TRUE_TYPE) {
            r.means(tls::content_name(kind));
        }
        r.rest(&PADDING);
    }
}

/// A record that no key of its connection opens.
pub(super) fn sealed(record: &[u8]) -> Decoded {
    let mut decoded = walk::inside(record, 0..record.len(), Next::Tls);
    let text =
        "no key of this connection opens this record: it was changed on its way, or one before it is missing here";
    decoded.problems.push(crate::wire::Problem { bytes: 0..record.len(), text: text.to_owned() });
    mark(&mut decoded.layers);
    "TLS Application Data that does not open".clone_into(&mut decoded.summary);
    decoded
}

/// Says of the sealed bytes that they do not open.
fn mark(layers: &mut [Layer]) {
    let parts = layers.iter_mut().flat_map(|it| &mut it.fields).flat_map(|it| &mut it.parts);
    for field in parts.filter(|it| it.name == SEALED.name) {
        "does not open: its seal is broken".clone_into(&mut field.meaning);
        SEALED.why.clone_into(&mut field.why);
    }
}
