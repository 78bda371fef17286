//! Where the time before the first byte goes: DNS, TCP, TLS or QUIC, the request, the server's thinking; each bar with its packets.
//!
//! ```text
//! client ── core ── server       rtt, rate, loss
//!            └───── resolver     near
//! ```
mod beside;
mod export;
mod found;
mod live;
mod over_quic;
mod over_tcp;
mod resets;
mod rows;
mod trips;
mod world;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::Lab;
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::quic::Qlog;
use world::World;

pub(super) const DEMO: Demo = Demo {
    name: "handshake-timing",
    title: "Where the time before the first byte goes",
    about: "One page is visited over HTTPS: the name, the connection, the keys, the request and the answer are bars, each from \
            the packet that begins it to the one that ends it. Compare TLS 1.2, TLS 1.3 and QUIC, full, resumed and with early data.",
    chapters: &["W5", "W3"],
    live: Some(live::LIVE),
    knobs: &[
        Knob::millis("rtt", "time to the server and back", [0, 2000, 10, 80]),
        Knob::millis("near", "time to the resolver and back", [0, 500, 5, 20]),
        Knob::choice("http", "version of HTTP; 3 goes over QUIC", &["2", "1.1", "3"]),
        Knob::choice("tls", "version of TLS under HTTP/1.1 and HTTP/2; QUIC has 1.3 inside", &["1.3", "1.2", "none"]),
        Knob::choice(
            "session",
            "whether the visitor has been there before: full is no, resumed brings a ticket, 0-rtt its request as well",
            &["full", "resumed", "0-rtt"],
        ),
        Knob::quantity(
            "chain",
            "about as many bytes of certificates, as many names make it",
            Unit::Bytes,
            [1000, 60_000, 1000, 1000],
        ),
        Knob::quantity("iw", "segments that a new TCP connection may send before an ACK", Unit::Count, [1, 100, 1, 10]),
        Knob::millis("think", "the server's, before it answers", [0, 5000, 10, 0]),
        Knob::quantity("size", "of the answer's body", Unit::Bytes, [0, 4_000_000, 1000, 1000]),
        Knob::quantity(
            "record",
            "of TLS at the most; a receiver can open only whole ones",
            Unit::Bytes,
            [512, 16_384, 512, 16_384],
        ),
        Knob::quantity("rate", "of the way to the server", Unit::BitsPerSecond, [0, 1_000_000_000, 1_000_000, 0])
            .zero("unlimited"),
        Knob::quantity("loss", "packets lost at random on it", Unit::PartsPerMillion, [0, 300_000, 10_000, 0]),
        Knob::choice(
            "ipv6",
            "whether the page has an IPv6 address, and whether that leads anywhere",
            &["none", "works", "broken"],
        ),
    ],
    exports: export::ALL,
    view: "waterfall",
    run: |knobs, setup| run(knobs, setup, None),
};

/// The page's host, which is in the lab's zones.
const HOST: &str = "www.shop.example";
/// Between two visits: long enough for tickets to come and connections to close.
const BETWEEN: Duration = Duration::from_millis(500);
/// Each part of a visit is given up after this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bar to be: a part of a visit with its beginning and end.
#[derive(Clone, Debug)]
struct Part {
    name: &'static str,
    from: Time,
    to: Time,
}

/// One visit, whatever carried it.
#[derive(Clone, Debug, Default)]
struct Leg {
    began: Time,
    /// DNS, TCP, TLS or QUIC, waiting, body: those it went through, in order of their beginning.
    parts: Vec<Part>,
    /// When the name's addresses were there.
    looked_up: Option<Time>,
    asked: Option<Time>,
    head: Option<Time>,
    done: Option<Time>,
    /// `TLS 1.3, TLS_AES_256_GCM_SHA384, X25519`.
    agreed: Vec<(&'static str, String)>,
    /// Whether an earlier visit's ticket was used, where that is known.
    resumed: Option<bool>,
    early: bool,
    /// Bytes of the certificates that the server showed, and each in a line.
    certificates: usize,
    chain: Vec<String>,
    /// The page that a redirect led to.
    sent_on: Option<String>,
    body: usize,
    /// Addresses that were tried and what became of them.
    tries: Vec<String>,
    /// From the first try to the beginning of the one that opened (RFC 8305 §5).
    waited: Duration,
    /// The proxy it went through.
    proxy: Option<String>,
    /// The page, and when its visit began as the world counts: seconds since 1970.
    page: String,
    date: Duration,
    /// Who answered, and whom it spoke to last.
    peer: Option<SocketAddr>,
    spoke_to: Option<SocketAddr>,
    /// `HTTP/2`
    http: &'static str,
    /// Status and fields of the answer's head, where there was one that a visitor keeps.
    status: Option<u16>,
    fields: Vec<String>,
    /// The part it stands in while it has no answer, and since when.
    standing: Option<(&'static str, Time)>,
    /// When it gave up, and why.
    until: Option<Time>,
    trouble: Option<String>,
}

impl Leg {
    /// It has no answer that is of use.
    fn gives_up(&mut self, at: Time, why: &str) {
        (self.until, self.trouble) = (Some(at), Some(why.to_owned()));
        // Whoever has an answer stands where it leads.
        self.standing = self.standing.or_else(|| Some(("redirect", self.done?)));
    }

    /// Round trips that its version of TLS takes (RFC 8446 §2, RFC 5246 §7.3).
    fn round_trips_of_tls(&self) -> u32 {
        let is_old = self.agreed.iter().any(|(_, it)| it == "TLS 1.2");
        if is_old && self.resumed != Some(true) { 2 } else { 1 }
    }

    /// The part that has no end, as far as it went.
    fn unfinished(&self, over: Time) -> Option<Part> {
        let (name, from) = self.standing?;
        Some(Part { name, from, to: self.until.unwrap_or(over).max(from) })
    }
}

fn run(knobs: &Knobs, setup: &Setup, qlog: Option<Qlog>) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let world = World::build(&mut lab, knobs, setup.seed);
    let legs = Rc::<RefCell<Vec<Leg>>>::default();
    let (result, over) = {
        let (world, legs) = (&world, &legs);
        let script = async move {
            let world = world.as_ref().map_err(ToString::to_string)?;
            world.serve(knobs).await?;
            if knobs.choice("http") == "3" {
                over_quic::in_lab(world, knobs, legs, qlog).await
            } else {
                over_tcp::in_lab(world, knobs, legs).await
            }
        };
        match lab.run(script) {
            Ok(result) => (result, Ok(())),
            Err(error) => (Ok(()), Err(error)),
        }
    };
    let secrets = world.as_ref().map(World::secrets).unwrap_or_default();
    if let (Ok(world), Err(why)) = (&world, &result) {
        world.client.note(why.clone());
    }
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    recording.open_with(secrets);
    note_end(&mut recording, over);
    let thought = world.as_ref().map(World::thought).unwrap_or_default();
    let lost = recording.packets.iter().filter(|it| it.arrived.is_none()).map(|it| it.at).collect();
    let known = found::Known { rtt: knobs.time("rtt"), thought, lost };
    let mut findings = found::found(&recording, &legs.borrow(), Some(&known));
    for words in instead(knobs) {
        findings.note(Time::ZERO, 0, words.to_owned());
    }
    findings.into(&mut recording);
    recording
}

/// What the knobs ask for together that no visit has, and what it has instead.
fn instead(knobs: &Knobs) -> Vec<&'static str> {
    let (http, tls, session) = (knobs.choice("http"), knobs.choice("tls"), knobs.choice("session"));
    let all = [
        (http == "3" && tls != "1.3", "HTTP/3 has TLS 1.3 inside: the choice of TLS holds for HTTP/1.1 and HTTP/2"),
        (http != "3" && tls == "1.2" && session == "0-rtt", "TLS 1.2 has no early data: resumed instead"),
        (http == "2" && tls == "none", "HTTP/2 is agreed on inside TLS: HTTP/1.1 instead (RFC 9113 §3.2)"),
        (http != "3" && tls == "none" && session != "full", "without TLS there is no session to resume"),
    ];
    all.into_iter().filter_map(|(is_so, words)| is_so.then_some(words)).collect()
}

/// How often the page is visited: a ticket comes from a visit before.
fn visits(knobs: &Knobs) -> usize {
    if knobs.choice("session") == "full" { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
    use crate::recording::Recording;

    fn with(settings: &[(&str, &str)]) -> Recording {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
        run("handshake-timing", &settings, &Setup::default()).expect("it runs")
    }

    fn count(run: &Recording, name: &str) -> i64 {
        run.measurement(name).unwrap_or_else(|| panic!("{name}: {:?}", run.measurements)).value.value
    }

    #[test]
    fn round_trips_come_out_exactly() {
        // HTTP, TLS, session: round trips to the server before the request, and before the first byte.
        let cases = [
            ("2", "1.3", "full", 2, 3),
            ("1.1", "1.3", "full", 2, 3),
            ("2", "1.3", "resumed", 2, 3),
            ("2", "1.3", "0-rtt", 1, 2),
            ("1.1", "1.3", "0-rtt", 1, 2),
            ("2", "1.2", "full", 3, 4),
            ("2", "1.2", "resumed", 2, 3),
            ("1.1", "none", "full", 1, 2),
            ("3", "1.3", "full", 1, 2),
            ("3", "1.3", "resumed", 1, 2),
            ("3", "1.3", "0-rtt", 0, 1),
        ];
        for (http, tls, session, before, first) in cases {
            let run = with(&[("http", http), ("tls", tls), ("session", session)]);
            let found = (count(&run, "rtts_before_request"), count(&run, "rtts_to_first_byte"));
            assert_eq!(found, (before, first), "HTTP/{http}, TLS {tls}, {session}");
            assert_eq!(
                count(&run, "beside_round_trips"),
                0,
                "HTTP/{http}, TLS {tls}, {session}: nothing but round trips"
            );
        }
    }

    #[test]
    fn the_parts_add_up_and_have_their_packets() {
        for settings in [&[][..], &[("http", "3")], &[("tls", "1.2"), ("session", "resumed")], &[("session", "0-rtt")]]
        {
            let run = with(settings);
            assert!(
                run.spans.iter().all(|it| it.packets.is_some() && it.to >= it.from),
                "{settings:?}: {:?}",
                run.spans
            );
            // A body that came with its head has neither bar nor row.
            assert_eq!(run.steps.len(), run.spans.len(), "{settings:?}: {:?}", run.steps);
            let names: Vec<&str> = run.spans.iter().map(|it| it.name.as_str()).collect();
            assert!(names.contains(&"DNS") && names.contains(&"request and first byte"), "{names:?}");
        }
    }

    #[test]
    fn resets_after_the_page_are_counted_and_said_to_be_normal() {
        let run = with(&[]);
        let is_reset = |it: &&crate::recording::Packet| {
            let tcp = crate::demos::frame::content(&it.bytes);
            matches!(tcp, crate::demos::frame::Content::Tcp(segment) if segment.rst)
        };
        let client = run.node("client").expect("there is one");
        let seen = run.packets.iter().filter(|it| it.from == client || it.to == client).filter(is_reset).count();
        assert!(seen > 0 && count(&run, "resets_after") == i64::try_from(seen).expect("few"), "{seen}");
        let first = run.packets.iter().find(is_reset).expect("there are some").at;
        assert!(first.0 >= u64::try_from(count(&run, "total")).expect("a time"), "the page was whole");
        assert!(format!("{:?}", run.events).contains("that is normal"), "{:?}", run.events);
        assert!(with(&[("http", "3")]).measurement("resets_after").is_none(), "QUIC has none");
    }

    #[test]
    fn a_chain_that_does_not_fit_the_first_flight_costs_round_trips() {
        let small = with(&[]);
        let large = with(&[("chain", "30kB")]);
        assert!(count(&large, "certificate_bytes") > 29_000);
        assert_eq!(count(&large, "rtts_before_request"), count(&small, "rtts_before_request") + 1);
        let wide = with(&[("chain", "30kB"), ("iw", "40")]);
        assert_eq!(count(&wide, "rtts_before_request"), count(&small, "rtts_before_request"));
        // RFC 9000 §8.1: a server of QUIC sends three times what came, until it knows that the client is there.
        let quic = with(&[("http", "3"), ("chain", "8kB")]);
        assert!(count(&quic, "rtts_before_request") > 1);
    }

    #[test]
    fn round_trips_are_counted_without_thinking_and_without_waiting_for_ipv6() {
        let slow = [("think", "200ms"), ("size", "200000B"), ("rate", "10Mbit/s")];
        let run = with(&slow);
        assert_eq!((count(&run, "rtts_before_request"), count(&run, "rtts_to_first_byte")), (2, 3));
        assert_eq!(count(&run, "thinking") / 1_000_000, 200);
        for (http, before) in [("2", 2), ("3", 1)] {
            for (think, first) in [("0ms", 0), ("80ms", 80), ("500ms", 500)] {
                let run = with(&[("http", http), ("ipv6", "broken"), ("think", think)]);
                let found = (count(&run, "rtts_before_request"), count(&run, "rtts_to_first_byte"));
                assert_eq!(found, (before, before + 1), "HTTP/{http} {think}");
                assert_eq!(count(&run, "ipv6_wait") / 1_000_000, 250, "HTTP/{http} {think}");
                assert_eq!(count(&run, "beside_round_trips") / 1_000_000, 250 + first, "HTTP/{http} {think}");
                let kind = if http == "3" { "quic_time" } else { "tcp_time" };
                let how = &run.measurement(kind).expect("it was opened").how;
                assert!(how.contains("250 ms waited for IPv6") && how.contains("RFC 8305"), "{how}");
            }
        }
        let exact = &with(&[]).measurement("rtts_to_first_byte").expect("there is one").how.clone();
        assert!(!exact.contains("at most"), "{exact}");
        let lossy = with(&slow).measurement("rtts_to_first_byte").expect("there is one").how.clone();
        assert!(lossy.contains("at most"), "{lossy}");
    }

    #[test]
    fn a_lost_packet_makes_the_round_trips_a_limit_and_the_parts_longer() {
        let settings = [("rtt", "100ms"), ("loss", "30%")].map(|(name, it)| (name.to_owned(), it.to_owned()));
        let setup = Setup { seed: 3, ..Setup::default() };
        let run = run("handshake-timing", &settings.into(), &setup).expect("it runs");
        let how = &run.measurement("rtts_before_request").expect("there is one").how;
        assert!(how.contains("lost"), "{how}");
        let tcp = run.measurement("tcp_time").expect("it was opened");
        assert!(tcp.value.value > 1_000_000_000 && tcp.how.contains("more"), "{tcp:?}");
        assert!(!with(&[]).measurement("tcp_time").expect("it was opened").how.contains("more"));
    }

    #[test]
    fn the_handshakes_bytes_are_those_of_the_handshake() {
        // By record: ClientHello, ChangeCipherSpec and Finished, whatever HTTP says in the same flight.
        let sent = [("http", "2"), ("http", "1.1")].map(|it| count(&with(&[it]), "handshake_sent"));
        let hello = |run: &Recording| {
            let first = run.packets.iter().find(|it| it.summary.starts_with("TLS Client Hello")).expect("a hello");
            i64::try_from(first.bytes.len() - 66).expect("small")
        };
        // Of ours the hello differs by the protocols it offers; CCS has 6 bytes, Finished 5 + 4 + 48 + 1 + 16 with SHA-384.
        assert_eq!(sent[0], hello(&with(&[("http", "2")])) + 6 + 74);
        assert_eq!(sent[1], hello(&with(&[("http", "1.1")])) + 6 + 74);
        // RFC 9000 §14.1: at least the first datagram is filled up.
        assert!(count(&with(&[("http", "3")]), "handshake_sent") >= 1200);
    }

    #[test]
    fn a_resumed_session_is_told_over_quic_too() {
        let run = with(&[("http", "3"), ("session", "resumed")]);
        let sessions: Vec<_> = run.steps.iter().filter(|it| it.kind == "quic").map(|it| it.fact("session")).collect();
        assert_eq!(sessions, ["full", "resumed"]);
    }

    #[test]
    fn a_tls_record_is_spoken_of_where_there_is_one() {
        for (settings, has) in [(&[][..], true), (&[("http", "3")], false), (&[("tls", "none")], false)] {
            let run = with(settings);
            let row = run.steps.iter().rfind(|it| it.kind == "wait").expect("a request");
            assert_eq!(row.why.contains("record"), has, "{settings:?}: {}", row.why);
        }
    }

    #[test]
    fn what_no_visit_has_is_said() {
        for (settings, says) in [
            (&[("tls", "1.2"), ("session", "0-rtt")][..], "TLS 1.2 has no early data"),
            (&[("tls", "none")], "HTTP/1.1 instead"),
            (&[("tls", "1.2"), ("http", "3")], "HTTP/3 has TLS 1.3 inside"),
        ] {
            let run = with(settings);
            assert!(format!("{:?}", run.events).contains(says), "{settings:?}");
        }
        assert_eq!(super::instead(&crate::demos::Knobs::defaults(super::DEMO.knobs)), [] as [&str; 0]);
    }

    #[test]
    fn an_ipv6_that_leads_nowhere_costs_a_quarter_of_a_second() {
        for http in ["2", "3"] {
            let [works, broken] = ["works", "broken"].map(|it| with(&[("ipv6", it), ("http", http)]));
            let first = |run: &Recording| count(run, "first_byte") / 1_000_000;
            assert_eq!(first(&broken) - first(&works), 250, "HTTP/{http}");
            let kind = if http == "3" { "quic" } else { "tcp" };
            let row = broken.steps.iter().find(|it| it.kind == kind).expect("a row");
            assert!(row.fact("tried").contains("given up: another was open first"), "{row:?}");
        }
    }
}
