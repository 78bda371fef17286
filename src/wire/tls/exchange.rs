//! The key exchange of TLS 1.2, whose halves come in messages of their own. RFC 8422 §5.4, §5.7.
use super::{certificate, names};
use crate::wire::reader::{Reader, Words};

const SERVER: &str = "RFC 8422 §5.4";
const CURVE_TYPE: Words =
    Words::new("tls.handshake.server_curve_type", "Curve type", SERVER, "3: a curve by its name; others are not used.");
const CURVE: Words = Words::new(
    "tls.handshake.server_named_curve",
    "Curve",
    SERVER,
    "Chosen from the client's groups. In TLS 1.2 the server goes first: that is why the handshake takes a round trip more.",
);
const POINT_LENGTH: Words = Words::new("tls.handshake.server_point_len", "Key length", SERVER, "In bytes.");
const POINT: Words = Words::new(
    "tls.handshake.server_point",
    "Public key",
    SERVER,
    "The server's half, made for this connection only: who steals the certificate's key later reads nothing old.",
);
const CLIENT: &str = "RFC 8422 §5.7";
const CLIENT_LENGTH: Words = Words::new("tls.handshake.client_point_len", "Key length", CLIENT, "In bytes.");
const CLIENT_POINT: Words = Words::new(
    "tls.handshake.client_point",
    "Public key",
    CLIENT,
    "The client's half: with it both ends have the premaster secret, and from that and both randoms every key is made.",
);
const OTHER: Words = Words::new(
    "tls.handshake.key_exchange",
    "Key exchange",
    "RFC 5246 §7.4.3",
    "A key exchange that is not of a named curve: it is not taken apart here.",
);

/// RFC 8422 §5.4: the server's half, signed.
pub(super) fn server(r: &mut Reader<'_>) -> Option<()> {
    if r.ahead().first() != Some(&3) {
        r.rest(&OTHER);
        return Some(());
    }
    r.u8(&CURVE_TYPE)?;
    r.means("named curve");
    let curve = r.hex16(&CURVE)?;
    r.means(names::group(curve));
    let length = usize::from(r.u8(&POINT_LENGTH)?);
    r.raw(&POINT, length)?;
    certificate::signed(r)
}

/// RFC 8422 §5.7: the client's half.
pub(super) fn client(r: &mut Reader<'_>) -> Option<()> {
    let is_point = r.ahead().first().is_some_and(|length| usize::from(*length) + 1 == r.left());
    if !is_point {
        r.rest(&OTHER);
        return Some(());
    }
    let length = usize::from(r.u8(&CLIENT_LENGTH)?);
    r.raw(&CLIENT_POINT, length)?;
    Some(())
}
