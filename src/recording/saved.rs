//! Saved runs: a small file that makes the same run again, and proves that it is the same.
//!
//! ```json
//! {"format": 1, "roundtrip": "0.1.0", "demo": "tcp-echo", "knobs": {"rtt": "80ms"}, "seed": 1,
//!  "interventions": [{"packet": 2, "action": "drop"}], "digest": "0123456789abcdef"}
//! ```
//!
//! The packets are not in it: demo, knobs, seed and interventions give them again, and [`digest`] says whether every time,
//! byte, fate and measurement is as it was. A live run is made by nothing again: its file holds all of it.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fate, Intervention, Meddling, Recording, Run, kept};
use crate::wire::text::visible_start;

/// A larger file is no saved run.
pub const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The format this program writes, and the newest it reads.
const FORMAT: u64 = 1;

/// A saved run, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub run: Run,
    /// The version of Roundtrip that saved it.
    pub roundtrip: String,
    pub digest: u64,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// A run that is to be made again.
    Saved(Saved),
    /// A live run, as it was.
    Live(Box<Recording>),
}

/// Why a file cannot be opened as a saved run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARun {
    #[error("this file has {0} bytes; a saved run has at most {MOST_BYTES}, so it is something else")]
    TooLarge(usize),
    #[error("this is not a saved run, or a damaged one: {0}")]
    Unreadable(String),
    #[error(
        "this run was saved in format {format} by Roundtrip {roundtrip}; this Roundtrip reads formats up to {}: open it with that version or a newer one",
        kept::FORMAT
    )]
    Newer { format: u64, roundtrip: String },
}

/// The run was made again and is not the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the run does not repeat as it was saved (digest {saved:016x} then, {now:016x} now): it was saved by Roundtrip {then}, this is {}",
    env!("CARGO_PKG_VERSION")
)]
pub struct Differs {
    pub saved: u64,
    pub now: u64,
    /// The version that saved it.
    pub then: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u64,
    roundtrip: String,
    demo: String,
    knobs: BTreeMap<String, String>,
    seed: u64,
    interventions: Vec<Intervention>,
    digest: String,
}

/// What every format has.
#[derive(Deserialize)]
struct Head {
    format: u64,
    #[serde(default)]
    roundtrip: String,
}

/// The file of a run.
#[must_use]
pub fn save(recording: &Recording) -> String {
    if recording.run.live.is_some() {
        return kept::save(recording);
    }
    let Run { demo, knobs, seed, interventions, .. } = recording.run.clone();
    let roundtrip = env!("CARGO_PKG_VERSION").to_owned();
    let digest = format!("{:016x}", digest(recording));
    let file = File { format: FORMAT, roundtrip, demo, knobs, seed, interventions, digest };
    serde_json::to_string_pretty(&file).expect("the keys of all maps are texts") + "\n"
}

/// Reads a file that [`save`] made, of either kind.
///
/// # Errors
/// As [`parse`].
pub fn open(bytes: &[u8]) -> Result<Opened, NotARun> {
    let live =
        bytes.len() <= MOST_BYTES && serde_json::from_slice(bytes).is_ok_and(|head: Head| head.format == kept::FORMAT);
    if live {
        let recording = kept::parse(bytes).map_err(|error| NotARun::Unreadable(visible_start(error, 200)))?;
        return Ok(Opened::Live(Box::new(recording)));
    }
    parse(bytes).map(Opened::Saved)
}

/// Reads the file of a run that can be made again.
///
/// # Errors
/// When it is too large, damaged, something else, or of a newer format.
pub fn parse(bytes: &[u8]) -> Result<Saved, NotARun> {
    if bytes.len() > MOST_BYTES {
        return Err(NotARun::TooLarge(bytes.len()));
    }
    let unreadable = |error: serde_json::Error| NotARun::Unreadable(visible_start(error.to_string(), 200));
    let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
    if head.format != FORMAT {
        return Err(NotARun::Newer { format: head.format, roundtrip: visible_start(head.roundtrip, 40) });
    }
    let File { roundtrip, demo, knobs, seed, interventions, digest, .. } =
        serde_json::from_slice(bytes).map_err(unreadable)?;
    let bad_digest = || NotARun::Unreadable(format!("`{}` is no digest", visible_start(&digest, 40)));
    let digits = digest.len() == 16 && digest.bytes().all(|it| it.is_ascii_hexdigit());
    let digest = u64::from_str_radix(&digest, 16).ok().filter(|_| digits).ok_or_else(bad_digest)?;
    Ok(Saved {
        run: Run { demo, knobs, seed, interventions, live: None },
        roundtrip: visible_start(roundtrip, 40),
        digest,
    })
}

impl Saved {
    /// Whether `again`, made from [`Saved::run`], is exactly the saved run.
    ///
    /// # Errors
    /// When any time, byte, fate or measurement differs.
    pub fn check(&self, again: &Recording) -> Result<(), Differs> {
        let now = digest(again);
        if now == self.digest {
            return Ok(());
        }
        Err(Differs { saved: self.digest, now, then: self.roundtrip.clone() })
    }
}

/// A number that changes when any packet's time, place, bytes or fate or any measurement does; the same on every machine.
#[must_use]
pub fn digest(recording: &Recording) -> u64 {
    let mut hash = Fnv::new();
    hash.number(recording.end.0);
    for packet in &recording.packets {
        for number in [packet.link, packet.from, packet.to, packet.bytes.len()] {
            hash.number(number as u64);
        }
        for time in [Some(packet.at), Some(packet.left), packet.arrived] {
            hash.number(time.map_or(u64::MAX, |time| time.0));
        }
        hash.text(packet.fate.name());
        if let Fate::Meddled(Meddling::Delay(by)) = packet.fate {
            hash.number(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX));
        }
        hash.bytes(&packet.bytes);
    }
    for measurement in &recording.measurements {
        hash.text(&measurement.name);
        hash.number(measurement.value.value.cast_unsigned());
        hash.text(measurement.value.unit.symbol());
    }
    hash.0
}

/// FNV-1a with 64 bits: short, and its result is defined to the bit (std's hashers promise no such thing).
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::recording::Time;
    use crate::recording::sample::sample;

    use super::*;

    #[test]
    fn a_saved_run_opens_as_it_was() {
        let mut recording = sample();
        let forks = [Meddling::Drop, Meddling::Delay(Duration::from_nanos(1_500_000_001)), Meddling::Duplicate];
        recording.run.interventions = forks.map(|action| Intervention { packet: 2, action }).to_vec();
        recording.run.seed = u64::MAX;
        let saved = parse(save(&recording).as_bytes()).expect("a saved run");
        assert_eq!(saved.run, recording.run);
        assert_eq!(saved.check(&recording), Ok(()));
    }

    #[test]
    fn the_digest_sees_every_change_and_is_the_same_everywhere() {
        let mut hash = Fnv::new();
        hash.bytes(b"foobar");
        assert_eq!(hash.0, 0x8594_4171_f739_67e8, "FNV-1a's published test vector");
        let recording = sample();
        let same = digest(&recording);
        let changes: [fn(&mut Recording); 7] = [
            |it| it.packets[0].at = Time(1),
            |it| it.packets[0].left = Time(1),
            |it| it.packets[0].arrived = None,
            |it| *it.packets[0].bytes.last_mut().expect("bytes") ^= 1,
            |it| it.packets[0].fate = Fate::QueueFull,
            |it| it.measurements[0].value.value += 1,
            |it| it.packets.truncate(1),
        ];
        for change in changes {
            let mut other = recording.clone();
            change(&mut other);
            assert_ne!(digest(&other), same);
        }
    }

    #[test]
    fn what_is_no_saved_run_is_refused_with_the_reason() {
        let file = save(&sample());
        let refused = |text: &str| parse(text.as_bytes()).expect_err("refused").to_string();
        let newer = file.replace("\"format\": 1", "\"format\": 3");
        let messages = [
            refused(""),
            refused("{\"a\": \u{1b}[2J}"),
            refused(&file[..file.len() / 2]),
            refused(&newer),
            refused(&file.replace("\"seed\": 1", "\"seed\": -1")),
            refused(&file.replace("\"seed\"", "\"sead\"")),
            refused(&" ".repeat(MOST_BYTES + 1)),
            parse(b"\xff\xfe").expect_err("refused").to_string(),
            refused(&"[".repeat(1000)),
        ];
        insta::assert_snapshot!(messages.join("\n"));
    }

    fn live() -> Recording {
        let live = crate::recording::Live { host: Some("a\u{1b}[2J".into()), address: ([127, 0, 0, 1], 80).into() };
        let mut recording = sample();
        recording.packets.clear();
        recording.run.live = Some(live);
        recording.markers.iter_mut().for_each(|it| it.packet = None);
        recording.spans.iter_mut().for_each(|it| it.packets = None);
        recording.tables.iter_mut().flat_map(|it| &mut it.rows).for_each(|it| it.packet = None);
        recording.events.sort_by_key(|it| it.at);
        recording
    }

    #[test]
    fn a_live_run_is_in_its_file_as_it_was_and_drives_no_terminal() {
        let recording = live();
        let Ok(Opened::Live(opened)) = open(save(&recording).as_bytes()) else { panic!("a live run's file") };
        let host = opened.run.live.as_ref().and_then(|it| it.host.clone());
        assert_eq!(host.as_deref(), Some("a\\x1b[2J"), "made visible");
        assert_eq!((&opened.events, &opened.series, opened.end), (&recording.events, &recording.series, recording.end));
        assert!(parse(save(&recording).as_bytes()).is_err(), "nothing makes it again");
    }

    #[test]
    fn a_live_run_whose_parts_do_not_fit_is_refused() {
        let changes: [fn(&mut Recording); 8] = [
            |it| it.run.live = None,
            |it| it.packets = sample().packets,
            |it| it.events[0].node = 99,
            |it| it.end = Time(0),
            |it| it.spans[0].to = Time(u64::MAX),
            |it| it.series[0].points.reverse(),
            |it| it.measurements[0].value.value = i64::MIN,
            |it| it.tables[0].rows[0].cells.truncate(1),
        ];
        for change in changes {
            let mut recording = live();
            change(&mut recording);
            assert!(open(kept::save(&recording).as_bytes()).is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, at: proptest::sample::Index, byte: u8) {
            let _ = parse(&bytes);
            let mut file = save(&sample()).into_bytes();
            let at = at.index(file.len());
            file[at] = byte;
            if let Err(error) = open(&file) {
                proptest::prop_assert!(!error.to_string().chars().any(char::is_control));
            }
            let mut file = save(&live()).into_bytes();
            let at = at % file.len();
            file[at] = byte;
            if let Err(error) = open(&file) {
                proptest::prop_assert!(!error.to_string().chars().any(char::is_control));
            }
        }
    }
}
