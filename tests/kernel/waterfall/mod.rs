//! The live side of handshake-timing against the packets' own times, and against `curl -w` in the same run.
//!
//! ```text
//! roundtrip, curl ── kernel A ── TUN ── door ── the lab's link ── door ── TUN ── kernel B ── https, h3, DNS
//!                                 └ dumpcap
//! ```
//! Each part of a visit is held to the packets that begin and end it, as a capture at the client dates them: within 1 ms or 2 %.
//! A part begins with its first packet: TLS with the hello, not with the milliseconds a slow machine takes to make its keys, which
//! are no packet's; curl's number counts them, so the packets of curl's are counted from where it counts.
//! All of its parts together have to be closer to the packets than curl's are to those of curl's own visit. Whatever else this
//! machine does at that moment delays programs and not packets: so a visit is repeated, up to [`TRIES`] times, until one pair of
//! visits keeps to this; where none does, the test fails and shows them all.
mod packets;
mod path;

use std::fmt::Write as _;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::space::{Company, in_a_namespace};
use packets::{Capture, Part};
use path::Path;

/// One way, in milliseconds: half of 5, 20, 80 and 200.
const HALVES: [u64; 4] = [2500, 10_000, 40_000, 100_000];
/// Visits of each until one keeps to the packets.
const TRIES: usize = 6;
/// A part is true when it is no further off than this, or than a fiftieth of it.
const NEAR: Duration = Duration::from_millis(1);

/// A part by a program's clock and by the packets' times.
#[derive(Debug)]
struct Measured {
    part: Part,
    clock: Duration,
    packets: Duration,
}

impl Measured {
    fn off(&self) -> Duration {
        self.clock.abs_diff(self.packets)
    }

    fn is_true(&self) -> bool {
        self.off() <= NEAR.max(self.packets / 50)
    }
}

/// One visit by one program.
#[derive(Debug)]
struct Visit(Vec<Measured>);

impl Visit {
    fn off(&self) -> Duration {
        self.0.iter().map(Measured::off).sum()
    }

    fn is_true(&self) -> bool {
        self.0.iter().all(Measured::is_true)
    }

    fn line(&self, who: &str) -> String {
        let mut line = format!("{who:>10}:");
        for it in &self.0 {
            let mark = if it.is_true() { "" } else { " (!)" };
            write!(line, " {:?} {:?} / packets {:?}{mark};", it.part, it.clock, it.packets).expect("text");
        }
        line + &format!(" off by {:?} in all\n", self.off())
    }
}

#[test]
fn each_part_over_tcp_is_as_long_as_its_packets_say_and_closer_to_them_than_curl_says() {
    let name = "waterfall::each_part_over_tcp_is_as_long_as_its_packets_say_and_closer_to_them_than_curl_says";
    in_a_namespace(name, Company::Alone, Duration::from_secs(300), || {
        let path = Path::new();
        let mut report = String::new();
        for half in HALVES {
            let round = Duration::from_micros(2 * half);
            let held = (0..TRIES).any(|_| {
                let (outputs, capture) =
                    path.visited(Duration::from_micros(half), &[&ours(&["--http", "1.1"]), &curl()]);
                let pair = [ours_says(&outputs[0], &capture), curl_says(&outputs[1], &capture)];
                write!(report, "round trips of {round:?}\n{}{}", pair[0].line("Roundtrip"), pair[1].line("curl"))
                    .expect("text");
                pair[0].is_true() && pair[0].off() < pair[1].off()
            });
            assert!(held, "no visit of {TRIES} keeps to its packets, or curl is closer:\n{report}");
        }
        eprint!("{report}");
    });
}

#[test]
fn each_part_over_quic_is_as_long_as_its_packets_say() {
    let name = "waterfall::each_part_over_quic_is_as_long_as_its_packets_say";
    in_a_namespace(name, Company::Alone, Duration::from_secs(300), || {
        let path = Path::new();
        let mut report = String::new();
        for half in HALVES {
            let round = Duration::from_micros(2 * half);
            let held = (0..TRIES).any(|_| {
                let (outputs, capture) = path.visited(Duration::from_micros(half), &[&ours(&["--http", "3"])]);
                let visit = quic_says(&outputs[0], &capture);
                write!(report, "round trips of {round:?}\n{}", visit.line("Roundtrip")).expect("text");
                visit.is_true()
            });
            assert!(held, "no visit of {TRIES} keeps to its packets:\n{report}");
        }
        eprint!("{report}");
    });
}

fn ours(settings: &[&str]) -> Vec<String> {
    let line = [env!("CARGO_BIN_EXE_roundtrip"), "demo", "handshake-timing", "--live", path::PAGE, "--json"];
    line.iter().chain(settings).map(|it| (*it).to_owned()).collect()
}

fn curl() -> Vec<String> {
    let line = "curl --http1.1 --tlsv1.3 --silent --show-error --max-time 20 --noproxy * --output /dev/null --write-out %{json}";
    line.split(' ').chain(["--cacert", path::CA, path::PAGE]).map(ToOwned::to_owned).collect()
}

fn json(output: &Output) -> Value {
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said()))
}

/// The bars of the first visit.
fn bars(output: &Output, names: &[(&str, Part)]) -> Vec<(Part, Duration)> {
    let json = json(output);
    let spans =
        json["spans"].as_array().unwrap_or_else(|| panic!("{json}")).iter().filter(|it| it["lane"] == "visit 1");
    let spans: Vec<&Value> = spans.collect();
    let bar = |(name, part): &(&str, Part)| {
        let span = spans.iter().find(|it| it["name"] == *name).unwrap_or_else(|| panic!("no {name}: {spans:?}"));
        let at = |key: &str| span[key].as_u64().unwrap_or_else(|| panic!("no {key}: {span}"));
        (*part, Duration::from_nanos(at("to_ns") - at("from_ns")))
    };
    names.iter().map(bar).collect()
}

fn beside(clock: Vec<(Part, Duration)>, packets: impl Fn(Part) -> Duration) -> Visit {
    Visit(clock.into_iter().map(|(part, clock)| Measured { part, clock, packets: packets(part) }).collect())
}

/// What our program says of its visit, whose connection is the first.
fn ours_says(output: &Output, capture: &Capture) -> Visit {
    let names = [
        ("DNS", Part::Dns),
        ("TCP", Part::Tcp),
        ("TLS", Part::Tls),
        ("request and first byte", Part::Wait),
        ("body", Part::Body),
    ];
    beside(bars(output, &names), |part| capture.over_tcp(part, 0))
}

fn quic_says(output: &Output, capture: &Capture) -> Visit {
    let names =
        [("DNS", Part::Dns), ("QUIC", Part::Quic), ("request and first byte", Part::Wait), ("body", Part::Body)];
    beside(bars(output, &names), |part| capture.over_quic(part))
}

/// The same from curl's numbers, which all count from the start.
fn curl_says(output: &Output, capture: &Capture) -> Visit {
    let json = json(output);
    let at = |name: &str| {
        let seconds = json[format!("time_{name}")].as_f64().unwrap_or_else(|| panic!("no {name}: {json}"));
        Duration::from_secs_f64(seconds)
    };
    let clock = vec![
        (Part::Dns, at("namelookup")),
        (Part::Tcp, at("connect").saturating_sub(at("namelookup"))),
        (Part::AfterTcp, at("appconnect").saturating_sub(at("connect"))),
        (Part::Wait, at("starttransfer").saturating_sub(at("pretransfer"))),
        (Part::Body, at("total").saturating_sub(at("starttransfer"))),
    ];
    // It came last, and has one connection.
    beside(clock, |part| capture.over_tcp(part, capture.last()))
}
