//! Proposals tried on every packet and field there is: whatever is offered as a filter finds at least where it came from.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::propose;
use crate::demos::{self, Setup};
use crate::recording::vantage;
use crate::tui::views::packets;
use crate::wire::analysis::Mark;
use crate::wire::capture::indexer;
use crate::wire::capture::study::Study;
use crate::wire::filter::Filter;

fn study(demo: &str) -> Arc<Study> {
    let run = demos::run(demo, &BTreeMap::new(), &Setup { seed: 1, interventions: Vec::new() }).expect("it ships");
    let (study, fault) = indexer::index(vantage::all(&run)[0].pcapng(&run), "");
    assert_eq!(fault, None);
    study
}

#[test]
fn nearly_every_row_of_a_tree_has_a_filter_and_it_finds_its_packet() {
    for demo in ["packet-tour", "handshake-timing", "retransmission"] {
        let study = study(demo);
        let (mut rows_seen, mut with_value, mut without) = (0, 0, Vec::new());
        for packet in study.packets() {
            let marks: Vec<Mark> = packet.marks().collect();
            for row in packets::rows(&packet.decoded, &marks, &packet.units().collect::<Vec<_>>()) {
                rows_seen += 1;
                match propose::of_row(&packet, &row) {
                    Some(text) => {
                        let filter = Filter::parse(&text).unwrap_or_else(|it| panic!("{text}: {it}"));
                        assert!(filter.holds(&packet.seen()), "{demo} packet {}: {text}", packet.number);
                        with_value += usize::from(text.contains("=="));
                    }
                    None => without.push(row.name().to_owned()),
                }
            }
            let conversation = propose::of_conversation(&packet).expect("it has two ends");
            let filter = Filter::parse(&conversation).expect("a filter");
            assert!(filter.holds(&packet.seen()), "{conversation}");
        }
        without.sort_unstable();
        without.dedup();
        // What was opened is no field: its rows stand below it.
        assert!(without.iter().all(|name| name == "opened"), "{demo}: {without:?}");
        assert!(with_value * 10 > rows_seen * 8, "{demo}: only {with_value} of {rows_seen} rows compare a value");
    }
}

#[test]
fn two_filters_are_joined_so_that_both_hold() {
    assert_eq!(propose::with("tcp || udp", "ip.ttl == 64"), "(tcp || udp) && (ip.ttl == 64)");
    assert_eq!(propose::with("  ", "ip"), "ip");
}
