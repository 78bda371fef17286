//! The queue in front of a link: its curve against the packets that made it, and `CoDel` in a whole run.
use super::*;
use crate::lab::CoDel;
use crate::net::Net;
use crate::recording::{Event, Fate, Packet, Time};

/// 15 % more than the link carries, for a second.
fn flood(options: LinkOptions) -> Recording {
    let mut lab = Lab::new(3, &[]);
    let from = lab.host("a").at(0, 0).address("10.0.0.1/24").add();
    let to = lab.host("b").at(1, 0).address("10.0.0.2/24").add();
    lab.link(from, to, options.delay(ms(1)).rate(10_000_000).record_queue());
    lab.introduce_everybody();
    let (from, to) = (lab.net(from), lab.net(to));
    let ended = lab.run(async move {
        let _inbox = to.bind(at("10.0.0.2:9")).await.expect("free");
        let socket = from.bind(at("0.0.0.0:0")).await.expect("free");
        for _ in 0..1000 {
            socket.send_to(&[7; 1400], at("10.0.0.2:9")).await.expect("it is sent");
            from.sleep(ms(1)).await;
        }
    });
    ended.expect("it ends");
    lab.finish(Run::default())
}

/// What waited at an instant, from the packets alone: handed over, and not gone.
fn waited_at(packets: &[Packet], now: Time) -> i64 {
    let there = |it: &&Packet| it.fate != Fate::QueueFull && it.at <= now && it.left > now;
    packets.iter().filter(there).map(|it| i64::try_from(it.bytes.len()).expect("small")).sum()
}

#[test]
fn the_curve_of_a_queue_is_what_the_packets_say() {
    for options in [
        LinkOptions::default(),
        LinkOptions::default().queue(20_000),
        LinkOptions::default().codel(CoDel::default()),
        LinkOptions::default().codel(CoDel::default()).queue(20_000),
    ] {
        let recording = flood(options.clone());
        let curve = &recording.series[0];
        assert_eq!((curve.name.as_str(), curve.unit), ("a queue to b", crate::quantity::Unit::Bytes));
        for pair in curve.points.windows(2).filter(|pair| pair[0].0 < pair[1].0) {
            assert_eq!(pair[0].1, waited_at(&recording.packets, pair[0].0), "{options:?} at {}", pair[0].0);
        }
        assert_eq!(curve.points.last().map(|it| it.1), Some(0));
    }
}

#[test]
fn codel_keeps_a_flood_short_and_says_what_it_drops() {
    let longest = |recording: &Recording| recording.packets.iter().map(|it| it.left - it.at).max().expect("packets");
    let (plain, managed) = (flood(LinkOptions::default()), flood(LinkOptions::default().codel(CoDel::default())));
    assert!(longest(&managed) < longest(&plain), "{:?} {:?}", longest(&managed), longest(&plain));
    let drops = managed.packets.iter().filter(|it| matches!(&it.fate, Fate::Lost(why) if why.starts_with("CoDel")));
    let said = |it: &&Event| matches!(&it.kind, EventKind::Decision { text } if text.starts_with("CoDel drops packet"));
    let drops = drops.count();
    assert!(drops > 5, "{drops}");
    assert_eq!(managed.events.iter().filter(said).count(), drops);
}
