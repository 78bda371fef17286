//! Alerts: why an end breaks off, and who is usually to blame. RFC 8446 §6.
use crate::wire::reader::{Reader, Words};

const ALERT: Words =
    Words::new("tls.alert_message", "Alert", "RFC 8446 §6", "Why an end breaks off, or that it is done.");
const LEVEL: Words = Words::new(
    "tls.alert_message.level",
    "Level",
    "RFC 8446 §6",
    "1 is a warning, 2 is the end of the connection. TLS 1.3 goes by the description alone: all but two of them end it.",
);
const DESCRIPTION: Words =
    Words::new("tls.alert_message.desc", "Description", "RFC 8446 §6.2", "What went wrong, as a number.");

/// A description: its name in the RFC, what it means and who usually causes it.
struct Alert {
    number: u8,
    name: &'static str,
    why: &'static str,
}

const fn alert(number: u8, name: &'static str, why: &'static str) -> Alert {
    Alert { number, name, why }
}

/// RFC 8446 §6.1, §6.2; RFC 5246 §7.2.2.
const ALERTS: &[Alert] = &[
    alert(
        0,
        "close_notify",
        "This end will send nothing more. Without it, a reader cannot tell the end from a cut by an attacker.",
    ),
    alert(
        10,
        "unexpected_message",
        "A message came where none of its kind may come: a fault of the other end's software.",
    ),
    alert(
        20,
        "bad_record_mac",
        "A record did not open: its seal is broken. Bytes were changed on the way (a middlebox, an attacker, bad memory), or the \
         two ends have different keys.",
    ),
    alert(
        21,
        "decryption_failed",
        "Of earlier versions; in TLS 1.2 nobody may say it, as its difference from bad_record_mac may have helped attackers.",
    ),
    alert(22, "record_overflow", "A record is longer than is allowed: often no TLS at all."),
    alert(30, "decompression_failure", "What was compressed could not be read: TLS 1.3 compresses nothing any more."),
    alert(
        40,
        "handshake_failure",
        "The two ends have no cipher suite, group or signature in common: one is configured too strictly, or the other is old.",
    ),
    alert(41, "no_certificate", "SSL 3.0's word of a client that has no certificate; no version of TLS may say it."),
    alert(
        42,
        "bad_certificate",
        "The certificate is damaged, or its signature does not fit: who made or installed it.",
    ),
    alert(43, "unsupported_certificate", "The certificate is of a kind this end cannot use: who issued it."),
    alert(44, "certificate_revoked", "The authority has taken the certificate back: the owner must get a new one."),
    alert(
        45,
        "certificate_expired",
        "Its time is over or has not come: nobody renewed it, or one of the two clocks is wrong.",
    ),
    alert(46, "certificate_unknown", "The certificate is not accepted, for a reason that has no number of its own."),
    alert(
        47,
        "illegal_parameter",
        "A field has a value that cannot be, or contradicts another: a fault of the other end's software.",
    ),
    alert(
        48,
        "unknown_ca",
        "The chain leads to no authority this end trusts: the server left an intermediate out, the client lacks the private \
         authority, or somebody stands in between.",
    ),
    alert(
        49,
        "access_denied",
        "The certificate is good, but its owner may not come in: whoever set the rules. Some libraries say it, too, when they \
         know no site of the name that was asked for.",
    ),
    alert(50, "decode_error", "A message could not be read: a length in it does not fit."),
    alert(51, "decrypt_error", "A signature or a Finished does not fit: the key is another, or a message was changed."),
    alert(60, "export_restriction", "Of earlier versions; in TLS 1.2 nobody may say it."),
    alert(70, "protocol_version", "No version in common: one end is old, or the other has switched old versions off."),
    alert(71, "insufficient_security", "The server wants stronger cryptography than the client offers."),
    alert(80, "internal_error", "Something went wrong inside this end that has nothing to do with the other."),
    alert(
        86,
        "inappropriate_fallback",
        "The client came with a lower version than it can: somebody may have forced it down.",
    ),
    alert(90, "user_canceled", "The handshake was given up for a reason outside of TLS."),
    alert(
        100,
        "no_renegotiation",
        "This end does not begin the handshake again on an open connection; a warning of TLS 1.2, and 1.3 cannot do it at all.",
    ),
    alert(109, "missing_extension", "An extension that has to be there is not: a fault of the other end's software."),
    alert(
        110,
        "unsupported_extension",
        "An extension came that nobody asked for: a fault of the other end's software.",
    ),
    alert(
        112,
        "unrecognized_name",
        "No site of that name is here: the name in the hello, or the server's configuration.",
    ),
    alert(
        113,
        "bad_certificate_status_response",
        "The OCSP answer that came along is not good: the server's stapling.",
    ),
    alert(115, "unknown_psk_identity", "The server knows no such key."),
    alert(
        116,
        "certificate_required",
        "The client showed no certificate, and the server wants one (mTLS): the client's configuration.",
    ),
    alert(
        120,
        "no_application_protocol",
        "The client's list of protocols (ALPN) has none the server speaks: one of the two configurations.",
    ),
    alert(
        121,
        "ech_required",
        "The server could not open the encrypted hello: the client ends, and begins anew with what it was told (RFC 9849 §6.1.6).",
    ),
];

/// The name of a description.
pub(in crate::wire) fn name(description: u8) -> &'static str {
    ALERTS.iter().find(|it| it.number == description).map_or("no alert that is known", |it| it.name)
}

/// Reads an alert.
pub(super) fn read(r: &mut Reader<'_>) -> Option<String> {
    r.group(&ALERT, |r| {
        let level = r.u8(&LEVEL)?;
        r.means(match level {
            1 => "warning",
            2 => "fatal",
            _ => "no level that is known",
        });
        let number = r.u8(&DESCRIPTION)?;
        let known = ALERTS.iter().find(|it| it.number == number);
        let name = known.map_or("no alert that is known", |it| it.name);
        r.means(name);
        if let Some(known) = known {
            r.because(known.why);
        }
        Some(format!("Alert ({name})"))
    })
}
