//! Algorithms, public keys and signatures of a certificate. RFC 5280 §4.1.1.2, §4.1.2.7.
use super::{der, oid};
use crate::wire::reader::{Reader, Words};

const ALGORITHM: &str = "RFC 5280 §4.1.1.2";
const KIND: Words = Words::new("x509af.algorithm.id", "Algorithm", ALGORITHM, "Which algorithm this is for.");
const PARAMETERS: Words =
    Words::new("x509af.parameters_element", "Parameters", ALGORITHM, "What the algorithm needs besides its name.");
const CURVE: Words = Words::new(
    "pkcs1.namedCurve",
    "Curve",
    "RFC 5480 §2.1.1",
    "On which curve the point lies: it decides the strength.",
);
const OF_KEY: Words =
    Words::new("x509af.algorithm_element", "Key algorithm", "RFC 5280 §4.1.2.7", "What kind of key it is.");
const KEY: Words = Words::new(
    "x509af.subjectPublicKey",
    "Public key",
    "RFC 5280 §4.1.2.7",
    "What the certificate is about: who can sign with the private half of it is whom the certificate names.",
);
const BITS: Words = Words::new(
    "x509.bit_string",
    "Bits",
    "ITU-T X.690 §8.6",
    "The first byte says how many bits of the last do not count: 0.",
);
const RSA: Words = Words::new("pkcs1.RSAPublicKey_element", "RSA key", "RFC 8017 §A.1.1", "A modulus and an exponent.");
const MODULUS: Words = Words::new(
    "pkcs1.modulus",
    "Modulus",
    "RFC 8017 §A.1.1",
    "The product of two secret primes; its length is the key's.",
);
const EXPONENT: Words = Words::new(
    "pkcs1.publicExponent",
    "Exponent",
    "RFC 8017 §A.1.1",
    "65537 nearly always: short, so checking is fast.",
);
const NUMBER: Words =
    Words::new("x509.integer", "Number", "ITU-T X.690 §8.3", "A whole number, the highest byte first.");
const UNUSED: Words =
    Words::new("x509.unused_bits", "Unused bits", "ITU-T X.690 §8.6", "How many bits of the last byte do not count.");

/// Reads an algorithm as a field of that name; gives its identifier's content.
pub(super) fn algorithm<'a>(r: &mut Reader<'a>, words: &Words) -> Option<&'a [u8]> {
    let content = der::value(r, words, der::SEQUENCE, |r| {
        let content = oid::read(r, &KIND)?;
        match der::ahead(r) {
            Some(next) if next.tag == der::OID => drop(oid::read(r, &CURVE)?),
            Some(_) => drop(der::any(r, &PARAMETERS, |_, _| Some(()))?),
            None => {}
        }
        Some(content)
    })?;
    r.says(oid::shown(content));
    r.means(oid::name(content));
    Some(content)
}

/// RFC 5280 §4.1.2.7: SubjectPublicKeyInfo.
pub(super) fn public(r: &mut Reader<'_>) -> Option<String> {
    let kind = algorithm(r, &OF_KEY)?;
    let length = der::value(r, &KEY, der::BIT_STRING, |r| {
        r.u8(&UNUSED)?;
        let length = r.left();
        if oid::name(kind) == "rsaEncryption" {
            return rsa(r);
        }
        r.rest(&BITS);
        Some(length * 8)
    })?;
    let name = oid::name(kind);
    Some(match name {
        "rsaEncryption" => format!("RSA, {length} bits"),
        "" => "a key of another kind".to_owned(),
        _ => name.to_owned(),
    })
}

/// The key's length in bits.
fn rsa(r: &mut Reader<'_>) -> Option<usize> {
    der::value(r, &RSA, der::SEQUENCE, |r| {
        let modulus = der::bytes(r, &MODULUS, &NUMBER)?;
        let bits = modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
        r.means(format_args!("{bits} bits"));
        der::bytes(r, &EXPONENT, &NUMBER)?;
        Some(bits)
    })
}

/// A signature: a BIT STRING.
pub(super) fn signature(r: &mut Reader<'_>, words: &Words) -> Option<()> {
    der::value(r, words, der::BIT_STRING, |r| {
        r.u8(&UNUSED)?;
        r.rest(&BITS);
        Some(())
    })
}
