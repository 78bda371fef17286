//! The extensions of a hello: versions, names, key shares, protocols. RFC 8446 §4.2.
use super::names;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const TABLE: &str = "RFC 8446 §4.2";
const ALL_LENGTH: Words =
    Words::new("tls.handshake.extensions_length", "Extensions length", TABLE, "In bytes, all of them together.");
const EXTENSION: Words = Words::new(
    "tls.handshake.extension",
    "Extension",
    TABLE,
    "All that TLS learned since its first version: who does not know one leaves it aside.",
);
const TYPE: Words = Words::new("tls.handshake.extension.type", "Extension type", TABLE, "Which extension it is.");
const LENGTH: Words =
    Words::new("tls.handshake.extension.len", "Extension length", TABLE, "So that unknown ones can be stepped over.");
const DATA: Words = Words::new("tls.handshake.extension.data", "Extension data", TABLE, "What this extension says.");

const SNI: &str = "RFC 6066 §3";
const NAMES_LENGTH: Words =
    Words::new("tls.handshake.extensions_server_name_list_len", "Names length", SNI, "In bytes.");
const NAME_TYPE: Words = Words::new(
    "tls.handshake.extensions_server_name_type",
    "Name type",
    SNI,
    "0: a host's name; no other was ever used.",
);
const NAME_LENGTH: Words = Words::new("tls.handshake.extensions_server_name_len", "Name length", SNI, "In bytes.");
const NAME: Words = Words::new(
    "tls.handshake.extensions_server_name",
    "Server name",
    SNI,
    "Which of the names at this address is meant, so that the server shows the right certificate. All on the way read it.",
);

const ALPN: &str = "RFC 7301 §3.1";
const PROTOCOLS_LENGTH: Words = Words::new("tls.handshake.extensions_alpn_len", "Protocols length", ALPN, "In bytes.");
const PROTOCOL_LENGTH: Words =
    Words::new("tls.handshake.extensions_alpn_str_len", "Protocol length", ALPN, "In bytes.");
const PROTOCOL: Words = Words::new(
    "tls.handshake.extensions_alpn_str",
    "Protocol",
    ALPN,
    "What the client would speak inside, best first: chosen here, so that it costs no round trip of its own.",
);

const VERSIONS: &str = "RFC 8446 §4.2.1";
const VERSIONS_LENGTH: Words =
    Words::new("tls.handshake.extensions.supported_versions_len", "Versions length", VERSIONS, "In bytes.");
const VERSION: Words = Words::new(
    "tls.handshake.extensions.supported_version",
    "Version",
    VERSIONS,
    "The client lists all it can, the server names the one it takes: this is the true version.",
);

const SHARE: &str = "RFC 8446 §4.2.8";
const SHARES_LENGTH: Words =
    Words::new("tls.handshake.extensions_key_share_client_length", "Key shares length", SHARE, "In bytes.");
const GROUP: Words = Words::new(
    "tls.handshake.extensions_key_share_group",
    "Group",
    SHARE,
    "In which curve or group this half of the key exchange is.",
);
const KEY_LENGTH: Words = Words::new(
    "tls.handshake.extensions_key_share_key_exchange_length",
    "Key length",
    SHARE,
    "In bytes; 32 for X25519.",
);
const KEY: Words = Words::new(
    "tls.handshake.extensions_key_share_key_exchange",
    "Public key",
    SHARE,
    "Half of the key exchange, sent along on a guess: that is what makes the handshake one round trip. Who reads both \
     halves learns no secret.",
);

/// More extensions than this are not taken apart.
const MOST: usize = 100;

/// Reads the extensions of a hello, and the server's name, where one of them has it. `None` where a length does not fit.
pub(super) fn read(r: &mut Reader<'_>, client: bool) -> Option<Option<String>> {
    if r.left() == 0 {
        return Some(None);
    }
    let length = usize::from(r.u16(&ALL_LENGTH)?);
    r.within(length, &DATA, |r| {
        let mut name = None;
        for _ in 0..MOST {
            if r.left() == 0 {
                break;
            }
            let found = r.group(&EXTENSION, |r| extension(r, client));
            name = name.or(found?);
        }
        Some(name)
    })?
}

fn extension(r: &mut Reader<'_>, client: bool) -> Option<Option<String>> {
    let kind = r.u16(&TYPE)?;
    r.means(names::extension(kind));
    let length = usize::from(r.u16(&LENGTH)?);
    r.within(length, &DATA, |r| match kind {
        0 if client && length > 0 => server_name(r),
        16 => protocols(r),
        43 => versions(r, client),
        // A HelloRetryRequest names a group only.
        51 if client || length > 2 => shares(r, client),
        _ => Some(None),
    })?
}

fn server_name(r: &mut Reader<'_>) -> Option<Option<String>> {
    r.u16(&NAMES_LENGTH)?;
    r.u8(&NAME_TYPE)?;
    let length = usize::from(r.u16(&NAME_LENGTH)?);
    let name = r.text(&NAME, length)?;
    Some(Some(visible_start(name, 80)))
}

fn protocols(r: &mut Reader<'_>) -> Option<Option<String>> {
    r.u16(&PROTOCOLS_LENGTH)?;
    while r.left() > 0 {
        let length = usize::from(r.u8(&PROTOCOL_LENGTH)?);
        r.text(&PROTOCOL, length)?;
    }
    Some(None)
}

fn versions(r: &mut Reader<'_>, client: bool) -> Option<Option<String>> {
    if client {
        r.u8(&VERSIONS_LENGTH)?;
    }
    while r.left() >= 2 {
        let version = r.hex16(&VERSION)?;
        r.means(names::version(version));
    }
    Some(None)
}

fn shares(r: &mut Reader<'_>, client: bool) -> Option<Option<String>> {
    if client {
        r.u16(&SHARES_LENGTH)?;
    }
    while r.left() >= 4 {
        let group = r.u16(&GROUP)?;
        r.means(names::group(group));
        let length = usize::from(r.u16(&KEY_LENGTH)?);
        r.raw(&KEY, length)?;
    }
    Some(None)
}
