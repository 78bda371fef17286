//! Handshake messages that are not encrypted: the two hellos, field by field. RFC 8446 §4.
use super::{extensions, names};
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

/// Reads the messages of a record; says which they are.
pub(super) fn read(r: &mut Reader<'_>) -> String {
    let mut said: Vec<String> = Vec::new();
    while r.left() >= 4 {
        let Some(name) = names::handshake(r.ahead()[0]) else {
            r.rest(&ENCRYPTED);
            said.push("Encrypted Handshake Message".to_owned());
            break;
        };
        let message = r.group(&MESSAGE, |r| message(r, name));
        said.push(message.unwrap_or_else(|| name.to_owned()));
        if let Some(last) = said.last() {
            r.says(last);
        }
    }
    if said.is_empty() { "Handshake".to_owned() } else { said.join(", ") }
}

fn message(r: &mut Reader<'_>, name: &str) -> Option<String> {
    let kind = r.u8(&TYPE)?;
    r.means(name);
    let length = usize::try_from(r.number(&LENGTH, 24)?).ok()?;
    if length > r.left() {
        r.means("bytes; the message goes on in the next record");
        r.rest(&BODY);
        return None;
    }
    r.means("bytes");
    r.within(length, &BODY, |r| {
        let said = match kind {
            1 => client(r),
            2 => server(r),
            _ => return Some(name.to_owned()),
        };
        if said.is_none() {
            let here = r.position();
            r.problem(here..r.end(), format_args!("a length in the {name} does not fit the message"));
        }
        Some(said.unwrap_or_else(|| name.to_owned()))
    })?
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
    let name = extensions::read(r, true)?;
    Some(name.map_or_else(|| "Client Hello".to_owned(), |name| format!("Client Hello ({name})")))
}

/// RFC 8446 §4.1.3.
fn server(r: &mut Reader<'_>) -> Option<String> {
    let retry = start(r)?;
    suite(r)?;
    compression(r)?;
    extensions::read(r, false)?;
    Some(if retry { "Hello Retry Request" } else { "Server Hello" }.to_owned())
}

/// What both hellos begin with; whether the random is that of a HelloRetryRequest (RFC 8446 §4.1.3).
fn start(r: &mut Reader<'_>) -> Option<bool> {
    let version = r.hex16(&VERSION)?;
    r.means(names::version(version));
    let retry = r.raw(&RANDOM, 32)?.starts_with(&[0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11]);
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
