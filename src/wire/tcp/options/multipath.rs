//! Multipath TCP: one stream over several paths, each a TCP connection of its own. RFC 8684; version 0: RFC 6824.
use crate::wire::reader::{Reader, Words};

const CAPABLE: &str = "RFC 8684 §3.1";
const JOINING: &str = "RFC 8684 §3.2";
const SIGNAL: &str = "RFC 8684 §3.3";
const ADDRESS: &str = "RFC 8684 §3.4.1";

pub(super) const MULTIPATH: Words = Words::new(
    "tcp.options.mptcp",
    "Multipath TCP",
    "RFC 8684 §3",
    "One stream goes over several paths at once (Wi-Fi and mobile): each path is a TCP connection, and this option says what belongs \
     together.",
);
const SUBTYPE: Words = Words::new("tcp.options.mptcp.subtype", "Subtype", "RFC 8684 §7.2", "What the option says.");
const VERSION: Words = Words::new(
    "tcp.options.mptcp.version",
    "Version",
    CAPABLE,
    "Which version this side speaks: 1 is RFC 8684's, 0 that of the experiment before it (RFC 6824).",
);
const FLAGS: Words =
    Words::new("tcp.options.mptcp.flags", "Flags", SIGNAL, "What the option carries, or what is agreed.");
const CHECKSUM_REQUIRED: Words = Words::new(
    "tcp.options.mptcp.checksumreq.flags",
    "Checksum required",
    CAPABLE,
    "Whether a checksum shall show that a box on the way changed the data.",
);
const EXTENSIBILITY: Words = Words::new(
    "tcp.options.mptcp.extensibility.flag",
    "Extensibility",
    CAPABLE,
    "For a later specification; who does not know it takes the SYN as one of plain TCP.",
);
const NO_MORE: Words = Words::new(
    "tcp.options.mptcp.nomoresubflows.flag",
    "No more subflows to this address",
    CAPABLE,
    "No further path can be opened to this address and port: the sender is behind a NAT or a load balancer.",
);
const FLAGS_RESERVED: Words = Words::new(
    "tcp.options.mptcp.reserved.flag",
    "Unassigned",
    CAPABLE,
    "Kept for other algorithms of the handshake; zero today.",
);
const SHA256: Words = Words::new(
    "tcp.options.mptcp.sha256.flag",
    "HMAC-SHA256",
    JOINING,
    "The algorithm by which a new path proves that it is of this connection.",
);
const SHA1: Words = Words::new(
    "tcp.options.mptcp.sha1.flag",
    "HMAC-SHA1",
    "RFC 6824 §3.1",
    "The algorithm version 0 proves a new path with.",
);
const SENDER_KEY: Words = Words::new(
    "tcp.options.mptcp.sendkey",
    "Sender's key",
    CAPABLE,
    "The secret by which further paths prove that they belong here. It is sent in the clear: who saw the first handshake can join.",
);
const RECEIVER_KEY: Words =
    Words::new("tcp.options.mptcp.recvkey", "Receiver's key", CAPABLE, "The other side's key, sent back to it.");
const DATA_LENGTH: Words = Words::new(
    "tcp.options.mptcp.datalvllen",
    "Data length",
    "RFC 8684 §3.3.1",
    "How many bytes of the stream this mapping covers, from its sequence numbers on; 0 is all that follows on the one path left.",
);
const CHECKSUM: Words = Words::new(
    "tcp.options.mptcp.checksum",
    "Checksum",
    "RFC 8684 §3.3.1",
    "Over the mapping and its data, of which one segment may have only a part: not checked here.",
);
const BACKUP: Words = Words::new(
    "tcp.options.mptcp.backup.flag",
    "Backup",
    "RFC 8684 §3.3.8",
    "This path shall be used only when no other works.",
);
const ADDRESS_ID: Words = Words::new(
    "tcp.options.mptcp.addrid",
    "Address ID",
    JOINING,
    "The sender's number for this address: a NAT changes addresses, and the number stays.",
);
const TOKEN: Words = Words::new(
    "tcp.options.mptcp.recvtok",
    "Receiver's token",
    JOINING,
    "Which connection is joined: 32 bits of a hash of the receiver's key.",
);
const RANDOM: Words = Words::new(
    "tcp.options.mptcp.sendrand",
    "Random number",
    JOINING,
    "Makes the proof another each time, so that an old one cannot be used again.",
);
const SHORT_PROOF: Words = Words::new(
    "tcp.options.mptcp.sendtrunchmac",
    "Proof, cut to 64 bits",
    JOINING,
    "Made of both keys and both random numbers: only who knows the keys can. The SYN, ACK has no room for all of it.",
);
const PROOF: Words = Words::new(
    "tcp.options.mptcp.sendhmac",
    "Proof",
    JOINING,
    "Made of both keys and both random numbers: only who knows the keys can.",
);
const RESERVED: Words = Words::new("tcp.options.mptcp.reserved", "Reserved", "RFC 8684 §3", "Sent as zero.");
const UNUSED: Words = Words::new("tcp.options.mptcp.unused", "Reserved", "RFC 8684 §3", "Sent as zero.");
const DATA_FIN: Words = Words::new(
    "tcp.options.mptcp.datafin.flag",
    "Data FIN",
    SIGNAL,
    "The stream ends with this mapping: a FIN ends only one path.",
);
const LONG_SEQUENCE: Words = Words::new(
    "tcp.options.mptcp.dseqn8.flag",
    "Sequence number has 8 bytes",
    SIGNAL,
    "Whether the number of the stream is sent whole, or its low 4 bytes.",
);
const HAS_MAPPING: Words = Words::new(
    "tcp.options.mptcp.dseqnpresent.flag",
    "Mapping is there",
    SIGNAL,
    "Whether the numbers of data follow.",
);
const LONG_ACK: Words = Words::new(
    "tcp.options.mptcp.dataack8.flag",
    "Data ACK has 8 bytes",
    SIGNAL,
    "Whether the acknowledgment is sent whole, or its low 4 bytes.",
);
const HAS_ACK: Words = Words::new(
    "tcp.options.mptcp.dataackpresent.flag",
    "Data ACK is there",
    SIGNAL,
    "Whether an acknowledgment follows.",
);
const DATA_ACK: Words = Words::new(
    "tcp.options.mptcp.rawdataack",
    "Data ACK",
    "RFC 8684 §3.3.2",
    "Everything of the stream before this number has arrived, whatever path it took.",
);
const DATA_SEQUENCE: Words = Words::new(
    "tcp.options.mptcp.rawdataseqno",
    "Data sequence number",
    "RFC 8684 §3.3.1",
    "Where in the whole stream the data belongs.",
);
const SUBFLOW_SEQUENCE: Words = Words::new(
    "tcp.options.mptcp.subflowseqno",
    "Subflow sequence number",
    "RFC 8684 §3.3.1",
    "Where in this path's own numbers, counted from its SYN, that data begins.",
);
const IP_VERSION: Words = Words::new(
    "tcp.options.mptcp.ipver",
    "IP version",
    "RFC 6824 §3.4.1",
    "Of the address, in version 0; in version 1 the length tells.",
);
const ECHO: Words = Words::new(
    "tcp.options.mptcp.echo",
    "Echo",
    ADDRESS,
    "Set when the option is sent back: it has arrived, and need not be sent again.",
);
const IPV4: Words = Words::new(
    "tcp.options.mptcp.ipv4",
    "Address",
    ADDRESS,
    "Another address of the sender, to which a path may be opened.",
);
const IPV6: Words = Words::new("tcp.options.mptcp.ipv6", "Address", ADDRESS, IPV4.why);
const PORT: Words =
    Words::new("tcp.options.mptcp.port", "Port", ADDRESS, "There when it is another than this connection's.");
const ADDRESS_PROOF: Words = Words::new(
    "tcp.options.mptcp.addaddrtrunchmac",
    "Proof",
    ADDRESS,
    "Made with the keys over address and port, so that nobody else can draw a path to a host of theirs.",
);
const REASON_U: Words = Words::new("tcp.options.mptcp.flag_U.flag", "U", "RFC 8684 §3.6", "Not defined; sent as zero.");
const REASON_V: Words = Words::new("tcp.options.mptcp.flag_V.flag", "V", "RFC 8684 §3.6", "Not defined; sent as zero.");
const REASON_W: Words = Words::new("tcp.options.mptcp.flag_W.flag", "W", "RFC 8684 §3.6", "Not defined; sent as zero.");
const TRANSIENT: Words = Words::new(
    "tcp.options.mptcp.flag_T.flag",
    "Transient",
    "RFC 8684 §3.6",
    "Whether the path may be tried again later.",
);
const REASON: Words = Words::new(
    "tcp.options.mptcp.rst_reason",
    "Reason",
    "RFC 8684 §3.6",
    "Why this path is broken off; the others go on.",
);

/// Reads what the option carries, behind its kind and length.
pub(super) fn read(r: &mut Reader<'_>) -> Option<String> {
    let subtype = r.number(&SUBTYPE, 4)?;
    let name = name(subtype);
    r.means(name);
    let told = match subtype {
        0 => read_capable(r)?,
        1 => read_join(r)?,
        2 => read_signal(r)?,
        3 => read_address(r)?,
        4 => read_removed(r)?,
        5 => read_priority(r)?,
        6 => {
            r.number(&RESERVED, 12)?;
            format!("data from {} on", r.number(&DATA_SEQUENCE, 64)?)
        }
        7 => {
            r.number(&RESERVED, 12)?;
            r.number(&RECEIVER_KEY, 64)?;
            "the whole connection ends at once".to_owned()
        }
        8 => read_reset(r)?,
        _ => {
            r.number(&UNUSED, 4)?;
            String::new()
        }
    };
    Some(if told.is_empty() { name.to_owned() } else { format!("{name}: {told}") })
}

/// RFC 8684 §7.2.
const fn name(subtype: u64) -> &'static str {
    match subtype {
        0 => "MP_CAPABLE",
        1 => "MP_JOIN",
        2 => "DSS",
        3 => "ADD_ADDR",
        4 => "REMOVE_ADDR",
        5 => "MP_PRIO",
        6 => "MP_FAIL",
        7 => "MP_FASTCLOSE",
        8 => "MP_TCPRST",
        15 => "a private experiment",
        _ => "a subtype nobody has assigned",
    }
}

fn read_capable(r: &mut Reader<'_>) -> Option<String> {
    let version = r.number(&VERSION, 4)?;
    let flags = *r.ahead().first()?;
    r.group(&FLAGS, |r| {
        r.number(&CHECKSUM_REQUIRED, 1)?;
        r.number(&EXTENSIBILITY, 1)?;
        if version == 0 {
            r.number(&FLAGS_RESERVED, 5)?;
            return r.number(&SHA1, 1);
        }
        r.number(&NO_MORE, 1)?;
        r.number(&FLAGS_RESERVED, 4)?;
        r.number(&SHA256, 1)
    })?;
    r.says(format_args!("{flags:#04x}"));
    if flags & 0x1f == 0 {
        r.means("no algorithm: such an option is ignored");
    }
    // RFC 8684 §3.1: the SYN has no key, the SYN, ACK the server's, the ACK both; with the first data comes its mapping.
    let left = r.left();
    if matches!(left, 8 | 16 | 18 | 20) {
        r.number(&SENDER_KEY, 64)?;
    }
    if matches!(left, 16 | 18 | 20) {
        r.number(&RECEIVER_KEY, 64)?;
    }
    if matches!(left, 18 | 20) {
        r.u16(&DATA_LENGTH)?;
    }
    if left == 20 {
        r.hex16(&CHECKSUM)?;
    }
    let keys = match left {
        0 => "no key yet",
        8 => "the sender's key",
        16 => "both keys",
        18 | 20 => "both keys, and the first data's mapping",
        _ => "of a length nobody has defined",
    };
    Some(format!("version {version}, {keys}"))
}

fn read_join(r: &mut Reader<'_>) -> Option<String> {
    // What is left of 12, 16 and 24 bytes: SYN, SYN, ACK and ACK.
    let step = r.left();
    if step == 21 {
        r.number(&RESERVED, 12)?;
        r.raw(&PROOF, 20)?;
        return Some("the client's proof".to_owned());
    }
    let is_backup = read_backup(r)?;
    let id = r.u8(&ADDRESS_ID)?;
    let said = match step {
        9 => {
            r.u32(&TOKEN)?;
            "asks to join"
        }
        13 => {
            r.number(&SHORT_PROOF, 64)?;
            "the server's proof"
        }
        _ => return Some("of a length nobody has defined".to_owned()),
    };
    r.u32(&RANDOM)?;
    Some(format!("{said}, address {id}{}", if is_backup { ", as a backup" } else { "" }))
}

fn read_backup(r: &mut Reader<'_>) -> Option<bool> {
    r.number(&UNUSED, 3)?;
    let is_backup = r.number(&BACKUP, 1)? == 1;
    r.means(if is_backup { "set" } else { "not set" });
    Some(is_backup)
}

fn read_signal(r: &mut Reader<'_>) -> Option<String> {
    r.number(&UNUSED, 4)?;
    let flags = *r.ahead().first()?;
    r.group(&FLAGS, |r| {
        r.number(&UNUSED, 3)?;
        for words in [&DATA_FIN, &LONG_SEQUENCE, &HAS_MAPPING, &LONG_ACK, &HAS_ACK] {
            r.number(words, 1)?;
        }
        Some(())
    })?;
    r.says(format_args!("{flags:#04x}"));
    let is_set = |bit: u8| flags & bit != 0;
    let mut told = Vec::new();
    if is_set(0x01) {
        let ack = r.number(&DATA_ACK, if is_set(0x02) { 64 } else { 32 })?;
        told.push(format!("Data ACK {ack}"));
    }
    if is_set(0x04) {
        let sequence = r.number(&DATA_SEQUENCE, if is_set(0x08) { 64 } else { 32 })?;
        r.u32(&SUBFLOW_SEQUENCE)?;
        let length = r.u16(&DATA_LENGTH)?;
        told.push(format!("{length} bytes at {sequence}"));
        if r.left() == 2 {
            r.hex16(&CHECKSUM)?;
        }
    }
    if is_set(0x10) {
        told.push("the stream ends".to_owned());
    }
    Some(told.join(", "))
}

fn read_address(r: &mut Reader<'_>) -> Option<String> {
    let low = *r.ahead().first()? & 0x0f;
    let mut is_echo = false;
    if matches!(low, 4 | 6) {
        r.number(&IP_VERSION, 4)?;
    } else {
        r.number(&UNUSED, 3)?;
        is_echo = r.number(&ECHO, 1)? == 1;
        r.means(if is_echo { "set" } else { "not set" });
    }
    let id = r.u8(&ADDRESS_ID)?;
    // An address, with or without a port of 2 bytes and a proof of 8.
    let left = r.left();
    let address = match left {
        4 | 6 | 12 | 14 => r.ipv4(&IPV4)?.to_string(),
        16 | 18 | 24 | 26 => r.ipv6(&IPV6)?.to_string(),
        _ => return Some("of a length nobody has defined".to_owned()),
    };
    let port = if matches!(left, 6 | 14 | 18 | 26) { Some(r.u16(&PORT)?) } else { None };
    if r.left() == 8 {
        r.number(&ADDRESS_PROOF, 64)?;
    }
    let port = port.map_or_else(String::new, |port| format!(" port {port}"));
    Some(format!("{address}{port}, address {id}{}", if is_echo { ", sent back" } else { "" }))
}

fn read_removed(r: &mut Reader<'_>) -> Option<String> {
    r.number(&UNUSED, 4)?;
    let mut ids = Vec::new();
    while r.left() > 0 {
        ids.push(r.u8(&ADDRESS_ID)?.to_string());
    }
    Some(format!("address {}", ids.join(", ")))
}

fn read_priority(r: &mut Reader<'_>) -> Option<String> {
    let is_backup = read_backup(r)?;
    // Version 0 could say it of another path.
    if r.left() == 1 {
        r.u8(&ADDRESS_ID)?;
    }
    Some(if is_backup { "a backup from now on".to_owned() } else { "in use from now on".to_owned() })
}

fn read_reset(r: &mut Reader<'_>) -> Option<String> {
    for words in [&REASON_U, &REASON_V, &REASON_W] {
        r.flag(words)?;
    }
    let is_transient = r.flag(&TRANSIENT)?;
    let reason = r.u8(&REASON)?;
    // RFC 8684 §7.4.
    let said = match reason {
        0 => "unspecified error",
        1 => "error of Multipath TCP",
        2 => "lack of resources",
        3 => "administratively prohibited",
        4 => "too much outstanding data",
        5 => "unacceptable performance",
        6 => "middlebox interference",
        _ => "a reason nobody has assigned",
    };
    r.means(said);
    Some(format!("{said}{}", if is_transient { ", may be tried again" } else { "" }))
}
