//! What an expert would say of segments: the marks, relative numbers and scaled windows of the samples.
use std::collections::{BTreeMap, BTreeSet};

use roundtrip::wire::analysis::{self, Linked, Mark, Seen};
use roundtrip::wire::decode_kept;

use super::super::MARKS;
use super::super::pdml::{Dissected, Shown};
use super::fields::{Compared, is_damaged};
use super::file::Packet;

impl Compared {
    /// All packets are one capture, to tshark as to us.
    pub(crate) fn marks(&mut self, packets: &[Packet], dissected: &[Dissected]) {
        let linked = (1..).zip(packets).map(|(n, it)| Linked {
            seen: Seen { n, at_ns: it.at_ns, frame: &it.bytes },
            link: it.link,
            length: it.length as usize,
        });
        let analysis = analysis::analyse(linked);
        let (mut streams, mut cut) = (Streams::default(), BTreeSet::new());
        for (n, (packet, theirs)) in (1..).zip(packets.iter().zip(dissected)) {
            let Some(ours) = analysis.segments.get(&n) else { continue };
            let place = format!("{}: {}", packet.place, ours.line);
            let decoded = decode_kept(packet.link, &packet.bytes, packet.length as usize);
            // How much a damaged segment or a part of one carries is for each to judge, and so is what follows it.
            let is_part = decoded.field("ip.flags.mf").is_some_and(|it| it.value == "1");
            if is_part || is_damaged(&decoded, theirs) {
                cut.insert(ours.flow);
            }
            if cut.contains(&ours.flow) {
                continue;
            }
            let marks: BTreeSet<_> =
                ours.marks.iter().filter(|it| !matches!(it, Mark::Reset(_))).map(|it| it.filter()).collect();
            let named = |it: &&Shown| MARKS.contains(&it.name.as_str());
            let expected: BTreeSet<_> = theirs.fields.iter().filter(named).map(|it| it.name.as_str()).collect();
            marks
                .symmetric_difference(&expected)
                .for_each(|it| self.differs(it, &place, format!("ours {marks:?}, tshark's {expected:?}")));
            marks.intersection(&expected).for_each(|it| self.agrees(it));
            for (name, value) in [
                ("tcp.seq", Some(u64::from(ours.sequence))),
                ("tcp.ack", ours.acknowledgment.map(u64::from)),
                ("tcp.window_size", Some(ours.window.into())),
                ("tcp.len", Some(ours.length as u64)),
            ] {
                let shown = theirs.fields.iter().find(|it| it.name == name).and_then(|it| it.show.parse::<u64>().ok());
                match value {
                    Some(value) if shown == Some(value) => self.agrees(name),
                    Some(value) => self.differs(name, &place, format!("{name} is {value}, tshark says {shown:?}")),
                    None => {}
                }
            }
            let stream = theirs.fields.iter().find(|it| it.name == "tcp.stream").map(|it| it.show.clone());
            match streams.are_one(ours.flow, stream.unwrap_or_default()) {
                true => self.agrees("tcp.stream"),
                false => self.differs("tcp.stream", &place, "another connection there".to_owned()),
            }
        }
    }
}

/// Connections by our number and by tshark's, which counts those in segments that are none to us.
#[derive(Default)]
struct Streams {
    theirs: BTreeMap<usize, String>,
    ours: BTreeMap<String, usize>,
}

impl Streams {
    /// Whether a connection of ours is that one there, as it was before.
    fn are_one(&mut self, ours: usize, theirs: String) -> bool {
        *self.ours.entry(theirs.clone()).or_insert(ours) == ours
            && *self.theirs.entry(ours).or_insert(theirs.clone()) == theirs
    }
}
