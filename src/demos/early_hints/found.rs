//! The numbers of a page load: when its last critical resource was there, what that gained, what was sent for nothing.
use std::time::Duration;

use super::browser::{Came, Seen};
use crate::demos::capture::{Sight, capture};
use crate::demos::findings::Findings;
use crate::demos::web::{came, ends};
use crate::recording::{Recording, Time};

pub(super) fn found(recording: &Recording, seen: &Seen, plain: Option<(&Recording, &Seen)>) -> Findings {
    let mut findings = Findings::default();
    let sights = capture(recording, "client");
    let all = seen.came.borrow();
    let critical = critical(seen);
    let how = "from asking for a connection to the last byte of page, style sheet and script";
    findings.time("last_critical", "all that is critical is there after", critical, how);
    let page = all.iter().find(|it| it.path == "/");
    let how = "from asking for a connection to the head of the page: 2 RTT, 1 RTT and the server's thinking";
    findings.time("first_byte", "the page's first byte comes after", page.map(|it| it.head - seen.began.get()), how);
    let first = all.iter().filter(|it| it.path != "/").map(|it| it.asked).min();
    let how = "from asking for a connection until a request for it left or a promise of it came";
    findings.time(
        "critical_begins",
        "the first of style sheet and script begins after",
        first.map(|at| at - seen.began.get()),
        how,
    );
    bytes(&mut findings, &sights, plain);
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
    gained(&mut findings, critical, plain.and_then(|(_, seen)| self::critical(seen)));
    marks(&mut findings, seen, &all);
    lanes(&mut findings, &sights, seen, &all);
    findings
}

/// When the last of page, style sheet and script was there; in the cache is there already.
fn critical(seen: &Seen) -> Option<Duration> {
    let all = seen.came.borrow();
    let page = all.iter().any(|it| it.path == "/") && seen.failed.get() == 0;
    page.then(|| all.iter().map(|it| it.done).max()).flatten().map(|at| at - seen.began.get())
}

fn received(sights: &[Sight<'_>]) -> usize {
    sights.iter().filter(|it| !it.sent).map(|it| it.packet.bytes.len()).sum()
}

fn bytes(findings: &mut Findings, sights: &[Sight<'_>], plain: Option<(&Recording, &Seen)>) {
    let own = received(sights);
    findings.bytes("received_bytes", "the client received", own, "all frames, until the end of the run");
    if let Some((recording, _)) = plain {
        let other = received(&capture(recording, "client"));
        let how =
            format!("more than the {other} B that came for the same page from a server that does nothing special");
        findings.bytes("wasted_bytes", "of that, for nothing", own.saturating_sub(other), how);
    }
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

fn lanes(findings: &mut Findings, sights: &[Sight<'_>], seen: &Seen, all: &[Came]) {
    let (local, began, ready) = (seen.local.get(), seen.began.get(), seen.ready.get());
    if ready > Time::ZERO {
        findings.span_of("0 connection", "TCP and TLS".to_owned(), (began, ready), ends(sights, local, began, ready));
    }
    for it in all {
        let place = match it.path.as_str() {
            "/" => 1,
            "/style.css" => 2,
            _ => 3,
        };
        let lane = format!("{place} {} ({})", it.path, it.by);
        let hint = seen.hinted.get().filter(|at| it.path == "/" && *at < it.head);
        if let Some(at) = hint {
            findings.span_of(&lane, "until the hint".to_owned(), (it.asked, at), ends(sights, local, it.asked, at));
            findings.span_of(&lane, "the server thinks".to_owned(), (at, it.head), None);
        } else {
            let name = if it.by == "a promise" { "promised" } else { "waiting for the first byte" };
            findings.span_of(&lane, name.to_owned(), (it.asked, it.head), ends(sights, local, it.asked, it.head));
        }
        findings.span_of(&lane, "body".to_owned(), (it.head, it.done), came(sights, local, it.head, it.done));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::demos::{Setup, run};
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
        assert!(value(&push, "wasted_bytes") > 10_000, "{}", value(&push, "wasted_bytes"));
        let hints = played(&[("cache", "warm")]);
        assert_eq!((value(&hints, "requests"), value(&hints, "rst_streams")), (1, 0));
        assert!(value(&hints, "wasted_bytes") < 500, "{}", value(&hints, "wasted_bytes"));
    }

    #[test]
    fn a_client_that_takes_no_pushes_gets_none() {
        let run = played(&[("strategy", "push"), ("client", "no-push")]);
        assert_eq!((value(&run, "promises"), value(&run, "requests"), value(&run, "failed")), (0, 3, 0));
        assert_eq!(value(&run, "gained"), 0);
    }
}
