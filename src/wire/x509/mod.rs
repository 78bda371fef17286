//! X.509 certificates: whose key it is, who says so, from when to when, and what it may be used for. RFC 5280.
//!
//! ```text
//! der, oid, time, name ──┬── field by field, for a person: certificate(Reader)
//!                        └── as values, for a program: Certificate, Crl, Request
//! ```
mod alternative;
mod certificate;
mod crl;
mod der;
mod extensions;
mod key;
mod name;
mod oid;
mod public_key;
mod request;
mod signed;
mod time;
mod timestamps;

pub use alternative::AltName;
pub use certificate::{Certificate, Purpose};
pub use crl::Crl;
pub use public_key::{KeyKind, PublicKey};
pub use request::Request;
pub use signed::Signed;
pub use time::date;

use crate::wire::reader::{Reader, Words};
pub(in crate::wire) use timestamps::read as timestamps;

const CERTIFICATE: &str = "RFC 5280 §4.1";
const WHOLE: Words = Words::new(
    "x509af.Certificate_element",
    "X.509 certificate",
    CERTIFICATE,
    "What is signed, the algorithm, and the signature over it.",
);
const SIGNED: Words = Words::new(
    "x509af.signedCertificate_element",
    "What is signed",
    "RFC 5280 §4.1.1.1",
    "All that the authority vouches for; the signature covers these bytes as they are.",
);
const VERSION: Words = Words::new(
    "x509af.version",
    "Version",
    "RFC 5280 §4.1.2.1",
    "2 means version 3: only that has extensions, and without them a certificate is of no use today.",
);
const SERIAL: Words = Words::new(
    "x509af.serialNumber",
    "Serial number",
    "RFC 5280 §4.1.2.2",
    "With the issuer it names this certificate: lists of revoked ones say it. Part of it is random, so that nobody can foresee \
     the bytes that get signed.",
);
const NUMBER: Words =
    Words::new("x509.integer", "Number", "ITU-T X.690 §8.3", "A whole number, the highest byte first.");
const INNER_ALGORITHM: Words = Words::new(
    "x509af.signature_element",
    "Signature algorithm",
    "RFC 5280 §4.1.2.3",
    "The same as behind the signed part: here it is signed as well, so that nobody can exchange it.",
);
const ISSUER: Words = Words::new(
    "x509af.issuer",
    "Issuer",
    "RFC 5280 §4.1.2.4",
    "Who signed: a client looks for a certificate whose subject this is, up to one it trusts.",
);
const VALIDITY: Words = Words::new(
    "x509af.validity_element",
    "Validity",
    "RFC 5280 §4.1.2.5",
    "Before and after it the certificate is refused. It gets ever shorter: a stolen key is of use for no longer than this.",
);
const BEFORE: Words = Words::new("x509af.notBefore", "Not before", "RFC 5280 §4.1.2.5", "The first second it is good.");
const AFTER: Words = Words::new("x509af.notAfter", "Not after", "RFC 5280 §4.1.2.5", "The last second it is good.");
const SUBJECT: Words = Words::new(
    "x509af.subject",
    "Subject",
    "RFC 5280 §4.1.2.6",
    "Whose key it is. Clients no longer look for a host's name here, but in the subject's alternative names (RFC 9525 §6.3).",
);
const KEY: Words = Words::new(
    "x509af.subjectPublicKeyInfo_element",
    "Subject's public key",
    "RFC 5280 §4.1.2.7",
    "The key that the signature in Certificate Verify must fit.",
);
const UNIQUE: Words =
    Words::new("x509af.subjectUniqueIdentifier", "Unique identifier", "RFC 5280 §4.1.2.8", "Not to be used any more.");
const OUTER_ALGORITHM: Words = Words::new(
    "x509af.algorithmIdentifier_element",
    "Signature algorithm",
    "RFC 5280 §4.1.1.2",
    "How the issuer has signed.",
);
const SIGNATURE: Words = Words::new(
    "x509af.encrypted",
    "Issuer's signature",
    "RFC 5280 §4.1.1.3",
    "Over all of the signed part, made with the issuer's key: who has the issuer's certificate can check it.",
);
const WHO: Words = Words::new("x509if.rdnSequence", "Name", "RFC 5280 §4.1.2.4", "A distinguished name.");

/// Bytes that are no certificate, list or request; the text says which it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub &'static str);

/// Reads a certificate (DER); gives it in a few words: `CN=www.example, signed by CN=Lab CA`. `None` where it is none; what was
/// read stays.
pub(in crate::wire) fn certificate(r: &mut Reader<'_>) -> Option<String> {
    let (start, length) = (r.position(), r.left());
    let says = der::value(r, &WHOLE, der::SEQUENCE, |r| {
        let says = der::value(r, &SIGNED, der::SEQUENCE, signed)?;
        key::algorithm(r, &OUTER_ALGORITHM)?;
        key::signature(r, &SIGNATURE)?;
        Some(says)
    });
    if says.is_none() {
        r.problem(start..start + length, "this certificate cannot be read to its end");
    }
    says
}

/// Reads a distinguished name (DER).
pub(in crate::wire) fn name(r: &mut Reader<'_>) -> Option<String> {
    name::read(r, &WHO)
}

/// RFC 5280 §4.1.2: TBSCertificate.
fn signed(r: &mut Reader<'_>) -> Option<String> {
    if der::ahead(r)?.tag == 0xa0 {
        let version = der::any(r, &VERSION, |r, _| der::bytes(r, &NUMBER, &NUMBER))?;
        if let [number] = version {
            r.says(number);
            r.means(format_args!("version {}", u16::from(*number) + 1));
        }
    }
    der::bytes(r, &SERIAL, &NUMBER)?;
    key::algorithm(r, &INNER_ALGORITHM)?;
    let issuer = name::read(r, &ISSUER)?;
    der::value(r, &VALIDITY, der::SEQUENCE, |r| {
        time::read(r, &BEFORE)?;
        time::read(r, &AFTER)
    })?;
    let subject = name::read(r, &SUBJECT)?;
    let key = der::value(r, &KEY, der::SEQUENCE, key::public)?;
    r.says(key);
    while let Some(next) = der::ahead(r) {
        match next.tag {
            0xa3 => extensions::read(r)?,
            _ => der::any(r, &UNIQUE, |_, _| Some(()))?,
        }
    }
    Some(if subject == issuer {
        format!("{subject}, signed by itself")
    } else {
        format!("{subject}, signed by {issuer}")
    })
}
