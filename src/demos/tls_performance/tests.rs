//! The table of handshakes: what a textbook says in RTTs is what the packets say.
use std::collections::BTreeMap;

use crate::demos::{Setup, run};
use crate::recording::Recording;

fn played(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> =
        settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    run("tls-performance", &settings, &Setup { seed: 1, interventions: Vec::new() }).expect("the knobs take it")
}

fn value(run: &Recording, name: &str) -> i64 {
    run.measurement(name).unwrap_or_else(|| panic!("{name} is measured")).value.value
}

/// Milliseconds until a request may go, and to the first byte.
fn times(run: &Recording, kind: &str) -> (i64, i64) {
    (value(run, &format!("{kind}_time")) / 1_000_000, value(run, &format!("{kind}_first_byte")) / 1_000_000)
}

const KINDS: [&str; 5] = ["full_13", "resumed_13", "early_13", "full_12", "resumed_12"];

#[test]
fn each_kind_takes_its_round_trips_whatever_the_key_exchange() {
    for group in ["x25519", "x25519mlkem768"] {
        let run = played(&[("group", group)]);
        let all = KINDS.map(|it| times(&run, it));
        assert_eq!(all, [(80, 240), (80, 240), (0, 160), (160, 320), (80, 240)], "{group}");
        assert_eq!(value(&run, "early_taken"), 1);
    }
}

#[test]
fn resumption_in_1_3_saves_bytes_and_no_round_trip() {
    let run = played(&[]);
    assert_eq!(times(&run, "full_13"), times(&run, "resumed_13"));
    assert!(value(&run, "resumed_13_received_bytes") + 600 < value(&run, "full_13_received_bytes"));
    let sent = |run: &Recording| value(run, "full_13_sent_bytes");
    let received = |run: &Recording| value(run, "full_13_received_bytes");
    let hybrid = played(&[("group", "x25519mlkem768")]);
    // An encapsulation key of 1184 bytes one way, a ciphertext of 1088 the other (FIPS 203 §8).
    assert_eq!((sent(&hybrid) - sent(&run), received(&hybrid) - received(&run)), (1184, 1088));
}

#[test]
fn a_chain_longer_than_the_initial_window_costs_a_round_trip() {
    let long = [("names", "500"), ("iw", "2")];
    let run = played(&long);
    assert!(times(&run, "full_13").0 > 80, "{:?}", times(&run, "full_13"));
    assert_eq!(times(&run, "resumed_13").0, 80, "no certificate is sent");
}
