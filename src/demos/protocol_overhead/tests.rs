//! The numbers held against what the RFCs' formats make of them, and against each other.
use std::collections::BTreeMap;

use crate::demos::{self, Setup};
use crate::recording::{Cell, Recording};

fn played(settings: &[(&str, &str)]) -> Recording {
    let settings: BTreeMap<_, _> = settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())).collect();
    demos::run("protocol-overhead", &settings, &Setup { seed: 1, ..Setup::default() }).expect("it runs")
}

fn value(run: &Recording, name: &str) -> i64 {
    run.measurement(name).unwrap_or_else(|| panic!("no {name}")).value.value
}

/// A cell of a table of uses.
fn cell(run: &Recording, table: &str, protocol: &str, column: &str) -> i64 {
    let table = run.tables.iter().find(|it| it.name == table).expect("a table");
    let place = table.columns.iter().position(|it| it.name == column).expect("a column");
    let row = table.rows.iter().find(|it| it.cells[0] == Cell::text(protocol)).expect("a row");
    let Cell::Value(it) = &row.cells[place] else { panic!("a number") };
    it.value
}

#[test]
fn the_payload_is_the_same_over_all_and_the_rest_is_what_the_formats_say() {
    for tls in ["on", "off"] {
        let run = played(&[("tls", tls)]);
        for (key, name) in [
            ("udp", "UDP"),
            ("tcp", "TCP, a length first"),
            ("websocket", "WebSocket"),
            ("http1", "HTTP/1.1"),
            ("http2", "HTTP/2"),
            ("http3", "HTTP/3"),
        ] {
            assert_eq!(value(&run, &format!("{key}_answered")), 10, "{name}");
            assert_eq!(cell(&run, "first", name, "payload"), 40, "{name}");
            assert_eq!(cell(&run, "later", name, "payload"), 360, "{name}");
            assert_eq!(cell(&run, "later", name, "again"), 0, "{name}");
        }
        // Ethernet 14, IPv4 20, UDP 8, payload 20: there and back.
        assert_eq!((value(&run, "udp_first"), value(&run, "udp_later")), (124, 124));
        // RFC 6455 §5.2: 2 bytes back, and 4 of a key more there; 4 bytes of our own length each way.
        assert_eq!((value(&run, "websocket_head_later"), value(&run, "websocket_masks")), (8, 36));
        assert_eq!(value(&run, "tcp_head_later"), 8);
        // HTTP/1.1 forgets, HPACK remembers; the library of HTTP/3 puts nothing into QPACK's table.
        assert_eq!(cell(&run, "later", "HTTP/3", "fields"), 9 * cell(&run, "first", "HTTP/3", "fields"));
        assert_eq!(value(&run, "http1_head_first"), value(&run, "http1_head_later"));
        assert!(value(&run, "http2_head_later") < value(&run, "http1_head_later") / 2);
        assert_eq!(cell(&run, "later", "WebSocket", "tls") > 0, tls == "on");
        // RFC 8446 §5.2: 5 of header, the type, 16 of seal, each way.
        let sealed = if tls == "on" { 2 * 22 * 9 } else { 0 };
        assert_eq!(cell(&run, "later", "WebSocket", "tls"), sealed);
    }
}

#[test]
fn small_messages_are_mostly_heads_and_large_ones_hardly() {
    let share = |size: &str, name: &str| value(&played(&[("size", size)]), name);
    assert!(share("20B", "http1_share") < 100_000, "less than a tenth");
    for name in ["udp_share", "tcp_share", "websocket_share", "http2_share"] {
        assert!(share("1400B", name) > 800_000, "{name}");
    }
}

#[test]
fn a_burst_shares_packets_and_acks_where_the_protocol_can() {
    let (one, burst) = (played(&[]), played(&[("sending", "burst")]));
    for key in ["tcp", "websocket", "http2", "http3"] {
        let name = format!("{key}_later");
        assert!(value(&burst, &name) < value(&one, &name), "{key}: {} {}", value(&burst, &name), value(&one, &name));
        assert_eq!(value(&burst, &format!("{key}_answered")), 10);
    }
    assert_eq!(value(&burst, "udp_later"), value(&one, "udp_later"), "a datagram is a packet");
}

#[test]
fn one_protocol_alone_and_one_message_alone() {
    let alone = played(&[("protocol", "http3"), ("messages", "1")]);
    assert!(alone.measurement("udp_first").is_none() && alone.measurement("http3_later").is_none());
    assert_eq!(value(&alone, "http3_answered"), 1);
}

#[test]
fn what_was_lost_is_told() {
    use crate::recording::{Intervention, Meddling};
    let interventions = vec![Intervention { packet: 3, action: Meddling::Drop }];
    let settings = BTreeMap::from([("protocol".to_owned(), "udp".to_owned())]);
    let run = demos::run("protocol-overhead", &settings, &Setup { seed: 1, interventions }).expect("it runs");
    assert_eq!(value(&run, "udp_answered"), 9);
}
