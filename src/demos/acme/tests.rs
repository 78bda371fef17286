//! A year of renewals: margins, outages, broken records, clocks.
use std::collections::BTreeMap;

use crate::demos::{Setup, run};
use crate::recording::Recording;

fn played(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> =
        settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    run("acme", &settings, &Setup { seed: 1, interventions: Vec::new() }).expect("the knobs take it")
}

fn value(run: &Recording, name: &str) -> i64 {
    run.measurement(name).unwrap_or_else(|| panic!("{name} is measured")).value.value
}

#[test]
fn every_proof_gets_a_certificate_and_a_year_without_an_error() {
    for challenge in ["http-01", "dns-01", "tls-alpn-01"] {
        let run = played(&[("challenge", challenge)]);
        let [orders, given, failed] = ["orders", "certificates", "failed_handshakes"].map(|it| value(&run, it));
        assert_eq!((orders, given, failed), (7, 7, 0), "{challenge}: day 0, then every 60 days");
        assert_eq!((value(&run, "least_margin_days"), value(&run, "uncovered_days")), (30, 0), "{challenge}");
        let states: Vec<&str> = run.steps.iter().filter(|it| it.kind == "state").map(|it| it.title.as_str()).collect();
        for state in [
            "order 0: pending",
            "authorisation 0: pending",
            "authorisation 0: valid",
            "order 0: ready",
            "order 0: valid",
        ] {
            assert!(states.contains(&state), "{challenge}: {states:?}");
        }
        assert!(value(&run, "validation_packets") > 3, "{challenge}");
    }
}

#[test]
fn an_outage_shorter_than_the_margin_hurts_nobody() {
    let week = played(&[("outage", "7"), ("lifetime", "90")]);
    assert_eq!((value(&week, "failed_handshakes"), value(&week, "uncovered_days")), (0, 0));
    assert_eq!((value(&week, "failed_orders"), value(&week, "least_margin_days")), (3, 23), "days 60, 61, 63; 67");
    let short = played(&[("outage", "7"), ("lifetime", "6"), ("days", "30")]);
    assert!(
        value(&short, "failed_handshakes") > 0 && value(&short, "uncovered_days") >= 5,
        "{}",
        value(&short, "uncovered_days")
    );
}

#[test]
fn each_broken_record_fails_the_order_with_its_own_words_and_is_mended() {
    for (challenge, broken, words) in [
        ("http-01", "missing", "dns: A of www.shop.example"),
        ("http-01", "wrong", "connection: 10.0.0.99:80"),
        ("http-01", "caa", "caa: the CAA records of shop.example. name other-ca.example"),
        (
            "dns-01",
            "caa-account",
            "caa: the CAA records of shop.example. name ca.example for another account than https://ca.example/account/0 (accounturi)",
        ),
        ("dns-01", "missing", "unauthorized: TXT of _acme-challenge.www.shop.example.: there is no TXT record"),
        ("dns-01", "wrong", "unauthorized: TXT of _acme-challenge.www.shop.example.: there is no TXT record"),
        ("tls-alpn-01", "wrong", "connection: 10.0.0.99:443"),
        ("tls-alpn-01", "missing", "dns: A of www.shop.example"),
    ] {
        let run = played(&[("challenge", challenge), ("broken", broken), ("repaired", "10"), ("days", "120")]);
        let failed = run.steps.iter().find(|it| it.kind == "failed").expect("an order fails");
        assert!(failed.fact("error").contains(words), "{challenge} {broken}: {}", failed.fact("error"));
        assert_eq!(value(&run, "failed_handshakes"), 0, "{challenge} {broken}");
        assert!(value(&run, "certificates") > 1, "{challenge} {broken}: mended in time");
    }
    let never = played(&[("broken", "missing")]);
    assert!(value(&never, "failed_handshakes") > 0 && value(&never, "uncovered_days") > 200);
}

#[test]
fn a_rule_of_days_that_is_longer_than_the_lifetime_runs_into_the_limit() {
    let run = played(&[("lifetime", "20"), ("renew", "30-days"), ("days", "30")]);
    let limited = run.steps.iter().any(|it| it.fact("error").contains("rateLimited"));
    assert!(limited && value(&run, "failed_handshakes") == 0);
    let free = played(&[("lifetime", "20"), ("renew", "30-days"), ("days", "30"), ("limit", "none")]);
    assert_eq!(value(&free, "failed_orders"), 0);
    assert!(value(&free, "certificates") > 20);
}

#[test]
fn a_clock_that_is_late_eats_the_margin() {
    let late = played(&[("skew", "20"), ("days", "120")]);
    assert_eq!((value(&late, "failed_handshakes"), value(&late, "least_margin_days")), (0, 10));
    let too_late = played(&[("skew", "40"), ("days", "120")]);
    assert!(value(&too_late, "failed_handshakes") > 0 && value(&too_late, "uncovered_days") >= 9);
}

#[test]
fn the_authority_says_when_with_ari() {
    let run = played(&[("renew", "ari")]);
    assert_eq!((value(&run, "certificates"), value(&run, "failed_handshakes")), (7, 0));
}

#[test]
fn the_shortest_lifetime_has_its_whole_year_and_a_run_that_is_cut_says_on_which_day_and_why() {
    let noted = |run: &Recording| {
        let texts = run.events.iter().filter_map(|it| match &it.kind {
            crate::recording::EventKind::Note { text } if text.contains("the simulation ends") => Some(text.clone()),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    let six = played(&[("lifetime", "6")]);
    assert_eq!(noted(&six), [""; 0]);
    assert!(six.end.0 >= 365 * 86_400_000_000_000 && value(&six, "orders") > 90, "{}", value(&six, "orders"));
    assert_eq!(value(&six, "failed_orders"), 0);
    let always = played(&[("lifetime", "6"), ("renew", "30-days"), ("limit", "none")]);
    assert!(noted(&always)[0].contains("100 orders at the most"), "{:?}", noted(&always));
    let refused = played(&[("lifetime", "6"), ("broken", "missing")]);
    assert!(noted(&refused)[0].contains("60 orders that failed"), "{:?}", noted(&refused));
}
