//! Records about services: where they are (SRV, NAPTR), who may certify them (CAA, TLSA, SSHFP), what they run on (HINFO).
use super::name;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::{hex_start, visible, visible_start};

const SRV: &str = "RFC 2782";
const SRV_PRIORITY: Words =
    Words::new("dns.srv.priority", "Priority", SRV, "The lowest is tried first; the others are for when it fails.");
const SRV_WEIGHT: Words = Words::new(
    "dns.srv.weight",
    "Weight",
    SRV,
    "Among targets of one priority clients choose at random, in proportion to this.",
);
const SRV_PORT: Words =
    Words::new("dns.srv.port", "Port", SRV, "Where the service listens: it need not be the well-known port.");
const SRV_TARGET: Words = Words::new(
    "dns.srv.target",
    "Target",
    SRV,
    "The host that serves; a single dot says that there is no such service.",
);
const NAPTR: &str = "RFC 3403 §4.1";
const ORDER: Words = Words::new("dns.naptr.order", "Order", NAPTR, "Rules are tried from the lowest on.");
const NAPTR_PREFERENCE: Words =
    Words::new("dns.naptr.preference", "Preference", NAPTR, "Among rules of one order the lowest is preferred.");
const NAPTR_TEXTS: [[Words; 2]; 3] = [
    [
        Words::new("dns.naptr.flags_length", "Length", NAPTR, "The length of the flags."),
        Words::new(
            "dns.naptr.flags",
            "Flags",
            NAPTR,
            "Whether another lookup follows, and of which type: S for SRV, A, U for a URI.",
        ),
    ],
    [
        Words::new("dns.naptr.service_length", "Length", NAPTR, "The length of the service."),
        Words::new(
            "dns.naptr.service",
            "Service",
            NAPTR,
            "What is found there, and by which protocol: SIP+D2U is SIP over UDP.",
        ),
    ],
    [
        Words::new("dns.naptr.regex_length", "Length", NAPTR, "The length of the expression."),
        Words::new("dns.naptr.regex", "Expression", NAPTR, "How the name is rewritten, if not replaced as a whole."),
    ],
];
const REPLACEMENT: Words =
    Words::new("dns.naptr.replacement", "Replacement", NAPTR, "The name to look up next; a single dot for none.");
const CAA: &str = "RFC 8659 §4.1";
const CAA_FLAGS: Words = Words::new("dns.caa.flags", "Flags", CAA, "One flag is in use.");
const CRITICAL: Words = Words::new(
    "dns.caa.flags.issuer_critical",
    "Issuer critical",
    CAA,
    "Set: an authority that does not know the tag must not issue.",
);
const CAA_RESERVED: Words = Words::new("dns.caa.flags.reserved", "Reserved", CAA, "Kept zero.");
const TAG_LENGTH: Words = Words::new("dns.caa.tag_length", "Tag length", CAA, "The value takes what is left.");
const TAG: Words = Words::new(
    "dns.caa.tag",
    "Tag",
    CAA,
    "issue: who may certify the name; issuewild: wildcards; iodef: whom to tell of attempts.",
);
const CAA_VALUE: Words = Words::new(
    "dns.caa.value",
    "Value",
    CAA,
    "The authority that may issue certificates for the name; all others must refuse. A single semicolon: nobody.",
);
const TLSA_USAGE: Words = Words::new(
    "dns.tlsa.certificate_usage",
    "Certificate usage",
    "RFC 6698 §2.1.1",
    "Whether it names an authority or the server's own certificate, and whether the usual check is made too.",
);
const SELECTOR: Words =
    Words::new("dns.tlsa.selector", "Selector", "RFC 6698 §2.1.2", "0: the whole certificate, 1: its public key.");
const MATCHING: Words = Words::new(
    "dns.tlsa.matching_type",
    "Matching type",
    "RFC 6698 §2.1.3",
    "0: the bytes themselves, 1: their SHA-256, 2: their SHA-512.",
);
const ASSOCIATION: Words = Words::new(
    "dns.tlsa.certificate_association_data",
    "Certificate data",
    "RFC 6698 §2.1.4",
    "What the certificate in the handshake must match; worth something only when signed by DNSSEC.",
);
const SSHFP_ALGORITHM: Words =
    Words::new("dns.sshfp.algorithm", "Algorithm", "RFC 4255 §3.1.1", "The kind of the host's key.");
const SSHFP_TYPE: Words = Words::new(
    "dns.sshfp.fingerprint.type",
    "Fingerprint type",
    "RFC 4255 §3.1.2",
    "1: SHA-1, 2: SHA-256 (RFC 6594 §3.1).",
);
const FINGERPRINT: Words = Words::new(
    "dns.sshfp.fingerprint",
    "Fingerprint",
    "RFC 4255 §3.1.3",
    "A hash of the host's key: SSH compares it and need not ask its user.",
);
const HINFO: [[Words; 2]; 2] = [
    [
        Words::new("dns.hinfo.cpu_length", "Length", "RFC 1035 §3.3.2", "The length of the text."),
        Words::new(
            "dns.hinfo.cpu",
            "Machine",
            "RFC 1035 §3.3.2",
            "Today sent in answer to ANY, in place of all records (RFC 8482 §4.2).",
        ),
    ],
    [
        Words::new("dns.hinfo.os_length", "Length", "RFC 1035 §3.3.2", "The length of the text."),
        Words::new("dns.hinfo.os", "System", "RFC 1035 §3.3.2", "Nobody tells the world what it runs any more."),
    ],
];

/// Reads SRV data.
pub(super) fn read_service(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let priority = r.u16(&SRV_PRIORITY)?;
    let weight = r.u16(&SRV_WEIGHT)?;
    let port = r.u16(&SRV_PORT)?;
    let target = name::read(r, &SRV_TARGET, base)?;
    Some(format!("{priority} {weight} {port} {target}"))
}

/// Reads NAPTR data.
pub(super) fn read_rule(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let order = r.u16(&ORDER)?;
    let preference = r.u16(&NAPTR_PREFERENCE)?;
    let texts = read_texts(r, &NAPTR_TEXTS)?;
    let replacement = name::read(r, &REPLACEMENT, base)?;
    Some(format!("{order} {preference} {texts} {replacement}"))
}

/// Reads HINFO data.
pub(super) fn read_host(r: &mut Reader<'_>) -> Option<String> {
    read_texts(r, &HINFO)
}

/// Reads texts, each with its length in front: `"SIP+D2U" ""`.
fn read_texts(r: &mut Reader<'_>, all: &[[Words; 2]]) -> Option<String> {
    let mut said = Vec::new();
    for [length, text] in all {
        let length = usize::from(r.u8(length)?);
        let bytes = if length > 0 { r.text(text, length)? } else { &[] };
        said.push(format!("\"{}\"", visible_start(bytes, 64)));
    }
    Some(said.join(" "))
}

/// Reads CAA data.
pub(super) fn read_authority(r: &mut Reader<'_>) -> Option<String> {
    let flags = *r.ahead().first()?;
    r.group(&CAA_FLAGS, |r| {
        r.flag(&CRITICAL)?;
        r.number(&CAA_RESERVED, 7)
    })?;
    r.says(format_args!("{flags:#04x}"));
    let length = usize::from(r.u8(&TAG_LENGTH)?);
    let tag = visible(r.text(&TAG, length)?);
    let value = if r.left() > 0 { r.text(&CAA_VALUE, r.left())? } else { &[] };
    Some(format!("{tag} \"{}\"", visible_start(value, 64)))
}

/// Reads TLSA data.
pub(super) fn read_certificate(r: &mut Reader<'_>) -> Option<String> {
    let usage = r.u8(&TLSA_USAGE)?;
    r.means(match usage {
        0 => "an authority, checked as usual too (PKIX-TA)",
        1 => "this server's certificate, checked as usual too (PKIX-EE)",
        2 => "an authority of the zone's own (DANE-TA)",
        3 => "this server's certificate, nothing else is checked (DANE-EE)",
        _ => "unknown",
    });
    let (selector, matching) = (r.u8(&SELECTOR)?, r.u8(&MATCHING)?);
    let data = r.raw(&ASSOCIATION, r.left())?;
    Some(format!("{usage} {selector} {matching} {}", hex_start(data, 8)))
}

/// Reads SSHFP data.
pub(super) fn read_fingerprint(r: &mut Reader<'_>) -> Option<String> {
    let (algorithm, kind) = (r.u8(&SSHFP_ALGORITHM)?, r.u8(&SSHFP_TYPE)?);
    let data = r.raw(&FINGERPRINT, r.left())?;
    Some(format!("{algorithm} {kind} {}", hex_start(data, 8)))
}
