//! Fast Open (RFC 7413), user timeout (RFC 5482), counters of Accurate ECN (RFC 9768), and options of experiments (RFC 6994).
use crate::wire::reader::{Reader, Words};
use crate::wire::tcp::Flags;

pub(super) const FAST_OPEN: Words = Words::new(
    "tcp.options.tfo",
    "TCP Fast Open",
    "RFC 7413 §4.1.1",
    "With a cookie of an earlier connection the SYN may carry data that the server takes at once: a round trip less.",
);
const COOKIE: Words = Words::new(
    "tcp.options.tfo.cookie",
    "Cookie",
    "RFC 7413 §4.1.1",
    "Made by the server for this client's address; who brings it back has answered there before, so the address is not forged.",
);
pub(super) const USER_TIMEOUT: Words = Words::new(
    "tcp.options.user_to",
    "User timeout",
    "RFC 5482 §3.3",
    "How long this side keeps the connection while its data is not acknowledged; the other is advised to wait as long.",
);
const GRANULARITY: Words = Words::new(
    "tcp.options.user_to_granularity",
    "In minutes",
    "RFC 5482 §3.3",
    "Whether minutes are counted, or seconds.",
);
const TIMEOUT: Words = Words::new("tcp.options.user_to_val", "Time", "RFC 5482 §3.3", USER_TIMEOUT.why);
pub(super) const ACCURATE_ECN: Words = Words::new(
    "tcp.options.acc_ecn",
    "Accurate ECN",
    "RFC 9768",
    "How many bytes arrived with each mark of ECN: more exact than the count of packets in the header's flags, where a path lets \
     options through.",
);
const ECT0: Words = Words::new(
    "tcp.options.acc_ecn.ee0b",
    "ECT(0) bytes",
    "RFC 9768",
    "The low 24 bits of the count of bytes that came as ECT(0); it begins at 1.",
);
const CE: Words = Words::new(
    "tcp.options.acc_ecn.eceb",
    "CE bytes",
    "RFC 9768",
    "The low 24 bits of the count of bytes that met congestion; it begins at 0.",
);
const ECT1: Words = Words::new(
    "tcp.options.acc_ecn.ee1b",
    "ECT(1) bytes",
    "RFC 9768",
    "The low 24 bits of the count of bytes that came as ECT(1); it begins at 1.",
);
pub(super) const EXPERIMENTAL: Words = Words::new(
    "tcp.options.experimental",
    "Experiment",
    "RFC 6994 §3",
    "Two kinds are for experiments of everybody; the number behind the length says whose this is.",
);
const EXPERIMENT: Words = Words::new(
    "tcp.options.experimental.exid",
    "Experiment identifier",
    "RFC 6994 §3",
    "Which experiment: registered with IANA, so that two in one network are not taken for each other.",
);
const EXPERIMENT_DATA: Words =
    Words::new("tcp.options.experimental.data", "Experiment's data", "RFC 6994 §3", "What the experiment carries.");

/// The identifier of Fast Open before it had a kind of its own. RFC 7413 §9.
const FAST_OPEN_EXPERIMENT: u16 = 0xf989;

/// Reads what Fast Open carries: a cookie, or that one is asked for.
pub(super) fn read_fast_open(r: &mut Reader<'_>, flags: Flags) -> Option<String> {
    let cookie = r.left();
    if cookie == 0 {
        return Some("asks for a cookie".to_owned());
    }
    r.raw(&COOKIE, cookie)?;
    if !cookie.is_multiple_of(2) || !(4..=16).contains(&cookie) {
        r.problem_back(cookie, format_args!("a cookie has 4 to 16 bytes, an even number of them; not {cookie}"));
    }
    let whose = if flags.ack { "the server's, for later connections" } else { "brought back by the client" };
    r.means(whose);
    Some(format!("a cookie of {cookie} bytes, {whose}"))
}

/// Reads the user timeout.
pub(super) fn read_user_timeout(r: &mut Reader<'_>) -> Option<String> {
    let in_minutes = r.flag(&GRANULARITY)?;
    let time = r.number(&TIMEOUT, 15)?;
    let unit = if in_minutes { "minutes" } else { "seconds" };
    r.means(unit);
    if time == 0 {
        r.problem_back(2, "a time of 0 is reserved and must not be sent (RFC 5482 §3.4)");
    }
    Some(format!("{time} {unit}"))
}

/// Reads the counters of Accurate ECN; the kind says in which order they come.
pub(super) fn read_accurate_ecn(r: &mut Reader<'_>, ect1_first: bool) -> Option<String> {
    let order = if ect1_first { [&ECT1, &CE, &ECT0] } else { [&ECT0, &CE, &ECT1] };
    let counters = r.left() / 3;
    for words in order.into_iter().take(counters) {
        r.number(words, 24)?;
    }
    Some(if counters == 1 { "1 counter".to_owned() } else { format!("{counters} counters") })
}

/// Reads an experiment's option.
pub(super) fn read_experimental(r: &mut Reader<'_>, flags: Flags) -> Option<String> {
    let experiment = r.hex16(&EXPERIMENT)?;
    let name = experiment_name(experiment);
    r.means(name);
    let said = match experiment {
        FAST_OPEN_EXPERIMENT => read_fast_open(r, flags)?,
        0xacc0 | 0xacc1 if matches!(r.left(), 0 | 3 | 6 | 9) => read_accurate_ecn(r, experiment == 0xacc1)?,
        _ => {
            let data = r.left();
            r.raw(&EXPERIMENT_DATA, data)?;
            format!("{data} bytes")
        }
    };
    Some(format!("{name}: {said}"))
}

/// IANA TCP Experimental Option Experiment Identifiers; of those with 32 bits the first 16.
const fn experiment_name(experiment: u16) -> &'static str {
    match experiment {
        0x00ac => "TCP ACK Rate Request",
        0x0348 => "Host ID",
        0x0ed0 => "Extended Data Offset",
        0x454e => "Encryption Negotiation",
        0x5323 => "Service Number",
        0xacc0 => "Accurate ECN, order 0",
        0xacc1 => "Accurate ECN, order 1",
        0xe2d4 => "Shared Memory Communications over RDMA",
        FAST_OPEN_EXPERIMENT => "TCP Fast Open",
        _ => "an experiment this program has no name for",
    }
}
