//! What can be wrong with a handshake: what is done for it, and which alert the RFCs ask for, in each version.
use super::edits::Edit;

/// One value of the knob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    /// What is wrong, in a sentence.
    pub(super) wrong: &'static str,
    /// What the box does for it to a hello.
    pub(super) edit: Option<Edit>,
    /// The alert for it in TLS 1.3, and in 1.2; none where that version cannot have the fault.
    asks: [Option<Asks>; 2],
}

/// An alert that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asks {
    pub(super) alert: &'static str,
    /// Where that is written.
    pub(super) source: &'static str,
}

impl Fault {
    /// Of a name of the knob; none for `none`.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|it| it.name == name)
    }

    /// The alert that a version asks for.
    pub(super) const fn asks(&self, is_13: bool) -> Option<Asks> {
        self.asks[if is_13 { 0 } else { 1 }]
    }
}

const fn asks(alert: &'static str, source: &'static str) -> Option<Asks> {
    Some(Asks { alert, source })
}

const fn fault(name: &'static str, wrong: &'static str, asks: [Option<Asks>; 2]) -> Fault {
    Fault { name, wrong, edit: None, asks }
}

const fn edited(name: &'static str, edit: Edit, wrong: &'static str, asks: [Option<Asks>; 2]) -> Fault {
    Fault { name, wrong, edit: Some(edit), asks }
}

const ALL: &[Fault] = &[
    fault(
        "unknown-ca",
        "An authority has signed the server's certificate that the client does not know.",
        [asks("unknown_ca", "RFC 8446 §6.2"), asks("unknown_ca", "RFC 5246 §7.2.2")],
    ),
    fault(
        "wrong-name",
        "The server's certificate is good, and for another name.",
        [asks("bad_certificate", "RFC 9110 §4.3.4"), asks("bad_certificate", "RFC 9110 §4.3.4")],
    ),
    fault(
        "expired",
        "The server's certificate has expired.",
        [asks("certificate_expired", "RFC 8446 §6.2"), asks("certificate_expired", "RFC 5246 §7.2.2")],
    ),
    fault(
        "no-version",
        "The client speaks one version of TLS, the server another.",
        [asks("protocol_version", "RFC 8446 §6.2"), asks("protocol_version", "RFC 5246 §E.1")],
    ),
    fault(
        "no-group",
        "The server takes none of the client's groups for the key exchange.",
        [asks("handshake_failure", "RFC 8446 §4.1.1"), asks("handshake_failure", "RFC 5246 §7.4.1.3")],
    ),
    fault(
        "no-protocol",
        "The client's list of protocols (ALPN) has none that the server speaks.",
        [asks("no_application_protocol", "RFC 7301 §3.2"), asks("no_application_protocol", "RFC 7301 §3.2")],
    ),
    fault(
        "no-client-certificate",
        "The server wants a certificate of the client, who shows none.",
        [asks("certificate_required", "RFC 8446 §4.4.2.4"), asks("handshake_failure", "RFC 5246 §7.4.6")],
    ),
    fault(
        "unknown-name",
        "The server has no site of the name that the client's hello asks for.",
        [asks("unrecognized_name", "RFC 6066 §3"), asks("unrecognized_name", "RFC 6066 §3")],
    ),
    fault(
        "bad-record",
        "A box on the way has changed one bit of a sealed record.",
        [asks("bad_record_mac", "RFC 8446 §5.2"), asks("bad_record_mac", "RFC 5246 §7.2.2")],
    ),
    fault(
        "overfull-record",
        "The server seals more bytes into a record than one may hold.",
        [asks("record_overflow", "RFC 8446 §5.2"), asks("record_overflow", "RFC 5246 §7.2.2")],
    ),
    edited(
        "long-record",
        Edit::LongRecord,
        "A box on the way has made the client's first record say that it is longer than a record may be.",
        [asks("record_overflow", "RFC 8446 §5.1"), asks("record_overflow", "RFC 5246 §7.2.2")],
    ),
    edited(
        "odd-length",
        Edit::OddLength,
        "A box on the way has made the client's list of cipher suites one byte too long: each has two.",
        [asks("decode_error", "RFC 8446 §6"), asks("decode_error", "RFC 5246 §7.2.2")],
    ),
    edited(
        "changed-random",
        Edit::Random,
        "A box on the way has changed the client's random value: the server answers a hello that the client did not send.",
        [asks("bad_record_mac", "RFC 8446 §5.2"), asks("decrypt_error", "RFC 5246 §7.2.2")],
    ),
    edited(
        "no-client-share",
        Edit::NoClientShare,
        "A box on the way has taken the key share out of the client's hello.",
        [asks("missing_extension", "RFC 8446 §9.2"), None],
    ),
    edited(
        "no-server-share",
        Edit::NoServerShare,
        "A box on the way has taken the key share out of the server's hello.",
        [asks("missing_extension", "RFC 8446 §6.2"), None],
    ),
    edited(
        "compression",
        Edit::Compression,
        "A box on the way has made the server choose a compression, and the client offered none.",
        [asks("illegal_parameter", "RFC 8446 §6"), asks("illegal_parameter", "RFC 5246 §7.2.2")],
    ),
    edited(
        "foreign-suite",
        Edit::Suite,
        "A box on the way has made the server choose a cipher suite that the client did not offer.",
        [asks("illegal_parameter", "RFC 8446 §4.1.3"), asks("illegal_parameter", "RFC 5246 §7.2.2")],
    ),
    edited(
        "unasked-extension",
        Edit::Extension,
        "A box on the way has added an extension to the server's hello that the client did not ask for.",
        [asks("unsupported_extension", "RFC 8446 §4.2"), asks("unsupported_extension", "RFC 5246 §7.4.1.4")],
    ),
    edited(
        "wrong-order",
        Edit::Before,
        "A box on the way has put another message of TLS before the server's hello.",
        [asks("unexpected_message", "RFC 8446 §4"), asks("unexpected_message", "RFC 5246 §7.2.2")],
    ),
    fault(
        "false-signature",
        "The server's signature over the handshake does not fit its certificate's key.",
        [asks("decrypt_error", "RFC 8446 §4.4.3"), asks("decrypt_error", "RFC 5246 §7.2.2")],
    ),
];

/// The words of the knob.
pub(super) const NAMES: &[&str] = &names();

const fn names() -> [&'static str; ALL.len() + 1] {
    let mut names = ["none"; ALL.len() + 1];
    let mut at = 0;
    while at < ALL.len() {
        names[at + 1] = ALL[at].name;
        at += 1;
    }
    names
}
