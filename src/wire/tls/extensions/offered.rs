//! Extensions in which an end lists what it can: names, groups, signatures, protocols, versions.
use super::super::names;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::visible_start;

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
    "What is spoken inside: the client lists, best first, the server takes one. Chosen here it costs no round trip of its own.",
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

const GROUPS: &str = "RFC 8446 §4.2.7";
const GROUPS_LENGTH: Words =
    Words::new("tls.handshake.extensions_supported_groups_length", "Groups length", GROUPS, "In bytes, two each.");
const GROUPS_LIST: Words = Words::new(
    "tls.handshake.extensions_supported_groups",
    "Groups",
    GROUPS,
    "In which groups this end can exchange keys, best first. A server that likes another than the key share was made in asks again.",
);
const GROUP: Words =
    Words::new("tls.handshake.extensions_supported_group", "Group", GROUPS, "A curve, or a lattice beside a curve.");

const POINTS: &str = "RFC 8422 §5.1.2";
const POINTS_LENGTH: Words =
    Words::new("tls.handshake.extensions_ec_point_formats_length", "Formats length", POINTS, "In bytes, one each.");
const POINT: Words = Words::new(
    "tls.handshake.extensions_ec_point_format",
    "Point format",
    POINTS,
    "How a point of a curve is written; only the uncompressed form is left, and TLS 1.3 does not ask any more.",
);

const SIGNATURES: &str = "RFC 8446 §4.2.3";
const SIGNATURES_LENGTH: Words =
    Words::new("tls.handshake.sig_hash_alg_len", "Algorithms length", SIGNATURES, "In bytes, two each.");
const SIGNATURES_LIST: Words = Words::new(
    "tls.handshake.sig_hash_algs",
    "Signature algorithms",
    SIGNATURES,
    "Which signatures this end can check, best first: those of certificates, and the one over the handshake.",
);
const SIGNATURE: Words =
    Words::new("tls.handshake.sig_hash_alg", "Algorithm", SIGNATURES, "A kind of key and, for most, a hash.");

const STATUS: &str = "RFC 6066 §8";
const STATUS_TYPE: Words = Words::new(
    "tls.handshake.extensions_status_request_type",
    "Status type",
    STATUS,
    "1: the server may send along what the authority says of its certificate (OCSP), so that the client need not ask.",
);
const RESPONDERS_LENGTH: Words = Words::new(
    "tls.handshake.extensions_status_request_responder_ids_len",
    "Responders length",
    STATUS,
    "In bytes; 0: any responder will do.",
);
const RESPONDERS: Words =
    Words::new("tls.handshake.status_request.responders", "Responders", STATUS, "Whose answers the client takes.");
const REQUEST_LENGTH: Words = Words::new(
    "tls.handshake.extensions_status_request_exts_len",
    "Request extensions length",
    STATUS,
    "In bytes; 0: none.",
);
const REQUEST: Words =
    Words::new("tls.handshake.status_request.extensions", "Request extensions", STATUS, "Extensions of OCSP.");

const ZEROS: Words = Words::new(
    "tls.handshake.extensions_padding_data",
    "Padding",
    "RFC 7685 §3",
    "Zeros: some servers broke on hellos of certain lengths.",
);
const COMPRESSIONS_LENGTH: Words =
    Words::new("tls.compress_certificate.algorithms_length", "Algorithms length", "RFC 8879 §3", "In bytes, two each.");
const COMPRESSION: Words = Words::new(
    "tls.compress_certificate.algorithm",
    "Algorithm",
    "RFC 8879 §3",
    "A compression of certificates this end can undo: they are most of a server's first flight.",
);
const LIMIT: Words = Words::new(
    "tls.record_size_limit",
    "Record size limit",
    "RFC 8449 §4",
    "The longest record this end wants, in bytes: small devices cannot hold 16 kB until the seal can be checked.",
);
const FRAGMENT: Words = Words::new(
    "tls.handshake.max_fragment_length",
    "Maximum fragment length",
    "RFC 6066 §4",
    "1 to 4 for 512, 1024, 2048 and 4096 bytes a record.",
);

pub(super) fn server_name(r: &mut Reader<'_>) -> Option<Option<String>> {
    r.u16(&NAMES_LENGTH)?;
    r.u8(&NAME_TYPE)?;
    let length = usize::from(r.u16(&NAME_LENGTH)?);
    let name = r.text(&NAME, length)?;
    Some(Some(visible_start(name, 80)))
}

pub(super) fn protocols(r: &mut Reader<'_>) -> Option<()> {
    r.u16(&PROTOCOLS_LENGTH)?;
    while r.left() > 0 {
        let length = usize::from(r.u8(&PROTOCOL_LENGTH)?);
        let protocol = r.text(&PROTOCOL, length)?;
        r.means(names::protocol(protocol));
    }
    Some(())
}

/// The client lists with a length in front, the server names one.
pub(super) fn versions(r: &mut Reader<'_>, lists: bool) -> Option<()> {
    if lists {
        r.u8(&VERSIONS_LENGTH)?;
    }
    while r.left() >= 2 {
        let version = r.hex16(&VERSION)?;
        r.means(names::version(version));
    }
    Some(())
}

pub(super) fn groups(r: &mut Reader<'_>) -> Option<()> {
    r.u16(&GROUPS_LENGTH)?;
    r.group(&GROUPS_LIST, |r| {
        while r.left() >= 2 {
            let group = r.hex16(&GROUP)?;
            r.means(names::group(group));
        }
        Some(())
    })
}

pub(super) fn point_formats(r: &mut Reader<'_>) -> Option<()> {
    r.u8(&POINTS_LENGTH)?;
    while r.left() > 0 {
        let format = r.u8(&POINT)?;
        r.means(if format == 0 { "uncompressed" } else { "not used any more" });
    }
    Some(())
}

/// Also what a CertificateRequest of TLS 1.2 has, outside of extensions.
pub(in crate::wire::tls) fn signatures(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u16(&SIGNATURES_LENGTH)?);
    if length > r.left() {
        return None;
    }
    r.group(&SIGNATURES_LIST, |r| {
        r.within(length, &SIGNATURE, |r| {
            while r.left() >= 2 {
                let algorithm = r.hex16(&SIGNATURE)?;
                r.means(names::signature(algorithm));
            }
            Some(())
        })?
    })
}

pub(super) fn status_request(r: &mut Reader<'_>) -> Option<()> {
    let kind = r.u8(&STATUS_TYPE)?;
    r.means(if kind == 1 { "OCSP" } else { "another kind of status" });
    let responders = usize::from(r.u16(&RESPONDERS_LENGTH)?);
    r.raw(&RESPONDERS, responders)?;
    let extensions = usize::from(r.u16(&REQUEST_LENGTH)?);
    r.raw(&REQUEST, extensions)?;
    Some(())
}

pub(super) fn padding(r: &mut Reader<'_>) -> Option<()> {
    r.rest(&ZEROS);
    Some(())
}

pub(super) fn compressions(r: &mut Reader<'_>) -> Option<()> {
    r.u8(&COMPRESSIONS_LENGTH)?;
    while r.left() >= 2 {
        let algorithm = r.u16(&COMPRESSION)?;
        r.means(match algorithm {
            1 => "zlib",
            2 => "brotli",
            3 => "zstd",
            _ => "another",
        });
    }
    Some(())
}

pub(super) fn record_limit(r: &mut Reader<'_>) -> Option<()> {
    r.u16(&LIMIT)?;
    Some(())
}

pub(super) fn fragment_length(r: &mut Reader<'_>) -> Option<()> {
    r.u8(&FRAGMENT)?;
    Some(())
}
