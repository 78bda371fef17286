//! Extensions that carry what was made or chosen: key shares, a cookie, authorities, the status of a certificate.
use super::super::names;
use crate::wire::reader::{Reader, Words};
use crate::wire::x509;

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
const RETRY_GROUP: Words = Words::new(
    "tls.handshake.extensions_key_share_selected_group",
    "Selected group",
    SHARE,
    "The client guessed another group: it shall come again with a key share in this one. That costs a round trip.",
);

const COOKIE_LENGTH: Words =
    Words::new("tls.handshake.extensions.cookie_len", "Cookie length", "RFC 8446 §4.2.2", "In bytes.");
const COOKIE: Words = Words::new(
    "tls.handshake.extensions.cookie",
    "Cookie",
    "RFC 8446 §4.2.2",
    "The client brings it back with its second hello: so the server need remember nothing, and knows that the address is real.",
);

const AUTHORITIES: &str = "RFC 8446 §4.2.4";
const AUTHORITIES_LENGTH: Words = Words::new("tls.handshake.dnames_len", "Names length", AUTHORITIES, "In bytes.");
const AUTHORITY_LENGTH: Words = Words::new("tls.handshake.dname_len", "Name length", AUTHORITIES, "In bytes.");
const AUTHORITY: Words = Words::new(
    "tls.handshake.dname",
    "Authority",
    AUTHORITIES,
    "A certificate that one of these signed will be accepted: a client that has several chooses by it.",
);

const STATUS_TYPE: Words = Words::new(
    "tls.handshake.extensions_status_request_type",
    "Status type",
    "RFC 6066 §8",
    "1: an answer of OCSP, which the server fetched itself and sends along (stapling).",
);
const STATUS_LENGTH: Words =
    Words::new("tls.handshake.ocsp_response_len", "Response length", "RFC 6066 §8", "In bytes.");
const STATUS: Words = Words::new(
    "tls.handshake.ocsp_response",
    "OCSP response",
    "RFC 6960 §4.2.1",
    "What the authority says of this certificate: good or revoked, signed, and good for some days.",
);
const RENEGOTIATION_LENGTH: Words = Words::new(
    "tls.handshake.extensions_reneg_info_len",
    "Length",
    "RFC 5746 §3.2",
    "In bytes; 0 in a first handshake.",
);
const RENEGOTIATION: Words = Words::new(
    "tls.handshake.extensions_reneg_info",
    "Renegotiated connection",
    "RFC 5746 §3.2",
    "Binds a second handshake on a connection to the first: without it an attacker could put his own words in front.",
);

/// How many authorities are taken apart.
const MOST: usize = 50;

/// The client's list has a length in front, the server's one share has none.
pub(super) fn shares(r: &mut Reader<'_>, lists: bool) -> Option<()> {
    if lists {
        r.u16(&SHARES_LENGTH)?;
    }
    while r.left() >= 4 {
        let group = r.hex16(&GROUP)?;
        r.means(names::group(group));
        let length = usize::from(r.u16(&KEY_LENGTH)?);
        r.raw(&KEY, length)?;
        if let Some(why) = names::share(group, lists) {
            r.means(why);
        }
    }
    Some(())
}

pub(super) fn retry_group(r: &mut Reader<'_>) -> Option<()> {
    let group = r.hex16(&RETRY_GROUP)?;
    r.means(names::group(group));
    Some(())
}

pub(super) fn cookie(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u16(&COOKIE_LENGTH)?);
    r.raw(&COOKIE, length)?;
    Some(())
}

/// Also what a CertificateRequest of TLS 1.2 ends with, outside of extensions.
pub(in crate::wire::tls) fn authorities(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u16(&AUTHORITIES_LENGTH)?);
    r.within(length, &AUTHORITY, |r| {
        for _ in 0..MOST {
            if r.left() == 0 {
                break;
            }
            let length = usize::from(r.u16(&AUTHORITY_LENGTH)?);
            r.within(length, &AUTHORITY, |r| r.group(&AUTHORITY, x509::name))?;
        }
        Some(())
    })?
}

/// RFC 8446 §4.4.2.1: in a certificate's own extensions, a whole CertificateStatus.
pub(in crate::wire::tls) fn status(r: &mut Reader<'_>) -> Option<()> {
    r.u8(&STATUS_TYPE)?;
    let length = usize::try_from(r.number(&STATUS_LENGTH, 24)?).ok()?;
    r.raw(&STATUS, length)?;
    Some(())
}

pub(super) fn renegotiation(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u8(&RENEGOTIATION_LENGTH)?);
    r.raw(&RENEGOTIATION, length)?;
    Some(())
}
