//! Object identifiers: numbers in a tree, and what those of certificates are called.
use crate::wire::reader::{Reader, Words};

use super::der;

const DIGITS: Words = Words::new(
    "x509.oid",
    "Object identifier",
    "ITU-T X.690 §8.19",
    "A path of numbers through a tree in which every organisation has a branch: so names never clash.",
);

/// Reads an identifier as a field of that name; gives its content.
pub(super) fn read<'a>(r: &mut Reader<'a>, words: &Words) -> Option<&'a [u8]> {
    der::ahead(r).filter(|it| it.tag == der::OID)?;
    let content = der::bytes(r, words, &DIGITS)?;
    r.says(shown(content));
    r.means(name(content));
    Some(content)
}

/// As it is written (X.690 §8.19): `2.5.29.17`. `None` where the bytes are none, or a number is too long for anybody.
pub(super) fn dotted(content: &[u8]) -> Option<String> {
    let (mut numbers, mut number) = (Vec::new(), 0_u64);
    for byte in content {
        number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            numbers.push(std::mem::take(&mut number));
        }
    }
    if content.last()? & 0x80 != 0 {
        return None;
    }
    // X.690 §8.19.4: the first two numbers share a place.
    let (first, rest) = numbers.split_first()?;
    let root = (first / 40).min(2);
    let rest = rest.iter().map(|it| format!(".{it}")).collect::<String>();
    Some(format!("{root}.{}{rest}", first - root * 40))
}

/// What it is called, or as it is written.
pub(super) fn said(content: &[u8]) -> String {
    match name(content) {
        "" => shown(content),
        name => name.to_owned(),
    }
}

/// As it is written, for a person.
pub(super) fn shown(content: &[u8]) -> String {
    dotted(content).unwrap_or_else(|| "no identifier".to_owned())
}

/// What it is called; empty where it is not known here.
pub(super) fn name(content: &[u8]) -> &'static str {
    KNOWN.iter().find(|(oid, _)| *oid == content).map_or("", |(_, name)| name)
}

/// RFC 5280, RFC 8410, RFC 5480, RFC 8017, RFC 6962, RFC 2985.
const KNOWN: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "commonName"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "countryName"),
    (&[0x55, 4, 7], "localityName"),
    (&[0x55, 4, 8], "stateOrProvinceName"),
    (&[0x55, 4, 10], "organizationName"),
    (&[0x55, 4, 11], "organizationalUnitName"),
    (&[0x55, 29, 14], "subjectKeyIdentifier"),
    (&[0x55, 29, 15], "keyUsage"),
    (&[0x55, 29, 17], "subjectAltName"),
    (&[0x55, 29, 18], "issuerAltName"),
    (&[0x55, 29, 19], "basicConstraints"),
    (&[0x55, 29, 30], "nameConstraints"),
    (&[0x55, 29, 31], "cRLDistributionPoints"),
    (&[0x55, 29, 32], "certificatePolicies"),
    (&[0x55, 29, 35], "authorityKeyIdentifier"),
    (&[0x55, 29, 36], "policyConstraints"),
    (&[0x55, 29, 37], "extKeyUsage"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 1], "authorityInfoAccess"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 24], "tlsFeature"),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 31], "acmeIdentifier"),
    (&[0x2b, 6, 1, 5, 5, 7, 3, 1], "serverAuth"),
    (&[0x2b, 6, 1, 5, 5, 7, 3, 2], "clientAuth"),
    (&[0x2b, 6, 1, 5, 5, 7, 3, 3], "codeSigning"),
    (&[0x2b, 6, 1, 5, 5, 7, 3, 4], "emailProtection"),
    (&[0x2b, 6, 1, 5, 5, 7, 3, 8], "timeStamping"),
    (&[0x2b, 6, 1, 5, 5, 7, 3, 9], "OCSPSigning"),
    (&[0x2b, 6, 1, 5, 5, 7, 48, 1], "OCSP"),
    (&[0x2b, 6, 1, 5, 5, 7, 48, 2], "caIssuers"),
    (&[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2], "signedCertificateTimestampList"),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2b, 0x65, 0x6e], "X25519"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "ecPublicKey"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], "secp256r1 (P-256)"),
    (&[0x2b, 0x81, 4, 0, 34], "secp384r1 (P-384)"),
    (&[0x2b, 0x81, 4, 0, 35], "secp521r1 (P-521)"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], "ecdsa-with-SHA256"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], "ecdsa-with-SHA384"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], "ecdsa-with-SHA512"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "rsaEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], "sha1WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "rsassaPss"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "sha256WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], "sha384WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], "sha512WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14], "extensionRequest"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_written_with_dots() {
        for (content, text) in [
            (&[0x55, 29, 17][..], "2.5.29.17"),
            (&[0x2b, 6, 1, 5, 5, 7, 3, 1], "1.3.6.1.5.5.7.3.1"),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d], "1.2.840.113549"),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "1.2.840.113549.1.1.11"),
            (&[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2], "1.3.6.1.4.1.11129.2.4.2"),
            (&[0x88, 0x37], "2.999"),
        ] {
            assert_eq!(dotted(content).as_deref(), Some(text));
        }
        assert_eq!([dotted(&[]), dotted(&[0x86]), dotted(&[0xff; 12]), dotted(&[0xff; 20])], [None, None, None, None]);
        assert_eq!((said(&[0x2b, 0x65, 0x70]), said(&[0x88, 0x37])), ("Ed25519".to_owned(), "2.999".to_owned()));
    }
}
