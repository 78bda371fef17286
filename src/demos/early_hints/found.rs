//! The numbers of a page load: when its last critical resource was there, what that gained, what was sent for nothing.
use std::collections::BTreeSet;
use std::time::Duration;

use super::browser::{Came, Seen};
use crate::demos::Knobs;
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::web::{came, ends};
use crate::quantity::Quantity;
use crate::recording::opened::Links;
use crate::recording::{Recording, Time};
use crate::wire::Decoded;

pub(super) fn found(
    recording: &Recording,
    opened: &Links,
    (seen, plain): (&Seen, Option<&Seen>),
    knobs: &Knobs,
) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let all = seen.came.borrow();
    let critical = critical(seen);
    let how = "from asking for a connection to the last byte of page, style sheet and script";
    findings.time("last_critical", "all that is critical is there after", critical, how);
    first_byte(&mut findings, seen, &all, knobs);
    let first = all.iter().filter(|it| it.path != "/").map(|it| it.asked).min();
    let how = "from asking for a connection until a request for it left or a promise of it came";
    findings.time(
        "critical_begins",
        "the first of style sheet and script begins after",
        first.map(|at| at - seen.began.get()),
        how,
    );
    bytes(&mut findings, &sights, opened);
    findings.count(
        "promises",
        "answers the server promised",
        seen.promised.borrow().len(),
        "PUSH_PROMISE frames the client took in",
    );
    let how = "promises of what the client had: RST_STREAM with CANCEL; what was on its way comes all the same (RFC 9113 §8.4.2)";
    findings.count("rst_streams", "of them reset", seen.refused.get(), how);
    findings.count(
        "requests",
        "requests the client sent",
        all.iter().filter(|it| it.by != "a promise").count(),
        "for the page and for what it was told of",
    );
    findings.count(
        "failed",
        "resources that failed",
        seen.failed.get(),
        "the connection or the stream ended before them",
    );
    gained(&mut findings, critical, plain.and_then(self::critical));
    marks(&mut findings, seen, &all);
    lanes(&mut findings, &sights, seen, &all, knobs.time("rtt") / 2);
    findings
}

/// When the last of page, style sheet and script was there; in the cache is there already.
fn critical(seen: &Seen) -> Option<Duration> {
    let all = seen.came.borrow();
    let page = all.iter().any(|it| it.path == "/") && seen.failed.get() == 0;
    page.then(|| all.iter().map(|it| it.done).max()).flatten().map(|at| at - seen.began.get())
}

/// The page's head, by the formula and as it came.
fn first_byte(findings: &mut Findings, seen: &Seen, all: &[Came], knobs: &Knobs) {
    let Some(page) = all.iter().find(|it| it.path == "/") else { return };
    let took = page.head - seen.began.get();
    let formula = knobs.time("rtt") * 3 + knobs.time("think");
    let how = format!(
        "from asking for a connection to the head of the page: 2 RTT to open it, 1 RTT and the server's thinking are {}; {} more for \
         bytes on the link, its own and those before it",
        Quantity::time(formula),
        Quantity::time(took.saturating_sub(formula)),
    );
    findings.time("first_byte", "the page's first byte comes after", Some(took), how);
    let queued = queued(seen, page, knobs.time("rtt") / 2).map(|(from, to)| to - from);
    let how = "from the server having the page until its head came in, less the way of half an RTT: what went out before it had \
               the link first";
    findings.time("queued", "of that the finished page's head waited for the link", queued, how);
}

/// From the page being made until its head set out on the last half of a round trip.
fn queued(seen: &Seen, page: &Came, way: Duration) -> Option<(Time, Time)> {
    let (_, made) = seen.thought.get()?;
    Some((made, made + page.head.since(made).saturating_sub(way)))
}

fn received(sights: &[Sight<'_>]) -> usize {
    sights.iter().filter(|it| !it.sent).map(|it| it.packet.bytes.len()).sum()
}

fn bytes(findings: &mut Findings, sights: &[Sight<'_>], opened: &Links) {
    findings.bytes("received_bytes", "the client received", received(sights), "all frames, until the end of the run");
    let how = "in DATA frames of streams that the client had refused: on their way, or in the server's TCP before the RST_STREAM was there";
    findings.bytes("wasted_bytes", "of that, for nothing", refused(sights, opened), how);
}

/// What came in the bodies of streams that the client reset.
fn refused(sights: &[Sight<'_>], opened: &Links) -> usize {
    let stream = |it: &Decoded| it.field("http2.streamid").map(|it| it.value.clone());
    let frames = |sent: bool| {
        let packets = sights.iter().filter(move |it| it.sent == sent);
        packets.flat_map(|it| opened.at(it.packet)).map(|it| &it.decoded)
    };
    let reset: BTreeSet<_> =
        frames(true).filter(|it| it.field("http2.rst_stream.error").is_some()).filter_map(stream).collect();
    let of_one = |it: &&Decoded| stream(it).is_some_and(|it| reset.contains(&it));
    frames(false).filter(of_one).filter_map(|it| it.field("http2.data.data")).map(|it| it.bytes().len()).sum()
}

fn gained(findings: &mut Findings, own: Option<Duration>, plain: Option<Duration>) {
    let (Some(own), Some(plain)) = (own, plain) else { return };
    let how = "the same page from a server that does nothing special, run beside this one";
    findings.time("plain", "without, it would have been after", Some(plain), how);
    findings.time(
        "gained",
        "that is sooner by",
        Some(plain.saturating_sub(own)),
        "the difference; 0 where it is not sooner",
    );
    findings.time("lost", "or later by", Some(own.saturating_sub(plain)), "the difference; 0 where it is not later");
}

fn marks(findings: &mut Findings, seen: &Seen, all: &[Came]) {
    findings.mark_at("open", "the connection is open: the page is asked for", Some(seen.ready.get()), None);
    findings.mark_at("hint", "103: the client knows what it needs", seen.hinted.get(), None);
    findings.mark_at("promise", "the first promise comes", seen.promised.borrow().first().map(|(at, _)| *at), None);
    findings.mark_at("page", "the page's first byte", all.iter().find(|it| it.path == "/").map(|it| it.head), None);
    findings.mark_at("complete", "all that is critical is there", all.iter().map(|it| it.done).max(), None);
}

fn lanes(findings: &mut Findings, sights: &[Sight<'_>], seen: &Seen, all: &[Came], way: Duration) {
    let (local, began, ready) = (seen.local.get(), seen.began.get(), seen.ready.get());
    if ready > Time::ZERO {
        findings.span_of("0 connection", "TCP and TLS".to_owned(), (began, ready), ends(sights, local, began, ready));
    }
    if let (Some((asked, _)), Some(hinted)) = (seen.thought.get(), seen.hinted.get()) {
        let packets = came(sights, local, asked, hinted);
        findings.span_of("1 103 Early Hints", "on its way".to_owned(), (asked, hinted), packets);
    }
    for it in all {
        let place = match it.path.as_str() {
            "/" => 1,
            "/style.css" => 2,
            _ => 3,
        };
        let lane = format!("{place} {} ({})", it.path, it.by);
        let parts = if it.path == "/" { page(seen, it, way) } else { Vec::new() };
        if parts.is_empty() {
            let name = if it.by == "a promise" { "promised" } else { "waiting for the first byte" };
            findings.span_of(&lane, name.to_owned(), (it.asked, it.head), ends(sights, local, it.asked, it.head));
        }
        for (name, from, to) in parts.into_iter().filter(|(_, from, to)| from < to) {
            findings.span_of(&lane, name.to_owned(), (from, to), None);
        }
        findings.span_of(&lane, "body".to_owned(), (it.head, it.done), came(sights, local, it.head, it.done));
    }
}

/// Where the time to the page's head went; nothing where the server did not get to it.
fn page(seen: &Seen, page: &Came, way: Duration) -> Vec<(&'static str, Time, Time)> {
    let (Some((asked, made)), Some((_, left))) = (seen.thought.get(), queued(seen, page, way)) else {
        return Vec::new();
    };
    vec![
        ("the request on its way", page.asked, asked),
        ("the server thinks", asked, made),
        ("the head waits for the link", made, left),
        ("the head on its way", left, page.head),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
    use crate::quantity::{Quantity, Unit};
    use crate::recording::Recording;

    fn played(settings: &[(&str, &str)]) -> Recording {
        let settings: BTreeMap<_, _> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        run("early-hints", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
    }

    fn value(recording: &Recording, name: &str) -> i64 {
        recording.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value
    }

    #[test]
    fn a_hint_wins_where_thinking_takes_longer_than_a_round_trip_and_a_promise_saves_one_more() {
        let critical = |strategy| value(&played(&[("strategy", strategy)]), "last_critical") / 1_000_000;
        let [plain, preload, hints, push] = ["plain", "preload", "early-hints", "push"].map(critical);
        assert!(hints + 80 < plain && push <= hints && preload <= plain, "{plain} {preload} {hints} {push}");
    }

    #[test]
    fn a_push_to_a_warm_cache_is_reset_and_has_cost_bytes_and_a_hint_costs_none() {
        let push = played(&[("strategy", "push"), ("cache", "warm")]);
        assert_eq!((value(&push, "promises"), value(&push, "rst_streams")), (2, 2));
        // Style sheet and script, whole: the server has written both when the RST_STREAM is there.
        assert_eq!(value(&push, "wasted_bytes"), 90_000);
        let hints = played(&[("cache", "warm")]);
        assert_eq!((value(&hints, "requests"), value(&hints, "rst_streams")), (1, 0));
        assert_eq!(value(&hints, "wasted_bytes"), 0);
    }

    #[test]
    fn what_the_first_visit_needs_is_not_wasted() {
        assert_eq!(value(&played(&[("strategy", "push")]), "wasted_bytes"), 0);
    }

    #[test]
    fn the_server_thinks_as_long_as_it_is_told_to_and_what_comes_on_top_is_named() {
        for strategy in ["plain", "preload", "early-hints", "push"] {
            let run = played(&[("strategy", strategy)]);
            let took = |name: &str| {
                let bar = run.spans.iter().find(|it| it.lane.starts_with("1 /") && it.name == name);
                bar.map_or(0, |it| (it.to - it.from).as_nanos())
            };
            assert_eq!(took("the server thinks"), 200_000_000, "{strategy}");
            assert_eq!(took("the head on its way"), 40_000_000, "{strategy}");
            let queued = u128::try_from(value(&run, "queued")).expect("a length");
            assert_eq!(took("the head waits for the link"), queued, "{strategy}");
            // With a hint the head stands behind style sheet and script; pushed, these are nearly through.
            let least = if strategy == "early-hints" { 80_000_000 } else { 0 };
            assert!((least..100_000_000).contains(&queued), "{strategy}: {queued}");
            let top = value(&run, "first_byte") - 440_000_000;
            let how = &run.measurement("first_byte").expect("it came").how;
            assert!(how.contains(&Quantity::new(top, Unit::Nanoseconds).to_string()), "{strategy}: {how}");
        }
    }

    #[test]
    fn a_client_that_takes_no_pushes_gets_none() {
        let run = played(&[("strategy", "push"), ("client", "no-push")]);
        assert_eq!((value(&run, "promises"), value(&run, "requests"), value(&run, "failed")), (0, 3, 0));
        assert_eq!(value(&run, "gained"), 0);
    }
}
