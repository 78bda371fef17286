//! Frames of every demo and of every kind, damaged at random: whatever the bytes, they are read without a panic and every
//! bit is explained.
#[path = "frames/mod.rs"]
mod crafted;

use std::sync::OnceLock;

use proptest::prelude::*;
use roundtrip::demos::{self, Knobs, Setup};
use roundtrip::recording::Packet;
use roundtrip::wire::analysis::{Seen, analyse};
use roundtrip::wire::{decode, summary};

/// The frames of each family made by hand, and of each demo's run.
fn captures() -> &'static [Vec<Vec<u8>>] {
    static CAPTURES: OnceLock<Vec<Vec<Vec<u8>>>> = OnceLock::new();
    CAPTURES.get_or_init(|| {
        let run = |demo: &&demos::Demo| (demo.run)(&Knobs::defaults(demo.knobs), &Setup::default());
        let bytes = |packets: Vec<Packet>| packets.into_iter().map(|it| it.bytes).collect();
        let demos = demos::all().iter().map(|demo| bytes(run(demo).packets));
        crafted::families().into_iter().map(|(_, frames)| frames).chain(demos).collect()
    })
}

/// Frames of a capture that one case follows.
const IN_A_ROW: usize = 400;

/// What happens to a frame.
#[derive(Clone, Debug)]
enum Damage {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        at().prop_map(Damage::Flip),
        at().prop_map(Damage::Cut),
        at().prop_map(Damage::Repeat),
    ]
}

fn damaged(mut frame: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for damage in all {
        match damage {
            _ if frame.is_empty() => {}
            Damage::Set(at, byte) => {
                let at = at.index(frame.len());
                frame[at] = *byte;
            }
            Damage::Flip(at) => {
                let bit = at.index(frame.len() * 8);
                frame[bit / 8] ^= 1 << (bit % 8);
            }
            Damage::Cut(at) => frame.truncate(at.index(frame.len())),
            Damage::Repeat(at) => frame.extend_from_within(at.index(frame.len())..),
        }
    }
    frame
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_damaged_frame_of_any_demo_is_explained_to_its_last_bit(
        (capture, frame) in any::<(prop::sample::Index, prop::sample::Index)>(),
        damage in proptest::collection::vec(damage(), 0..6),
    ) {
        let frame = damaged(frame.get(capture.get(captures()).as_slice()).clone(), &damage);
        let decoded = decode(&frame);
        for bit in 0..frame.len() * 8 {
            let found = decoded.at(bit).filter(|(_, field)| field.bits.contains(&bit));
            prop_assert!(found.is_some(), "bit {} of {:?}", bit, decoded);
        }
        prop_assert!(decoded.problems.iter().all(|it| it.bytes.start <= it.bytes.end && it.bytes.end <= frame.len()));
        prop_assert_eq!(&decoded.summary, &summary(&frame));
        prop_assert!(!decoded.summary.chars().any(char::is_control));
    }

    #[test]
    fn a_capture_with_damaged_frames_is_followed(
        (capture, from) in any::<(prop::sample::Index, prop::sample::Index)>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), damage()), 0..20),
    ) {
        let capture = capture.get(captures());
        let from = from.index(capture.len());
        let mut frames = capture[from..capture.len().min(from + IN_A_ROW)].to_vec();
        for (at, damage) in damage {
            let at = at.index(frames.len());
            frames[at] = damaged(frames[at].clone(), &[damage]);
        }
        let seen = (1..).zip(&frames).map(|(n, frame)| Seen { n, at_ns: u64::from(n) * 1_000_000, frame });
        let analysis = analyse(seen);
        for (n, segment) in &analysis.segments {
            prop_assert!(analysis.flows[segment.flow].packets.contains(n));
        }
    }
}

#[test]
fn the_short_way_to_a_summary_says_what_the_whole_walk_says() {
    for frame in captures().iter().flatten() {
        assert_eq!(summary(frame), decode(frame).summary, "{frame:02x?}");
    }
}

#[test]
fn the_frames_of_the_demos_themselves_have_no_problems_but_where_the_demo_is_about_them() {
    for demo in demos::all() {
        let run = (demo.run)(&Knobs::defaults(demo.knobs), &Setup::default());
        assert!(!run.packets.is_empty(), "{}", demo.name);
        let bad: Vec<_> = run.packets.iter().filter(|it| !decode(&it.bytes).problems.is_empty()).collect();
        let said: Vec<_> = bad.iter().map(|it| summary(&it.bytes)).collect();
        // One frame has one wrong bit, from the faulty switch to its receiver.
        assert_eq!(bad.len(), usize::from(demo.name == "tcp-damage"), "{}: {said:?}", demo.name);
    }
}
