//! What the screen shows beside a step, in words.
use std::collections::BTreeMap;

use crate::content::layout::Facts;
use crate::content::{DemoRef, Show};
use crate::demos::{self, Knobs, Setup, quoted};
use crate::recording::{EventKind, Interface, LinkEnd, Packet, Recording, opened, text};
use crate::wire;

/// Lines of a view that are read out; a capture may have a thousand.
const MOST_LINES: usize = 40;

/// Bars of a waterfall that are, each with its two ends.
const MOST_BARS: usize = 12;

/// A run beside a lesson.
pub(super) struct Stage {
    pub(super) demo: DemoRef,
    pub(super) run: Recording,
}

impl Stage {
    /// Runs the demo.
    pub(super) fn new(demo: DemoRef, seed: u64) -> anyhow::Result<Self> {
        let setup = Setup { seed, interventions: Vec::new() };
        let run = demos::run(&demo.name, &demo.knobs, &setup)?;
        Ok(Self { demo, run })
    }

    /// The command that gives out all of the run.
    pub(super) fn command(&self) -> String {
        command(&self.demo.name, &self.demo.knobs, self.run.run.seed)
    }

    /// What the view would show.
    pub(super) fn told(&self, show: &Show) -> String {
        let marker = show.marker.as_deref().and_then(|name| self.run.marker(name));
        match (show.view.as_str(), marker) {
            ("waterfall", marker) if !self.run.spans.is_empty() => {
                let at = marker.map(|it| format!("At {}: {}\n", it.at, it.label));
                format!("{}{}", at.unwrap_or_default(), bars(&self.run))
            }
            ("table", _) => text::measurements_text(&self.run),
            ("topology", None) => topology(&self.run),
            (_, Some(marker)) => {
                let about = marker.packet.and_then(|n| self.run.packet(n));
                let told = about.map(|packet| self.packet(packet, &show.highlight)).unwrap_or_default();
                format!("At {}: {}{told}", marker.at, marker.label)
            }
            ("chart", None) => curves(&self.run),
            ("states", None) => states(&self.run),
            ("steps", None) if !self.run.steps.is_empty() => text::steps_text(&self.run),
            _ => packets(&self.run),
        }
    }

    /// A packet and the fields a lesson lights.
    fn packet(&self, packet: &Packet, lit: &[String]) -> String {
        let (from, to) = (self.run.node_name(packet.from), self.run.node_name(packet.to));
        let mut told = format!("\nPacket {}, {from} to {to}: {}", packet.n, packet.summary);
        if let Some(reason) = &packet.reason {
            told += &format!("\n  why: {reason}");
        }
        let decoded = wire::decode(&packet.bytes);
        let opened = opened::open(&self.run);
        let inside = |name: &String| opened.at(packet).find_map(|unit| unit.decoded.field(name));
        for field in lit.iter().filter_map(|name| decoded.field(name).or_else(|| inside(name))) {
            let meaning = if field.meaning.is_empty() { String::new() } else { format!(" ({})", field.meaning) };
            told += &format!("\n  {}, {}: {}{meaning}", field.label, field.name, field.says());
        }
        told
    }
}

/// The numbers of a run for a lesson's text: measurements only once a guess is made, settings always.
pub(super) struct Numbers<'a> {
    pub(super) stage: Option<&'a Stage>,
    pub(super) is_guessed: bool,
}

impl Facts for Numbers<'_> {
    fn measured(&self, name: &str) -> Option<String> {
        let run = &self.stage.filter(|_| self.is_guessed)?.run;
        Some(run.measurement(name)?.value.to_string())
    }

    fn setting(&self, name: &str) -> Option<String> {
        let run = &self.stage?.run.run;
        let settings = run.knobs.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let knobs = Knobs::with(demos::find(&run.demo)?.knobs, settings).ok()?;
        knobs.iter().find(|(knob, _)| knob.name == name).map(|(_, value)| value.to_string())
    }
}

/// What prints a run whole.
pub(super) fn command(demo: &str, knobs: &BTreeMap<String, String>, seed: u64) -> String {
    let knobs = quoted::flags(knobs);
    format!("roundtrip demo {demo}{knobs} --seed {seed} --text")
}

/// Who is there, and what connects them.
fn topology(run: &Recording) -> String {
    let addresses = |interface: &Interface| {
        let own = interface.addresses.iter().map(ToString::to_string);
        interface.mac.iter().cloned().chain(own).collect::<Vec<_>>().join(" ")
    };
    let mut lines = vec!["In the lab:".to_owned()];
    for node in &run.topology.nodes {
        let all: Vec<String> = node.interfaces.iter().map(addresses).filter(|it| !it.is_empty()).collect();
        let kind = format!("{:?}", node.kind).to_lowercase();
        let at = if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) };
        lines.push(format!("  {} ({kind}){at}", node.name));
    }
    for link in &run.topology.links {
        let [one, other] = link.ends.map(|LinkEnd { node, .. }| run.node_name(node));
        let properties = link.properties.join(", ");
        lines.push(format!("  {one} and {other} are linked: {properties}"));
    }
    lines.join("\n")
}

/// What each state machine went through.
fn states(run: &Recording) -> String {
    let told = run.events.iter().filter_map(|event| match &event.kind {
        EventKind::State { machine, from, to } => {
            Some(format!("{}  {}, {machine}: {from} to {to}", event.at, run.node_name(event.node)))
        }
        _ => None,
    });
    let lines: Vec<String> = told.collect();
    if lines.is_empty() { packets(run) } else { shortened(&lines, "changes of state") }
}

/// The bars of the waterfall, each with the packets it lies between; of a long run the first ones.
fn bars(run: &Recording) -> String {
    shortened_to(MOST_BARS, &text::bars(run).collect::<Vec<_>>(), "bars")
}

/// The packets, a line each; of a long run the first ones.
fn packets(run: &Recording) -> String {
    let told = text::packets_text(run);
    shortened(&told.lines().map(str::to_owned).collect::<Vec<_>>(), "packets")
}

/// As many lines as are read; how many there are besides is said, as the command of the run gives out them all.
fn shortened(lines: &[String], of_what: &str) -> String {
    shortened_to(MOST_LINES, lines, of_what)
}

fn shortened_to(most: usize, lines: &[String], of_what: &str) -> String {
    let shown = lines.iter().take(most).cloned().collect::<Vec<_>>().join("\n");
    match lines.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown}\n({more} more {of_what})"),
    }
}

/// Where each curve begins, peaks and ends.
fn curves(run: &Recording) -> String {
    let mut lines = Vec::new();
    for series in &run.series {
        let told = |(at, value): &(crate::recording::Time, i64)| {
            format!("{} at {at}", crate::quantity::Quantity::new(*value, series.unit))
        };
        let peak = series.points.iter().max_by_key(|(_, value)| *value);
        if let (Some(first), Some(peak), Some(last)) = (series.points.first(), peak, series.points.last()) {
            lines.push(format!("{}: {}, most {}, last {}", series.name, told(first), told(peak), told(last)));
        }
    }
    if lines.is_empty() { text::measurements_text(run) } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_view_is_cut_and_the_rest_counted() {
        let lines: Vec<String> = (0..1000).map(|at| at.to_string()).collect();
        let told = shortened(&lines, "packets");
        assert_eq!(told.lines().count(), MOST_LINES + 1);
        assert!(told.ends_with("(960 more packets)"), "{told}");
        assert_eq!(shortened(&lines[..2], "packets"), "0\n1");
    }

    #[test]
    fn a_waterfall_is_told_in_bars_with_the_packets_at_their_ends() {
        let demo = DemoRef { name: "handshake-timing".to_owned(), knobs: BTreeMap::new() };
        let stage = Stage::new(demo, 1).expect("a demo");
        let told = |marker: Option<&str>| {
            stage.told(&Show { view: "waterfall".to_owned(), marker: marker.map(Into::into), ..Show::default() })
        };
        assert!(!stage.run.spans.is_empty() && stage.run.spans.len() <= MOST_BARS, "{:?}", stage.run.spans);
        for span in &stage.run.spans {
            let (first, last) = span.packets.expect("each bar has its packets");
            let took = crate::quantity::Quantity::time(span.to.since(span.from));
            assert!(told(None).contains(&format!("{}, {took}", span.name)), "{}", told(None));
            let summary = |n| &stage.run.packet(n).expect("it is there").summary;
            assert!(told(None).contains(&format!("packet {first}: {}", summary(first))), "{}", told(None));
            assert!(told(None).contains(&format!("packet {last}: {}", summary(last))), "{}", told(None));
        }
        assert!(told(Some("keys")).starts_with("At 180 ms: the handshake is over\n"), "{}", told(Some("keys")));
    }

    #[test]
    fn the_view_of_the_steps_is_told_in_steps() {
        let demo = DemoRef { name: "dns-trace".to_owned(), knobs: BTreeMap::new() };
        let stage = Stage::new(demo, 1).expect("a demo");
        let show = Show { view: "steps".to_owned(), marker: None, ..Show::default() };
        let told = stage.told(&show);
        assert!(told.contains(&stage.run.steps[0].title), "{told}");
    }
}
