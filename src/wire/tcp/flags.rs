//! The flags of a TCP header: one bit each, and what the usual sets of them say.
use std::fmt;

use crate::wire::reader::{Reader, Words};

const SOURCE: &str = "RFC 9293 §3.1";

const FLAGS: Words = Words::new(
    "tcp.flags",
    "Flags",
    SOURCE,
    "What this segment is for in the life of the connection: opening, carrying, closing, breaking off.",
);
const RESERVED: Words = Words::new("tcp.flags.res", "Reserved", SOURCE, "Kept zero for uses not yet invented.");
const AE: Words = Words::new(
    "tcp.flags.ae",
    "Accurate ECN",
    "RFC 9768 §3.1",
    "With the next two it counts congestion marks; it was the ECN nonce before.",
);
const CWR: Words = Words::new(
    "tcp.flags.cwr",
    "Congestion window reduced",
    "RFC 3168 §6.1",
    "The sender has slowed down after an ECN-Echo: no need to say it again.",
);
const ECE: Words = Words::new(
    "tcp.flags.ece",
    "ECN-Echo",
    "RFC 3168 §6.1",
    "A packet came that a router had marked: the network is getting full, please slow down.",
);
const URG: Words = Words::new("tcp.flags.urg", "Urgent", SOURCE, "The urgent pointer holds.");
const ACK: Words = Words::new(
    "tcp.flags.ack",
    "Acknowledgment",
    SOURCE,
    "The acknowledgment number holds; set on everything but the first SYN and some RSTs.",
);
const PSH: Words = Words::new(
    "tcp.flags.push",
    "Push",
    SOURCE,
    "The sender has nothing more to add just now: hand the data to the program without waiting.",
);
const RST: Words = Words::new(
    "tcp.flags.reset",
    "Reset",
    SOURCE,
    "Breaks the connection off at once: nobody listens there, or one side gave it up.",
);
const SYN: Words = Words::new(
    "tcp.flags.syn",
    "Synchronize",
    SOURCE,
    "Opens a direction: the sequence number is where the sender's bytes will begin.",
);
const FIN: Words = Words::new(
    "tcp.flags.fin",
    "Finish",
    SOURCE,
    "Closes a direction: no more bytes from this side; the other may go on.",
);

/// The flags that are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the header has eight of them, each with a life of its own")]
pub(in crate::wire) struct Flags {
    pub(in crate::wire) cwr: bool,
    pub(in crate::wire) ece: bool,
    pub(in crate::wire) urg: bool,
    pub(in crate::wire) ack: bool,
    pub(in crate::wire) psh: bool,
    pub(in crate::wire) rst: bool,
    pub(in crate::wire) syn: bool,
    pub(in crate::wire) fin: bool,
}

impl Flags {
    /// From the header's 16 bits of data offset, reserved bits and flags.
    pub(super) const fn of(word: u16) -> Self {
        Self {
            cwr: word & 0x80 != 0,
            ece: word & 0x40 != 0,
            urg: word & 0x20 != 0,
            ack: word & 0x10 != 0,
            psh: word & 0x08 != 0,
            rst: word & 0x04 != 0,
            syn: word & 0x02 != 0,
            fin: word & 0x01 != 0,
        }
    }

    /// What a segment with these flags does, for a person.
    const fn purpose(self) -> &'static str {
        match self {
            Self { rst: true, .. } => "breaks the connection off",
            Self { syn: true, ack: false, .. } => "asks for a connection",
            Self { syn: true, ack: true, .. } => "accepts the connection, and opens its own direction",
            Self { fin: true, .. } => "has no more to send",
            Self { ack: true, .. } => "an established connection's segment",
            _ => "no connection sends this",
        }
    }

    const fn why(self) -> &'static str {
        match self {
            Self { rst: true, .. } => {
                "The sender knows no such connection, or its program gave it up; there is no answer to a RST."
            }
            Self { syn: true, ack: false, .. } => {
                "First step of the handshake: the client proposes where its numbers begin."
            }
            Self { syn: true, ack: true, .. } => {
                "Second step of the handshake: one segment acknowledges the client's number and proposes the server's."
            }
            Self { fin: true, .. } => {
                "The program closed its side; the FIN takes a sequence number, so it is acknowledged like data."
            }
            _ => FLAGS.why,
        }
    }
}

/// In Wireshark's order: `SYN, ACK`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.fin, "FIN"),
            (self.syn, "SYN"),
            (self.rst, "RST"),
            (self.psh, "PSH"),
            (self.ack, "ACK"),
            (self.urg, "URG"),
            (self.ece, "ECE"),
            (self.cwr, "CWR"),
        ];
        let mut set = all.iter().filter(|(set, _)| *set).map(|(_, name)| *name);
        f.write_str(set.next().unwrap_or("none"))?;
        set.try_for_each(|name| {
            f.write_str(", ")?;
            f.write_str(name)
        })
    }
}

/// Reads the reserved bits and the flags.
pub(super) fn read(r: &mut Reader<'_>, flags: Flags) -> Option<()> {
    let mut value = 0;
    r.group(&FLAGS, |r| {
        value = r.number(&RESERVED, 3)?;
        for words in [&AE, &CWR, &ECE, &URG, &ACK, &PSH, &RST, &SYN, &FIN] {
            value = value << 1 | u64::from(r.flag(words)?);
        }
        Some(())
    })?;
    r.says(format_args!("{value:#06x}"));
    r.means(format_args!("{flags}: {}", flags.purpose()));
    r.because(flags.why());
    if flags.syn && (flags.fin || flags.rst) {
        r.problem_back(2, format_args!("{flags}: SYN never comes with FIN or RST"));
    }
    Some(())
}
