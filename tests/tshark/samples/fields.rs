//! The fields of the samples, ours beside tshark's; what differs for a known reason is counted by that reason.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use roundtrip::wire::{Decoded, Problem, decode_kept};

use super::super::pdml::{self, Dissected};
use super::super::{Tally, compare_field, cut};
use super::file::Packet;
use super::reasons;

/// Of 1000 values so many must agree at least, those that differ for a reason counted as differing.
const ENOUGH: f64 = 999.0;

/// What came of the comparison.
#[derive(Default)]
pub(crate) struct Compared {
    agreed: BTreeMap<String, usize>,
    /// By the reason.
    explained: BTreeMap<&'static str, usize>,
    /// What one of the two does not take apart: no field that both know.
    apart: BTreeMap<String, usize>,
    differ: Vec<String>,
    damaged: usize,
}

impl Compared {
    pub(crate) fn agrees(&mut self, name: &str) {
        *self.agreed.entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn differs(&mut self, name: &str, place: &str, text: String) {
        if reasons::NOT_APART.contains(&name) && !is_there(&text) {
            *self.apart.entry(name.to_owned()).or_default() += 1;
            return;
        }
        match reasons::of(name, place, &text) {
            Some(reason) => *self.explained.entry(reason).or_default() += 1,
            None => self.differ.push(format!("{place}: {name}: {text}")),
        }
    }

    pub(crate) fn fields(&mut self, packets: &[Packet], dissected: &[Dissected]) {
        let known = pdml::known_fields();
        for (packet, theirs) in packets.iter().zip(dissected) {
            let decoded = decode_kept(packet.link, &packet.bytes, packet.length as usize);
            let place = format!("{}: {}", packet.place, decoded.summary);
            if is_cut(packet) || is_damaged(&decoded, theirs) {
                // Its good layers are shown (the other test); where damage begins is for each to judge.
                self.damaged += 1;
                continue;
            }
            self.checksums(&place, &decoded, theirs);
            self.layers((&place, packet), &decoded, theirs, &known);
        }
    }

    fn layers(
        &mut self,
        (place, packet): (&str, &Packet),
        decoded: &Decoded,
        theirs: &Dissected,
        known: &BTreeSet<String>,
    ) {
        for layer in &decoded.layers {
            let protocol = match layer.name {
                "padding" => "eth",
                "icmp.ext" => "icmp",
                name => name,
            };
            // Behind a port that is another's there, or in a header that we do not know, each reads its own.
            if !theirs.protocols.iter().any(|it| it == protocol) {
                if !["data", "http"].contains(&layer.name) {
                    self.differs(layer.name, place, format!("tshark has none: {:?}", theirs.protocols));
                }
                continue;
            }
            let mut tally = Tally::default();
            for field in layer.fields.iter().filter(|it| !cut(it, theirs)) {
                compare_field((place, &packet.bytes), field, theirs, known, &mut tally);
            }
            tally.agreed.iter().for_each(|(name, count)| *self.agreed.entry((*name).to_owned()).or_default() += count);
            for text in tally.differ {
                let said = text.strip_prefix(place).unwrap_or(&text).trim_start_matches(": ");
                let name = said.split(' ').next().unwrap_or_default().to_owned();
                self.differs(&name, place, said.to_owned());
            }
        }
    }

    /// Both find the same checksums wrong, and know the same in their place.
    fn checksums(&mut self, place: &str, decoded: &Decoded, theirs: &Dissected) {
        let wrong = |it: &&Problem| it.text.contains("checksum wrong");
        let layer =
            |it: &Problem| decoded.layers.iter().find(|layer| layer.bytes.contains(&it.bytes.start)).map(|it| it.name);
        let ours: BTreeSet<_> = decoded.problems.iter().filter(wrong).filter_map(layer).collect();
        let named = theirs.fields.iter().filter_map(|it| Some((it.name.strip_suffix(".checksum.status")?, it)));
        let judged: BTreeSet<_> = named.clone().map(|(name, _)| name).collect();
        let bad: BTreeSet<_> = named.filter(|(_, it)| it.show == "0").map(|(name, _)| name).collect();
        for name in judged.into_iter().filter(|it| decoded.layer(it).is_some()) {
            match (ours.contains(name), bad.contains(name)) {
                (a, b) if a == b => self.agrees("checksum.status"),
                (a, b) => self.differs("checksum.status", place, format!("{name} wrong: {a}, by tshark {b}")),
            }
        }
    }

    pub(crate) fn assert_enough(&self) {
        assert!(self.differ.is_empty(), "{} differ:\n{}", self.differ.len(), self.differ.join("\n"));
        let agreed: usize = self.agreed.values().sum();
        let all = agreed + self.explained.values().sum::<usize>();
        assert!(agreed as f64 * 1000.0 >= all as f64 * ENOUGH, "{self}");
    }
}

/// Whether a difference is of a field that tshark shows at the very bytes.
fn is_there(text: &str) -> bool {
    let bytes = text.split_once(" at ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
    text.contains(&format!("bytes: {bytes},"))
}

/// Whether the capture kept only its beginning.
const fn is_cut(packet: &Packet) -> bool {
    packet.length as usize > packet.bytes.len()
}

/// Not whole in anyone's eyes.
pub(crate) fn is_damaged(decoded: &Decoded, theirs: &Dissected) -> bool {
    let broken = |it: &String| it.contains("Malformed");
    let ours = decoded.problems.iter().any(|it| !it.text.contains("checksum wrong"));
    theirs.malformed.iter().any(broken) || ours
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agreed: usize = self.agreed.values().sum();
        let explained: usize = self.explained.values().sum();
        let share = agreed as f64 * 100.0 / (agreed + explained + self.differ.len()).max(1) as f64;
        write!(f, "{agreed} values of {} fields agree, {share:.3} %", self.agreed.len())?;
        writeln!(
            f,
            "; {explained} differ for a reason, {} without; {} packets are damaged",
            self.differ.len(),
            self.damaged
        )?;
        self.apart.iter().try_for_each(|(name, count)| writeln!(f, "  {count} {name}: taken apart there, not here"))?;
        self.explained.iter().try_for_each(|(reason, count)| writeln!(f, "  {count}: {reason}"))
    }
}
