//! The messages that prove who an end is: Certificate, CertificateRequest, CertificateVerify. RFC 8446 §4.3.2, §4.4.
use super::extensions::{self, Place};
use super::names;
use crate::wire::reader::{Reader, Words};
use crate::wire::x509;

const CERTIFICATE_MESSAGE: &str = "RFC 8446 §4.4.2";
const CONTEXT_LENGTH: Words = Words::new(
    "tls.handshake.certificate_request_context_length",
    "Request context length",
    CERTIFICATE_MESSAGE,
    "In bytes; 0 in a handshake.",
);
const CONTEXT: Words = Words::new(
    "tls.handshake.certificate_request_context",
    "Request context",
    "RFC 8446 §4.3.2",
    "Which request is answered, when a server asks for a certificate after the handshake.",
);
const ALL_LENGTH: Words = Words::new(
    "tls.handshake.certificates_length",
    "Certificates length",
    CERTIFICATE_MESSAGE,
    "In bytes. This is most of a server's first flight: what does not fit into its first window costs a round trip more.",
);
const ALL: Words = Words::new(
    "tls.handshake.certificates",
    "Certificates",
    CERTIFICATE_MESSAGE,
    "The end's own first, then those of the authorities that signed it, up to one the other end knows; the root is left out.",
);
const ONE_LENGTH: Words =
    Words::new("tls.handshake.certificate_length", "Certificate length", CERTIFICATE_MESSAGE, "In bytes.");
const ONE: Words = Words::new(
    "tls.handshake.certificate",
    "Certificate",
    "RFC 5280 §4.1",
    "Binds a name to a public key, signed by somebody the other end trusts or can follow to whom it trusts.",
);

const REQUEST: &str = "RFC 5246 §7.4.4";
const TYPES_COUNT: Words = Words::new("tls.handshake.cert_types_count", "Types count", REQUEST, "One byte each.");
const TYPE: Words =
    Words::new("tls.handshake.cert_type", "Certificate type", REQUEST, "A kind of key the server can check.");

const VERIFY: &str = "RFC 8446 §4.4.3";
const ALGORITHM: Words = Words::new(
    "tls.handshake.sig_hash_alg",
    "Signature algorithm",
    VERIFY,
    "One of those the other end said it can check; it must fit the key in the certificate.",
);
const SIGNATURE_LENGTH: Words = Words::new("tls.handshake.sig_len", "Signature length", VERIFY, "In bytes.");
const SIGNATURE: Words = Words::new(
    "tls.handshake.sig",
    "Signature",
    VERIFY,
    "Over all messages so far, with the key of the certificate: anybody can show a certificate, only its owner can sign with \
     it, and as the randoms and key shares are covered no signature of another connection fits.",
);

/// How many certificates are taken apart.
const MOST: usize = 20;

/// RFC 8446 §4.4.2; RFC 5246 §7.4.2 without context and extensions.
pub(super) fn read(r: &mut Reader<'_>, is_13: bool) -> Option<String> {
    if is_13 {
        context(r)?;
    }
    let length = usize::try_from(r.number(&ALL_LENGTH, 24)?).ok()?;
    if length == 0 {
        r.means("none: this end has no certificate to show");
        return Some("Certificate (none)".to_owned());
    }
    r.means("bytes");
    if length > r.left() {
        return None;
    }
    r.group(&ALL, |r| {
        r.within(length, &ONE, |r| {
            for nth in 0..MOST {
                if r.left() == 0 {
                    break;
                }
                entry(r, is_13, nth)?;
            }
            Some("Certificate".to_owned())
        })?
    })
}

fn entry(r: &mut Reader<'_>, is_13: bool, nth: usize) -> Option<()> {
    let length = usize::try_from(r.number(&ONE_LENGTH, 24)?).ok()?;
    r.means("bytes");
    if length > r.left() {
        return None;
    }
    let says = r.group(&ONE, |r| r.within(length, &ONE, x509::certificate))?;
    r.labelled(if nth == 0 { "Certificate of this end".to_owned() } else { format!("Certificate {}", nth + 1) });
    r.says(says.unwrap_or_default());
    if is_13 {
        extensions::read(r, Place::Certificate)?;
    }
    Some(())
}

fn context(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u8(&CONTEXT_LENGTH)?);
    r.raw(&CONTEXT, length)?;
    Some(())
}

/// RFC 8446 §4.3.2; RFC 5246 §7.4.4.
pub(super) fn request(r: &mut Reader<'_>, is_13: bool) -> Option<()> {
    if is_13 {
        context(r)?;
        extensions::read(r, Place::CertificateRequest)?;
        return Some(());
    }
    let count = r.u8(&TYPES_COUNT)?;
    for _ in 0..count {
        let kind = r.u8(&TYPE)?;
        r.means(match kind {
            1 => "RSA",
            64 => "ECDSA",
            _ => "another",
        });
    }
    extensions::signatures(r)?;
    extensions::authorities(r)
}

/// RFC 8446 §4.4.3, RFC 5246 §7.4.8.
pub(super) fn verify(r: &mut Reader<'_>) -> Option<()> {
    signed(r)
}

/// An algorithm, a length, a signature.
pub(super) fn signed(r: &mut Reader<'_>) -> Option<()> {
    let algorithm = r.hex16(&ALGORITHM)?;
    r.means(names::signature(algorithm));
    let length = usize::from(r.u16(&SIGNATURE_LENGTH)?);
    r.raw(&SIGNATURE, length)?;
    Some(())
}
