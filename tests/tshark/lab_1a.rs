//! Lab 1A: what is right in its eight questions is what tshark says of the same capture.
use std::collections::BTreeMap;

use roundtrip::demos::{self, Setup};
use roundtrip::recording::vantage;
use roundtrip::wire::capture::study::Kept;
use roundtrip::wire::exercise::{Capture, Form, Value, make};

use super::filters::study;
use super::pdml::{Dissected, dissect_in_order};

/// The lab's questions, by the kind they are made of.
const ASKED: [&str; 8] = ["retransmission", "handshake", "refused", "name", "arp", "mss", "tls", "ending"];

/// Runs they are asked of: a demo, its knobs, and seeds.
const RUNS: [(&str, &[(&str, &str)]); 8] = [
    ("packet-tour", &[("drop", "2"), ("rtt", "30ms")]),
    ("packet-tour", &[("drop", "3"), ("rtt", "80ms"), ("tls", "on")]),
    ("packet-tour", &[("drop", "0"), ("tls", "on"), ("mtu", "1300B"), ("loss", "5%")]),
    ("packet-tour", &[("dns", "wrong"), ("mtu", "576B")]),
    ("packet-tour", &[("dns", "unknown"), ("port", "open")]),
    ("tcp-close", &[("way", "server-first")]),
    ("tcp-close", &[("way", "unread-data")]),
    ("tcp-close", &[("way", "linger-zero")]),
];
const SEEDS: [u64; 3] = [1, 7, 1234];

/// What one capture says, question by question; nothing where it has nothing to say.
type Answers = BTreeMap<&'static str, Option<String>>;

fn ours(file: &[u8], seed: u64) -> Answers {
    let study = study(file);
    let frames: Vec<_> = study.frames().collect();
    let capture = Capture::new(frames.iter().map(Kept::linked));
    let answer = |kind: &'static str| {
        let said = make(kind, &capture, seed).ok().map(|it| match it.form {
            Form::Fill(gaps) => match &gaps[0].right {
                Value::Time(ns) => ns.to_string(),
                other => other.to_string(),
            },
            Form::Choose(options) => options.into_iter().find(|it| it.correct).expect("one is right").text,
            Form::Order(_) => panic!("{kind} is no order"),
        });
        (kind, said)
    };
    ASKED.into_iter().map(answer).collect()
}

/// tshark's packets, as the questions need them.
struct Theirs(Vec<Dissected>);

impl Theirs {
    fn says(&self, at: usize, name: &str) -> Option<&str> {
        self.0[at].fields.iter().find(|it| it.name == name).map(|it| it.show.as_str())
    }

    fn is(&self, at: usize, flag: &str) -> bool {
        self.says(at, flag).is_some_and(|it| it == "1" || it == "True")
    }

    fn number(&self, at: usize, name: &str) -> Option<usize> {
        self.says(at, name)?.parse().ok()
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.0.len()
    }

    fn is_syn(&self, at: usize, answers: bool) -> bool {
        self.is(at, "tcp.flags.syn") && self.is(at, "tcp.flags.ack") == answers
    }

    fn of_stream(&self, stream: usize) -> Vec<usize> {
        self.all().filter(|at| self.number(*at, "tcp.stream") == Some(stream)).collect()
    }

    fn at_ns(&self, at: usize) -> u64 {
        let text = self.says(at, "frame.time_relative").expect("every packet has one");
        let (seconds, parts) = text.split_once('.').expect("nine digits");
        seconds.parse::<u64>().expect("seconds") * 1_000_000_000 + parts.parse::<u64>().expect("nanoseconds")
    }

    /// The first stream with a SYN and a SYN-ACK: where they are.
    fn agreed(&self) -> Option<(Vec<usize>, usize, usize)> {
        (0..self.0.len()).map(|stream| self.of_stream(stream)).take_while(|it| !it.is_empty()).find_map(|packets| {
            let answer = *packets.iter().find(|at| self.is_syn(**at, true))?;
            let syn = *packets.iter().rev().find(|at| **at < answer && self.is_syn(**at, false))?;
            Some((packets, syn, answer))
        })
    }

    fn answers(&self) -> Answers {
        BTreeMap::from([
            ("retransmission", self.retransmission()),
            ("handshake", self.agreed().map(|(_, syn, answer)| (self.at_ns(answer) - self.at_ns(syn)).to_string())),
            ("refused", self.refused()),
            ("name", self.name()),
            ("arp", self.requests()),
            ("mss", self.segment_size()),
            ("tls", self.tls()),
            ("ending", self.ending()),
        ])
    }

    fn retransmission(&self) -> Option<String> {
        let marks = ["retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order"];
        let is_late = |at: &usize| marks.iter().any(|it| self.says(*at, &format!("tcp.analysis.{it}")).is_some());
        self.all().find(is_late).map(|at| (at + 1).to_string())
    }

    /// The first stream whose SYN is answered with RST before anything else.
    fn refused(&self) -> Option<String> {
        let refuses = |at: &usize| {
            let stream = self.of_stream(self.number(*at, "tcp.stream")?);
            let alone = stream.iter().filter(|it| *it < at).all(|it| self.is_syn(*it, false));
            (self.is(*at, "tcp.flags.reset") && alone && stream[0] < *at).then_some(())
        };
        let at = self.all().find(|at| refuses(at).is_some())?;
        self.says(at, "tcp.srcport").map(str::to_owned)
    }

    fn name(&self) -> Option<String> {
        let is_query = |at: &usize| self.says(*at, "dns.flags.response").is_some_and(|it| it == "0" || it == "False");
        self.all().find(is_query).and_then(|at| self.says(at, "dns.qry.name")).map(str::to_owned)
    }

    fn requests(&self) -> Option<String> {
        let count = self.all().filter(|at| self.number(*at, "arp.opcode") == Some(1)).count();
        (count > 0).then(|| count.to_string())
    }

    fn segment_size(&self) -> Option<String> {
        let (_, syn, answer) = self.agreed()?;
        let [one, other] = [syn, answer].map(|at| self.number(at, "tcp.options.mss_val"));
        Some(one?.min(other?).to_string())
    }

    /// The records of the first stream with any, each with its five bytes of header.
    fn tls(&self) -> Option<String> {
        let records = |at: usize| self.0[at].fields.iter().filter(|it| it.name == "tls.record.length");
        let first = self.all().find(|at| records(*at).next().is_some())?;
        let stream = self.of_stream(self.number(first, "tcp.stream")?);
        let sizes = stream.into_iter().flat_map(records).map(|it| it.show.parse::<usize>().expect("a length") + 5);
        Some(sizes.sum::<usize>().to_string())
    }

    fn ending(&self) -> Option<String> {
        let (stream, syn, _) = self.agreed()?;
        let ends = |at: &&usize| self.is(**at, "tcp.flags.fin") || self.is(**at, "tcp.flags.reset");
        let Some(at) = stream.iter().find(ends) else { return Some("It has not ended in this capture".to_owned()) };
        let who = if self.says(*at, "tcp.srcport") == self.says(syn, "tcp.srcport") { "client" } else { "server" };
        Some(match self.is(*at, "tcp.flags.reset") {
            true => format!("The {who} broke it off: RST"),
            false => format!("The {who} had nothing more to send: FIN"),
        })
    }
}

#[test]
fn the_answers_of_lab_1a_are_those_of_tshark() {
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unanswered = 0;
    for (demo, knobs) in RUNS {
        for seed in SEEDS {
            let knobs = knobs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let run = demos::run(demo, &knobs, &Setup { seed, ..Setup::default() }).expect("it runs");
            let file = vantage::find(&run, "client").expect("it has a client").pcapng(&run);
            let (ours, theirs) = (ours(&file, seed), Theirs(dissect_in_order(&file)).answers());
            assert_eq!(ours, theirs, "{demo} {knobs:?} seed {seed}");
            for (kind, said) in ours {
                match said {
                    Some(_) => *answered.entry(kind).or_default() += 1,
                    None => unanswered += 1,
                }
            }
        }
    }
    for kind in ASKED {
        assert!(answered.get(kind).is_some_and(|it| *it >= 3), "{kind} was compared too seldom: {answered:?}");
    }
    assert!(unanswered > 0, "no capture lacked anything");
}
