//! Runs of the lab: every byte of every frame has one use, and what programs sent is found again to the byte.
use std::collections::BTreeMap;

use super::*;
use crate::demos::{self, Setup};
use crate::recording::{Recording, vantage};

fn run(demo: &str, settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    demos::run(demo, &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
}

/// What the client's capture is spent on, all together.
fn of(run: &Recording) -> Spent {
    of_host(run, "client")
}

fn of_host(run: &Recording, host: &str) -> Spent {
    let seen = vantage::find(run, host).expect("a host").seen(run);
    let packets: Vec<Seen<'_>> =
        seen.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes }).collect();
    let mut sum = Spent::default();
    let spent = spent(packets.iter().copied(), &run.secrets);
    for it in &packets {
        let packet = spent[&it.n];
        assert_eq!(packet.spent.total(), it.frame.len(), "packet {}", it.n);
        assert!(!packet.acknowledges || packet.spent.of(Use::Payload) == 0, "packet {}", it.n);
        sum += packet.spent;
    }
    sum
}

#[test]
fn the_payload_of_a_page_is_the_same_whatever_it_came_over() {
    let settings = [("resources", "3"), ("size", "3000B"), ("depth", "1")];
    let payload = |more: &[(&str, &str)]| of(&run("http-versions", &[&settings, more].concat()));
    let plain = payload(&[("version", "1.1"), ("tls", "off"), ("connections", "1")]);
    assert_eq!(plain.of(Use::Security), 0);
    // Three resources, and the document that names them.
    assert!(plain.of(Use::Payload) > 9000 && plain.of(Use::Payload) < 9500, "{plain:?}");
    for more in [
        &[("version", "1.0"), ("tls", "off")][..],
        &[("version", "1.1"), ("tls", "on")],
        &[("version", "2"), ("tls", "off")],
        &[("version", "2"), ("tls", "on")],
        &[("version", "3")],
    ] {
        let other = payload(more);
        assert_eq!((other.of(Use::Payload), other.of(Use::Again)), (plain.of(Use::Payload), 0), "{more:?}");
        let has_tls = more.contains(&("tls", "on")) || more.contains(&("version", "3"));
        assert_eq!(other.of(Use::Security) > 0, has_tls, "{more:?}: {other:?}");
    }
}

#[test]
fn what_is_sent_again_is_told_apart() {
    // A server sees both copies of what it sent twice.
    let told = |version, tls| {
        let settings = [("version", version), ("tls", tls), ("loss", "10%"), ("resources", "40")];
        of_host(&run("http-versions", &settings), "server")
    };
    let lossy = told("1.1", "on");
    assert!(lossy.of(Use::Again) > 0, "{lossy:?}");
    let quic = told("3", "on");
    assert!(quic.of(Use::Again) > 0, "{quic:?}");
}

#[test]
fn other_protocols_are_payload_behind_their_headers() {
    let tour = of(&run("packet-tour", &[]));
    assert!(tour.of(Use::Payload) > 0 && tour.of(Use::Network) > 0, "{tour:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_captures_add_up_all_the_same(damage: Vec<(usize, usize, u8)>, version in 0_usize..3) {
        static RUNS: std::sync::OnceLock<[Recording; 3]> = std::sync::OnceLock::new();
        let runs = RUNS.get_or_init(|| ["1.1", "2", "3"].map(|it| run("http-versions", &[("version", it), ("resources", "2")])));
        let run = &runs[version];
        let mut frames: Vec<Vec<u8>> = run.packets.iter().map(|it| it.bytes.to_vec()).collect();
        for (packet, at, byte) in damage {
            let count = frames.len();
            let frame = &mut frames[packet % count];
            let length = frame.len();
            frame[at % length] = byte;
        }
        let packets = (1..).zip(&frames).map(|(n, frame)| Seen { n, at_ns: u64::from(n), frame });
        for (n, it) in spent(packets, &run.secrets) {
            proptest::prop_assert_eq!(it.spent.total(), frames[n as usize - 1].len());
        }
    }
}
