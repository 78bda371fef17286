//! Reads a script: what a peer sends to a lab host, what the host's program does, and what must come back, and when.
//!
//! ```text
//! # RFC 5961 §4: a SYN on a connection is answered with an ACK that says where it stands
//! host ack_delay=none
//! open <mss 1000>                    a peer connects: SYN, SYN-ACK, ACK, accept, all at 0
//! 100ms  <  S 5                      the peer sends a SYN with sequence number 5 ...
//!        >  .  1 ack 1               ... and at the same instant this must come out, and nothing else
//! +1s    quiet                       nothing has come out until then
//! ```
//!
//! A line is `[TIME] VERB ...`. TIME is absolute (`200ms`), from the line before (`+40ms`), or left out (the line before's);
//! a range `+190ms~+210ms` is for `>` only. What follows `#` is a comment. The peer is 10.0.0.9 port 40000, the host
//! 10.0.0.1 port 80; between them is a cable without delay. What the host sends must be expected by a `>` line, in order.
//!
//! | verb | |
//! |---|---|
//! | `host KEY=VALUE ...` | the host's settings, first of all (see `settings.rs`) |
//! | `open [<options>] [win N] [rtt T] [port N]` | listen, three-way handshake with the peer's options, accept; T from SYN-ACK to ACK |
//! | `< SEGMENT` | the peer sends |
//! | `> SEGMENT` | the host has sent exactly this, now |
//! | `< icmp KIND quote N` | an ICMP error about the host's segment with sequence number N: `too-big MTU`, `port-unreachable`, `host-unreachable` |
//! | `isn N` | the peer counts from N from now on (a new connection of that port, or numbers about to wrap) |
//! | `quiet` | the host has sent nothing that is not expected above |
//! | `listen [backlog N]`, `connect`, `accept`, `write N`, `read N`, `shutdown`, `close`, `abort`, `unlisten` | calls of the program; each returns at once |
//! | `accept none`, `read none`, `read end`, `read fails KIND`, `write fails KIND`, `connected`, `connect fails KIND` | what a call finds |
//! | `info FIELD OP VALUE` | what the host knows: `state = ESTABLISHED`, `cwnd = 14600`, `ssthresh <= 5000`, ... |
//!
//! SEGMENT is `FLAGS FROM[:TO] [ack N] [win N] [urg N] [ect0|ect1|ce|not-ect] [df] [port N] [<options>]`. FLAGS are letters: `S`YN `F`IN
//! `R`ST `P`SH `U`RG `E`CE C`W`R, `.` for ACK; PSH is compared only where it is written. Sequence numbers count from each
//! side's first, so that a SYN is 0 and the first byte 1; `FROM:TO` carries bytes, whose values follow from their place.
//! Options are `mss N`, `ws N`, `sackok`, `ts V E`, `sack A-B C-D`; in a `<`, `ts V` echoes the host's latest. Of a `>` the
//! flags, sequence numbers and ACK are compared always, the rest where written, and then all options; `ts` is any, `ts E` echoes E.
//! Connections are told apart by the peer's port: `port N` on any line about another than 40000.
use std::time::Duration;

/// The peer's port where a line says no other.
pub(crate) const PORT: u16 = 40_000;

/// A line of a script.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
    pub(crate) time: When,
    pub(crate) port: u16,
    pub(crate) verb: Verb,
}

/// When a line is due: earliest and latest, from the start or from the line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Duration, Duration),
    After(Duration, Duration),
}

#[derive(Clone, Debug)]
pub(crate) enum Verb {
    Open { window: u16, options: Vec<Opt>, rtt: Duration },
    In(Segment),
    Out(Segment),
    Icmp { kind: Icmp, quote: u32 },
    Isn(u32),
    Quiet,
    Listen { backlog: Option<usize> },
    Unlisten,
    Connect,
    Connected,
    ConnectFails(String),
    Accept,
    AcceptNone,
    Write(usize),
    WriteFails(String),
    Read(usize),
    ReadNone,
    ReadEnd,
    ReadFails(String),
    Shutdown,
    Close,
    Abort,
    Info { field: String, op: String, value: String },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Icmp {
    TooBig(u16),
    PortUnreachable,
    HostUnreachable,
}

/// A segment as a script writes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) flags: String,
    pub(crate) from: u32,
    pub(crate) length: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) window: Option<u16>,
    pub(crate) urgent: Option<u16>,
    pub(crate) ecn: Option<u8>,
    pub(crate) dont_fragment: bool,
    pub(crate) options: Option<Vec<Opt>>,
}

/// A TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opt {
    Mss(u16),
    Scale(u8),
    SackPermitted,
    /// Value and echo, where the script says.
    Stamp(Option<u32>, Option<u32>),
    Sack(Vec<(u32, u32)>),
}

/// A script: the host's settings, then lines.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) host: Vec<(String, String)>,
    pub(crate) lines: Vec<Line>,
}

/// Reads a script.
///
/// # Panics
/// With the number of the line that cannot be read.
pub(crate) fn read(text: &str) -> Script {
    let mut script = Script::default();
    for (number, text) in (1..).zip(text.lines()) {
        let code = text.split('#').next().unwrap_or_default().trim();
        if let Some(settings) = code.strip_prefix("host ") {
            let pair = |it: &str| it.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
            script.host.extend(settings.split_whitespace().map(|it| pair(it).expect("KEY=VALUE")));
        } else if !code.is_empty() {
            let line = line(code).unwrap_or_else(|| panic!("line {number} cannot be read: {text}"));
            script.lines.push(Line { number, text: code.to_owned(), ..line });
        }
    }
    script
}

fn line(code: &str) -> Option<Line> {
    let (options, code) = angled(code)?;
    let mut words: Vec<&str> = code.split_whitespace().collect();
    let time = match words.first().and_then(|it| when(it)) {
        Some(time) => {
            words.remove(0);
            time
        }
        None => When::After(Duration::ZERO, Duration::ZERO),
    };
    let port = take(&mut words, "port").map_or(Some(PORT), |it| it.parse().ok())?;
    let verb = verb(&mut words, options)?;
    words.is_empty().then_some(Line { number: 0, text: String::new(), time, port, verb })
}

/// The options between `<` and `>`, and the rest of the line.
fn angled(code: &str) -> Option<(Option<Vec<Opt>>, String)> {
    let opened = code.rfind('<');
    let closed = opened.and_then(|at| code[at..].find('>').map(|length| (at, at + length)));
    let Some((from, to)) = closed else { return Some((None, code.to_owned())) };
    let options = code[from + 1..to].split(',').map(str::trim).filter(|it| !it.is_empty());
    Some((Some(options.map(option).collect::<Option<_>>()?), [&code[..from], &code[to + 1..]].concat()))
}

fn option(text: &str) -> Option<Opt> {
    let words: Vec<_> = text.split_whitespace().collect();
    Some(match words[..] {
        ["mss", value] => Opt::Mss(value.parse().ok()?),
        ["ws", value] => Opt::Scale(value.parse().ok()?),
        ["sackok"] => Opt::SackPermitted,
        ["ts"] => Opt::Stamp(None, None),
        ["ts", value] => Opt::Stamp(Some(value.parse().ok()?), None),
        ["ts", value, echo] => Opt::Stamp(Some(value.parse().ok()?), Some(echo.parse().ok()?)),
        ["sack", ref blocks @ ..] => {
            let block = |it: &&str| it.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            Opt::Sack(blocks.iter().map(block).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn when(word: &str) -> Option<When> {
    let (first, last) = word.split_once('~').unwrap_or((word, word));
    match (first.strip_prefix('+'), last.strip_prefix('+')) {
        (Some(first), Some(last)) => Some(When::After(duration(first)?, duration(last)?)),
        (None, None) => Some(When::At(duration(first)?, duration(last)?)),
        _ => None,
    }
}

/// `200ms`, `1.5s`, `10us`, `0`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let unit = text.find(|it: char| it.is_ascii_alphabetic())?;
    let nanos = match &text[unit..] {
        "s" => 1e9,
        "ms" => 1e6,
        "us" => 1e3,
        "ns" => 1.0,
        _ => return None,
    };
    let number: f64 = text[..unit].parse().ok()?;
    Some(Duration::from_nanos((number * nanos).round() as u64))
}

/// Takes `NAME VALUE` out of the words.
fn take<'a>(words: &mut Vec<&'a str>, name: &str) -> Option<&'a str> {
    let at = words.iter().position(|it| *it == name).filter(|at| at + 1 < words.len())?;
    words.remove(at);
    Some(words.remove(at))
}

fn verb(words: &mut Vec<&str>, options: Option<Vec<Opt>>) -> Option<Verb> {
    let all = std::mem::take(words);
    Some(match (all[0], &all[1..]) {
        ("<", ["icmp", kind @ .., "quote", number]) => Verb::Icmp { kind: icmp(kind)?, quote: number.parse().ok()? },
        ("<", segment) => Verb::In(self::segment(segment, options)?),
        (">", segment) => Verb::Out(self::segment(segment, options)?),
        ("open", rest) => {
            let mut rest = rest.to_vec();
            let window = take(&mut rest, "win").map_or(Some(65_535), |it| it.parse().ok())?;
            let rtt = take(&mut rest, "rtt").map_or(Some(Duration::ZERO), duration)?;
            rest.is_empty().then_some(Verb::Open { window, options: options.unwrap_or_default(), rtt })?
        }
        ("isn", [number]) => Verb::Isn(number.parse().ok()?),
        ("quiet", []) => Verb::Quiet,
        ("listen", []) => Verb::Listen { backlog: None },
        ("listen", ["backlog", number]) => Verb::Listen { backlog: Some(number.parse().ok()?) },
        ("unlisten", []) => Verb::Unlisten,
        ("connect", []) => Verb::Connect,
        ("connected", []) => Verb::Connected,
        ("connect", ["fails", kind]) => Verb::ConnectFails((*kind).to_owned()),
        ("accept", []) => Verb::Accept,
        ("accept", ["none"]) => Verb::AcceptNone,
        ("write", ["fails", kind]) => Verb::WriteFails((*kind).to_owned()),
        ("write", [bytes]) => Verb::Write(bytes.parse().ok()?),
        ("read", ["none"]) => Verb::ReadNone,
        ("read", ["end"]) => Verb::ReadEnd,
        ("read", ["fails", kind]) => Verb::ReadFails((*kind).to_owned()),
        ("read", [bytes]) => Verb::Read(bytes.parse().ok()?),
        ("shutdown", []) => Verb::Shutdown,
        ("close", []) => Verb::Close,
        ("abort", []) => Verb::Abort,
        ("info", [field, op, value]) => {
            Verb::Info { field: (*field).to_owned(), op: (*op).to_owned(), value: (*value).to_owned() }
        }
        _ => return None,
    })
}

fn icmp(words: &[&str]) -> Option<Icmp> {
    Some(match words {
        ["too-big", mtu] => Icmp::TooBig(mtu.parse().ok()?),
        ["port-unreachable"] => Icmp::PortUnreachable,
        ["host-unreachable"] => Icmp::HostUnreachable,
        _ => return None,
    })
}

fn segment(words: &[&str], options: Option<Vec<Opt>>) -> Option<Segment> {
    let [flags, numbers, rest @ ..] = words else { return None };
    let mut rest = rest.to_vec();
    let (from, to) = numbers.split_once(':').unwrap_or((numbers, numbers));
    let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
    let ack = take(&mut rest, "ack").map(str::parse).transpose().ok()?;
    let window = take(&mut rest, "win").map(str::parse).transpose().ok()?;
    let urgent = take(&mut rest, "urg").map(str::parse).transpose().ok()?;
    let mut segment = Segment { flags: (*flags).to_owned(), from, ack, window, urgent, options, ..Segment::default() };
    segment.length = to.wrapping_sub(from);
    for word in rest {
        match word {
            "not-ect" => segment.ecn = Some(0),
            "ect1" => segment.ecn = Some(1),
            "ect0" => segment.ecn = Some(2),
            "ce" => segment.ecn = Some(3),
            "df" => segment.dont_fragment = true,
            _ => return None,
        }
    }
    flags.chars().all(|it| "SFRPUEW.".contains(it)).then_some(segment)
}
