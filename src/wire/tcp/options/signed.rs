//! Options that sign a segment: MD5 (RFC 2385) and the authentication option that took its place (RFC 5925).
use crate::wire::reader::{Reader, Words};

pub(super) const MD5: Words = Words::new(
    "tcp.options.md5",
    "MD5 signature",
    "RFC 2385 §3.0",
    "Proves that the segment is of who knows the connection's key, so that a forged RST cannot end it: made for BGP; new connections \
     use the authentication option.",
);
const DIGEST: Words = Words::new(
    "tcp.options.md5.digest",
    "Digest",
    "RFC 2385 §2.0",
    "MD5 over addresses, header without options, data and the key: a receiver drops the segment without a word when its own differs.",
);
pub(super) const AUTHENTICATION: Words = Words::new(
    "tcp.options.ao",
    "TCP authentication",
    "RFC 5925 §2.2",
    "Proves that the segment is of who knows the key. Unlike the MD5 signature it can change keys while the connection lasts, and the \
     algorithm is of the key.",
);
const KEY: Words = Words::new(
    "tcp.options.ao.keyid",
    "Key",
    "RFC 5925 §2.2",
    "The number both sides gave to the key this segment is signed with.",
);
const NEXT_KEY: Words = Words::new(
    "tcp.options.ao.rnextkeyid",
    "Next key",
    "RFC 5925 §2.2",
    "The key this side is ready to be sent next: when it is another, keys are being changed.",
);
const CODE: Words = Words::new(
    "tcp.options.ao.mac",
    "Authentication code",
    "RFC 5925 §2.2",
    "Computed over addresses, header and data with the key; which algorithm made it is not on the wire.",
);

/// Reads what the MD5 signature carries.
pub(super) fn read_md5(r: &mut Reader<'_>) -> Option<String> {
    r.raw(&DIGEST, 16)?;
    Some("a digest of 16 bytes".to_owned())
}

/// Reads what the authentication option carries.
pub(super) fn read_authentication(r: &mut Reader<'_>) -> Option<String> {
    let (key, next) = (r.u8(&KEY)?, r.u8(&NEXT_KEY)?);
    r.means(if key == next { "the same: no change of keys" } else { "another: a change of keys" });
    let code = r.left();
    r.raw(&CODE, code)?;
    Some(format!("key {key}, next {next}, a code of {code} bytes"))
}
