//! Handshake messages that are not encrypted: the two hellos, field by field. RFC 8446 §4.
use super::extensions::{self, Place};
use super::{certificate, exchange, finished, names};
use crate::wire::reader::{Reader, Words};

const HELLO: &str = "RFC 8446 §4.1.2";
const MESSAGE: Words =
    Words::new("tls.handshake", "Handshake message", "RFC 8446 §4", "One step in agreeing on keys and proving names.");
const TYPE: Words = Words::new("tls.handshake.type", "Message type", "RFC 8446 §4", "Which step it is.");
const LENGTH: Words = Words::new("tls.handshake.length", "Length", "RFC 8446 §4", "Where the message ends.");
const BODY: Words =
    Words::new("tls.handshake.body", "Content", "RFC 8446 §4", "What this message says is not taken apart here.");
const ENCRYPTED: Words = Words::new(
    "tls.handshake.encrypted",
    "Encrypted handshake",
    "RFC 5246 §7.4.9",
    "No message type that is known: so these bytes are encrypted, as the end of a handshake of TLS 1.2 is.",
);
const PART: Words = Words::new(
    "tls.handshake.part",
    "Beginning of a message",
    "RFC 8446 §5.1",
    "A handshake message may be longer than a record: the rest comes in the next, and it is shown whole there.",
);
const REST: Words = Words::new(
    "tls.handshake.rest",
    "Rest of a message",
    "RFC 8446 §5.1",
    "A handshake message may be longer than a record: this is the end of one that began before, shown whole on its own.",
);
const VERSION: Words = Words::new(
    "tls.handshake.version",
    "Legacy version",
    HELLO,
    "Says 1.2 for ever, as servers broke on more; the true versions stand in the extension supported_versions.",
);
const RANDOM: Words = Words::new(
    "tls.handshake.random",
    "Random",
    HELLO,
    "Makes each handshake another, so that none can be played again; it also names the connection in a key log.",
);
const SESSION_LENGTH: Words =
    Words::new("tls.handshake.session_id_length", "Session ID length", HELLO, "Up to 32 bytes follow.");
const SESSION: Words = Words::new(
    "tls.handshake.session_id",
    "Session ID",
    HELLO,
    "TLS 1.3 has no use for it: filled so that boxes on the way see what looks like a resumption of TLS 1.2.",
);
const SUITES_LENGTH: Words =
    Words::new("tls.handshake.cipher_suites_length", "Cipher suites length", HELLO, "In bytes; each suite has two.");
const SUITES: Words =
    Words::new("tls.handshake.ciphersuites", "Cipher suites", HELLO, "What the client can encrypt with, best first.");
const SUITE: Words = Words::new(
    "tls.handshake.ciphersuite",
    "Cipher suite",
    "RFC 8446 §B.4",
    "A cipher and a hash. Key exchange and signature are chosen apart from it, in extensions.",
);
const COMPRESSIONS_LENGTH: Words =
    Words::new("tls.handshake.comp_methods_length", "Compression methods length", HELLO, "In bytes, one each.");
const COMPRESSION: Words = Words::new(
    "tls.handshake.comp_method",
    "Compression method",
    HELLO,
    "0 is none, and nothing else is allowed: compressing secrets beside known text leaked them (CRIME).",
);
const OFFERED: Words = Words::new("tls.handshake.comp_methods", "Compression methods", HELLO, COMPRESSION.why);

/// What is known of the messages before they are read.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::wire) struct Messages {
    /// TLS 1.3 changed what is inside some; before a ServerHello has said so, and in the clear, it is not.
    pub(in crate::wire) is_13: bool,
    /// So many bytes of a message that began in an earlier record come first.
    pub(in crate::wire) continued: usize,
    /// The record stands behind one that changes the cipher: sealed, unless it is a ClientHello after a retry of TLS 1.3.
    pub(in crate::wire) sealed: bool,
}

/// Reads the messages of a record; says which they are.
pub(super) fn read(r: &mut Reader<'_>, messages: Messages) -> String {
    let mut said: Vec<String> = Vec::new();
    if messages.continued > 0 {
        r.raw(&REST, messages.continued.min(r.left()));
    }
    let sealed = is_sealed(r.ahead(), messages.sealed);
    while r.left() >= 4 {
        let name = names::handshake(r.ahead()[0]).filter(|_| !sealed);
        let Some(name) = name else {
            r.rest(&ENCRYPTED);
            said.push("Encrypted Handshake Message".to_owned());
            break;
        };
        let kind = r.ahead()[0];
        let message = r.group(&MESSAGE, |r| message(r, name, messages.is_13));
        said.push(message.unwrap_or_else(|| name.to_owned()));
        if let Some(last) = said.last() {
            r.says(last);
        }
        r.because(names::handshake_why(kind));
    }
    // Less than a message's head.
    r.rest(&PART);
    if said.is_empty() { "Handshake".to_owned() } else { said.join(", ") }
}

/// Whether a record's bytes are none of its messages, though they may begin as one does.
fn is_sealed(bytes: &[u8], changed: bool) -> bool {
    match bytes {
        // RFC 5246 §7.4.1.1: a HelloRequest is empty and stands alone; zeros in front of more are the number that
        // opens what AES-GCM sealed (RFC 5288 §3).
        [0, 0, 0, 0, _, ..] => true,
        // RFC 8446 §D.4: before its second ClientHello a client may say that the cipher changes.
        [1, _, _, _, 3, 3, ..] => false,
        _ => changed,
    }
}

fn message(r: &mut Reader<'_>, name: &str, is_13: bool) -> Option<String> {
    let kind = r.u8(&TYPE)?;
    r.means(name);
    let length = usize::try_from(r.number(&LENGTH, 24)?).ok()?;
    if length > r.left() {
        r.means("bytes; the message goes on in the next record");
        r.rest(&PART);
        return Some(format!("{name}, its beginning"));
    }
    r.means("bytes");
    r.within(length, &BODY, |r| {
        let said = body(r, (kind, name), is_13);
        if said.is_none() {
            let here = r.position();
            r.problem(here..r.end(), format_args!("a length in the {name} does not fit the message"));
        }
        Some(said.unwrap_or_else(|| name.to_owned()))
    })?
}

/// What a message says; `None` where a length does not fit.
fn body(r: &mut Reader<'_>, (kind, name): (u8, &str), is_13: bool) -> Option<String> {
    match kind {
        1 => return client(r),
        2 => return server(r),
        4 => finished::ticket(r, is_13),
        8 => extensions::read(r, Place::EncryptedExtensions).map(drop),
        11 => return certificate::read(r, is_13),
        12 => exchange::server(r),
        13 => certificate::request(r, is_13),
        15 => certificate::verify(r),
        16 => exchange::client(r),
        20 => finished::read(r),
        22 => extensions::status(r),
        24 => finished::update(r),
        _ => Some(()),
    }?;
    Some(name.to_owned())
}

/// RFC 8446 §4.1.2.
fn client(r: &mut Reader<'_>) -> Option<String> {
    start(r)?;
    let length = usize::from(r.u16(&SUITES_LENGTH)?);
    r.means(format_args!("{} suites", length / 2));
    if length > r.left() {
        return None;
    }
    r.group(&SUITES, |r| r.within(length, &BODY, |r| while r.left() >= 2 && suite(r).is_some() {}))?;
    let methods = usize::from(r.u8(&COMPRESSIONS_LENGTH)?);
    r.group(&OFFERED, |r| (0..methods).try_for_each(|_| compression(r)))?;
    let name = extensions::read(r, Place::ClientHello)?;
    Some(name.map_or_else(|| "Client Hello".to_owned(), |name| format!("Client Hello ({name})")))
}

/// RFC 8446 §4.1.3.
fn server(r: &mut Reader<'_>) -> Option<String> {
    let retry = start(r)?;
    suite(r)?;
    compression(r)?;
    extensions::read(r, if retry { Place::Retry } else { Place::ServerHello })?;
    Some(if retry { "Hello Retry Request" } else { "Server Hello" }.to_owned())
}

/// What both hellos begin with; whether the random is that of a HelloRetryRequest (RFC 8446 §4.1.3).
fn start(r: &mut Reader<'_>) -> Option<bool> {
    let version = r.hex16(&VERSION)?;
    r.means(names::version(version));
    let retry = r.raw(&RANDOM, 32)?.starts_with(&[0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11]);
    if retry {
        r.means("the hash of the words HelloRetryRequest: the server asks for another key share");
    }
    let length = usize::from(r.u8(&SESSION_LENGTH)?);
    if length > 0 {
        r.raw(&SESSION, length)?;
    }
    Some(retry)
}

fn suite(r: &mut Reader<'_>) -> Option<()> {
    let suite = r.hex16(&SUITE)?;
    r.means(names::suite(suite));
    Some(())
}

fn compression(r: &mut Reader<'_>) -> Option<()> {
    let method = r.u8(&COMPRESSION)?;
    r.means(if method == 0 { "none" } else { "not allowed in TLS 1.3" });
    Some(())
}
