//! The extensions of a certificate: for which names, for what use, by which authority. RFC 5280 §4.2.
use super::alternative::AltName;
use super::{der, oid, timestamps};
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

const ALL: Words = Words::new(
    "x509af.extensions",
    "Extensions",
    "RFC 5280 §4.2",
    "What version 3 added: names, uses, where to ask whether it was revoked.",
);
const LIST: Words = Words::new("x509af.Extensions", "List", "RFC 5280 §4.1.2.9", "One after another.");
const ONE: Words = Words::new("x509af.Extension_element", "Extension", "RFC 5280 §4.2", "A kind, and what it says.");
const KIND: Words = Words::new("x509af.extension.id", "Kind", "RFC 5280 §4.2", "Which extension it is.");
const CRITICAL: Words = Words::new(
    "x509af.critical",
    "Critical",
    "RFC 5280 §4.2",
    "Who does not know this extension must refuse the certificate. Where it is not said, an unknown one is left aside.",
);
const TRUTH: Words = Words::new("x509.boolean", "Truth", "ITU-T X.690 §11.1", "0xff is true.");
const VALUE: Words = Words::new("x509af.extnValue", "Value", "RFC 5280 §4.2", "DER again, inside an OCTET STRING.");
const CONTENT: Words = Words::new("x509.extension_value", "Content", "RFC 5280 §4.2", "What this extension says.");
const OPAQUE: Words =
    Words::new("x509.der.value", "Content", "RFC 5280 §4.2", "What this extension says is not taken apart here.");

const NAMES: Words = Words::new(
    "x509ce.GeneralNames",
    "Alternative names",
    "RFC 5280 §4.2.1.6",
    "Whom the certificate is for: a client compares the name it asked for with these, and with nothing else (RFC 9525 §6.3).",
);
const DNS_NAME: Words = Words::new(
    "x509ce.dNSName",
    "DNS name",
    "RFC 5280 §4.2.1.6",
    "A host; `*.` at the start stands for exactly one label (RFC 9525 §6.3).",
);
const ADDRESS: Words =
    Words::new("x509ce.iPAddress", "IP address", "RFC 5280 §4.2.1.6", "For clients that connect by address.");
const OTHER_NAME: Words = Words::new("x509ce.GeneralName", "Name", "RFC 5280 §4.2.1.6", "A name of another kind.");

const USAGE: Words = Words::new(
    "x509ce.KeyUsage",
    "Key usage",
    "RFC 5280 §4.2.1.3",
    "What the key may do: a server's signs the handshake, an authority's signs certificates.",
);
const UNUSED: Words =
    Words::new("x509.unused_bits", "Unused bits", "ITU-T X.690 §8.6", "How many bits of the last byte do not count.");
const BITS: Words = Words::new("x509.key_usage_bits", "Uses", "RFC 5280 §4.2.1.3", "One bit a use, from the left.");
const PURPOSES: Words = Words::new(
    "x509ce.KeyPurposeIDs",
    "Extended key usage",
    "RFC 5280 §4.2.1.12",
    "For what the certificate may be shown: by servers, by clients. Without the right one it is refused.",
);
const PURPOSE: Words = Words::new("x509ce.KeyPurposeId", "Purpose", "RFC 5280 §4.2.1.12", "One of them.");
const BASIC: Words = Words::new(
    "x509ce.BasicConstraintsSyntax_element",
    "Basic constraints",
    "RFC 5280 §4.2.1.9",
    "Whether it is an authority's: else everybody with a certificate could sign more of them.",
);
const IS_CA: Words = Words::new("x509ce.cA", "Authority", "RFC 5280 §4.2.1.9", "True: it may sign certificates.");
const DEPTH: Words = Words::new(
    "x509ce.pathLenConstraint",
    "Path length",
    "RFC 5280 §4.2.1.9",
    "How many authorities may follow below it; 0: it signs only ends.",
);
const NUMBER: Words =
    Words::new("x509.integer", "Number", "ITU-T X.690 §8.3", "A whole number, the highest byte first.");
const OWN_KEY: Words = Words::new(
    "x509ce.SubjectKeyIdentifier",
    "Subject key identifier",
    "RFC 5280 §4.2.1.2",
    "A short name of the key in this certificate, mostly a hash of it.",
);
const AUTHORITY_KEY: Words = Words::new(
    "x509ce.AuthorityKeyIdentifier_element",
    "Authority key identifier",
    "RFC 5280 §4.2.1.1",
    "With which of the issuer's keys it was signed: it equals the subject key identifier of the issuer's certificate.",
);
const KEY_ID: Words =
    Words::new("x509ce.keyIdentifier", "Key identifier", "RFC 5280 §4.2.1.1", "The short name itself.");
const ID: Words = Words::new("x509.key_identifier", "Identifier", "RFC 5280 §4.2.1.2", "Mostly a hash of the key.");
const ACCESS: Words = Words::new(
    "pkix1implicit.AuthorityInfoAccessSyntax",
    "Authority information access",
    "RFC 5280 §4.2.2.1",
    "Where to ask for the status (OCSP), and where to fetch the issuer's certificate.",
);
const DESCRIPTION: Words =
    Words::new("pkix1implicit.AccessDescription_element", "Place", "RFC 5280 §4.2.2.1", "What is there, and where.");
const METHOD: Words = Words::new("pkix1implicit.accessMethod", "What", "RFC 5280 §4.2.2.1", "What is to be had there.");
const LOCATION: Words = Words::new("pkix1implicit.accessLocation", "Where", "RFC 5280 §4.2.2.1", "A URI.");

/// More of anything than this is not taken apart.
const MOST: usize = 100;

/// RFC 5280 §4.1.2.9.
pub(super) fn read(r: &mut Reader<'_>) -> Option<()> {
    der::any(r, &ALL, |r, _| der::value(r, &LIST, der::SEQUENCE, |r| each(r, named)))
}

/// Reads values until none is left.
fn each(r: &mut Reader<'_>, read: impl Fn(&mut Reader<'_>) -> Option<()>) -> Option<()> {
    for _ in 0..MOST {
        if r.left() == 0 {
            break;
        }
        read(r)?;
    }
    Some(())
}

fn named(r: &mut Reader<'_>) -> Option<()> {
    let name = der::value(r, &ONE, der::SEQUENCE, one)?;
    r.says(name);
    Some(())
}

/// Its name.
fn one(r: &mut Reader<'_>) -> Option<&'static str> {
    let kind = oid::read(r, &KIND)?;
    if der::ahead(r)?.tag == der::BOOLEAN {
        let truth = der::bytes(r, &CRITICAL, &TRUTH)?;
        r.says(if truth == [0] { "no" } else { "yes" });
    }
    let said = der::value(r, &VALUE, der::OCTET_STRING, |r| content(r, oid::name(kind)))?;
    r.says(said);
    Some(oid::name(kind))
}

/// What is inside, in a few words.
fn content(r: &mut Reader<'_>, kind: &str) -> Option<String> {
    Some(match kind {
        "subjectAltName" | "issuerAltName" => der::value(r, &NAMES, der::SEQUENCE, names)?,
        "keyUsage" => usage(r)?,
        "extKeyUsage" => der::value(r, &PURPOSES, der::SEQUENCE, purposes)?,
        "basicConstraints" => der::value(r, &BASIC, der::SEQUENCE, basic)?,
        "subjectKeyIdentifier" => der::bytes(r, &OWN_KEY, &ID).map(|_| String::new())?,
        "authorityKeyIdentifier" => der::value(r, &AUTHORITY_KEY, der::SEQUENCE, authority_key)?,
        "authorityInfoAccess" => der::value(r, &ACCESS, der::SEQUENCE, access)?,
        "signedCertificateTimestampList" => {
            der::value(r, &CONTENT, der::OCTET_STRING, timestamps::read).map(|()| String::new())?
        }
        _ => {
            r.rest(&OPAQUE);
            String::new()
        }
    })
}

fn names(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 && all.len() < MOST {
        let item = der::ahead(r)?;
        let name = AltName::of(item);
        let words = match name {
            Some(AltName::Dns(_)) => &DNS_NAME,
            Some(AltName::Address(_)) => &ADDRESS,
            _ => &OTHER_NAME,
        };
        der::bytes(r, words, &CONTENT)?;
        let said = name.map_or_else(|| visible_start(item.value, 120), |it| visible_start(it.to_string(), 120));
        r.says(&said);
        all.push(said);
    }
    Some(all.join(", "))
}

/// RFC 5280 §4.2.1.3: the uses in the order of their bits.
const USES: [&str; 9] = [
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

fn usage(r: &mut Reader<'_>) -> Option<String> {
    let said = der::value(r, &USAGE, der::BIT_STRING, |r| {
        r.u8(&UNUSED)?;
        let bytes = r.ahead();
        let is_set = |bit: usize| bytes.get(bit / 8).is_some_and(|byte| byte >> (7 - bit % 8) & 1 == 1);
        let set: Vec<&str> = (0..).zip(USES).filter(|(bit, _)| is_set(*bit)).map(|(_, name)| name).collect();
        r.rest(&BITS);
        let set = set.join(", ");
        r.means(&set);
        Some(set)
    })?;
    r.says(&said);
    Some(said)
}

fn purposes(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 && all.len() < MOST {
        let purpose = oid::read(r, &PURPOSE)?;
        all.push(oid::said(purpose));
    }
    Some(all.join(", "))
}

fn basic(r: &mut Reader<'_>) -> Option<String> {
    let mut is_ca = false;
    if der::ahead(r).is_some_and(|it| it.tag == der::BOOLEAN) {
        is_ca = der::bytes(r, &IS_CA, &TRUTH)? != [0];
        r.says(if is_ca { "yes" } else { "no" });
    }
    if der::ahead(r).is_some_and(|it| it.tag == der::INTEGER) {
        let depth = der::bytes(r, &DEPTH, &NUMBER)?;
        if let [depth] = depth {
            r.says(depth);
        }
    }
    Some(if is_ca { "an authority" } else { "no authority" }.to_owned())
}

fn authority_key(r: &mut Reader<'_>) -> Option<String> {
    each(r, |r| match der::ahead(r)?.tag {
        0x80 => der::bytes(r, &KEY_ID, &ID).map(drop),
        _ => der::any(r, &OTHER_NAME, |_, _| Some(())),
    })?;
    Some(String::new())
}

fn access(r: &mut Reader<'_>) -> Option<String> {
    each(r, |r| {
        der::value(r, &DESCRIPTION, der::SEQUENCE, |r| {
            oid::read(r, &METHOD)?;
            let place = der::bytes(r, &LOCATION, &CONTENT)?;
            r.says(visible_start(place, 120));
            Some(())
        })
    })?;
    Some(String::new())
}
