//! Runs of the lab, opened: every record of their TLS, each byte of it explained.
use std::collections::BTreeMap;

use super::*;
use crate::demos::{self, Setup};
use crate::recording::{Recording, vantage};

fn run(demo: &str, settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    demos::run(demo, &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
}

/// What the client saw, opened.
fn opened(run: &Recording) -> Opened {
    let seen = vantage::find(run, "client").expect("a client").seen(run);
    let packets = seen.iter().map(|it| Seen { n: it.packet.n, at_ns: it.at.0, frame: &it.packet.bytes });
    open(packets, &run.secrets)
}

/// Every bit of every unit lies in one field, and nothing is wrong with any.
#[track_caller]
fn assert_explained(opened: &Opened) {
    for unit in opened.units() {
        assert_eq!(unit.decoded.problems, [], "{}", unit.title);
        for bit in 0..unit.bytes.len() * 8 {
            let found = unit.decoded.at(bit).filter(|(_, field)| field.bits.contains(&bit));
            assert!(found.is_some(), "bit {bit} of {}", unit.title);
        }
    }
}

#[test]
fn dns_over_tls_is_opened_from_the_first_sealed_record_to_the_last() {
    let run = run("dns-trace", &[("transport", "dot")]);
    let opened = opened(&run);
    let lines: Vec<String> = run.packets.iter().filter_map(|it| opened.line(it.n)).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert_explained(&opened);
}

#[test]
fn without_secrets_nothing_is_opened() {
    let mut run = run("dns-trace", &[("transport", "dot")]);
    run.secrets.clear();
    assert_eq!(opened(&run), Opened::default());
}

/// What a person reads of a unit, a field a line.
fn told(unit: &Unit) -> String {
    fn lines(fields: &[crate::wire::Field], depth: usize, out: &mut String) {
        for it in fields {
            let means = if it.meaning.is_empty() { String::new() } else { format!("  ({})", it.meaning) };
            out.push_str(&format!("{}{}: {}{means}   {}\n", "  ".repeat(depth), it.label, it.value, it.name));
            lines(&it.parts, depth + 1, out);
        }
    }
    let mut out = format!("{}, packets {:?}\n", unit.title, unit.packets);
    for layer in &unit.decoded.layers {
        out.push_str(&format!(" {} {:?}\n", layer.title, layer.bytes));
        lines(&layer.fields, 1, &mut out);
    }
    out
}

#[test]
fn the_servers_flight_is_taken_apart_to_the_fields_of_its_certificate() {
    let run = run("dns-trace", &[("transport", "doh")]);
    let opened = opened(&run);
    let flight: Vec<String> = opened.units().iter().filter(|it| it.from_server).take(4).map(told).collect();
    insta::assert_snapshot!(flight.join("\n"));
    assert_explained(&opened);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_bytes_of_a_sealed_connection_are_opened_or_left(damage: Vec<(usize, usize, u8)>) {
        static RUN: std::sync::OnceLock<Recording> = std::sync::OnceLock::new();
        let run = RUN.get_or_init(|| run("dns-trace", &[("transport", "dot")]));
        let mut frames: Vec<Vec<u8>> = run.packets.iter().map(|it| it.bytes.clone()).collect();
        let count = frames.len();
        for (packet, at, byte) in damage {
            let frame = &mut frames[packet % count];
            let length = frame.len().max(1);
            if let Some(it) = frame.get_mut(at % length) {
                *it = byte;
            }
        }
        let seen = (1..).zip(&frames).map(|(n, frame)| Seen { n, at_ns: u64::from(n), frame });
        let opened = open(seen, &run.secrets);
        for unit in opened.units() {
            for bit in 0..unit.bytes.len() * 8 {
                proptest::prop_assert!(unit.decoded.at(bit).is_some_and(|(_, field)| field.bits.contains(&bit)));
            }
        }
    }

    #[test]
    fn any_bytes_that_were_sealed_are_taken_apart_to_the_last_bit(kind in 20_u8..24, body: Vec<u8>, is_13: bool, message: Option<u8>) {
        let mut bytes = body;
        if let Some(message) = message {
            // A handshake message of a known kind, whatever it says.
            let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
            bytes.splice(0..0, [message % 26, 0, length[0], length[1]]);
        }
        let decoded = tls::decoded(&bytes, kind, is_13);
        for bit in 0..bytes.len() * 8 {
            proptest::prop_assert!(decoded.at(bit).is_some_and(|(_, field)| field.bits.contains(&bit)), "bit {} of {:?}", bit, decoded);
        }
    }
}
