//! Exercises made of packets: what is asked of a capture, what is right, and which mistakes lead where. All of it is computed
//! from the packets of that capture; the seed chooses which of them.
mod acknowledged;
mod answer;
mod capture;
mod chance;
mod count;
mod ending;
mod gap;
mod handshake;
mod hop;
mod lost;
mod next;
mod order;
mod segment;
mod tls;

pub use capture::Capture;
pub use gap::{Gap, Near, Value};

use chance::Chance;

/// An exercise on the packets of one capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// The packets it is about, in Markdown, and what is asked of them; empty where the capture is all there is to see.
    pub prompt: String,
    pub form: Form,
    /// How the answer follows from the packets.
    pub explanation: String,
    /// The packet to look at afterwards, by its number in the capture.
    pub packet: u32,
}

/// How it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Values to write.
    Fill(Vec<Gap>),
    /// One of these is right.
    Choose(Vec<Choice>),
    /// To be put into this order.
    Order(Vec<Item>),
}

/// An option, with why it is right or what it overlooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub text: String,
    pub correct: bool,
    pub why: String,
}

/// A packet to be put into its place, with why it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub text: String,
    pub why: String,
}

/// Why an exercise cannot be made of a capture: what the capture does not have, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lacks(pub String);

impl Lacks {
    fn of(what: &str) -> Self {
        Self(format!("This capture has {what}."))
    }
}

/// What makes an exercise of a capture, by its name.
type Make = fn(&Capture<'_>, &mut Chance) -> Result<Exercise, Lacks>;

/// Every kind of exercise.
const MAKERS: [(&str, Make); 15] = [
    ("ack", acknowledged::make),
    ("answer", answer::make),
    ("arp", count::arp_requests),
    ("ending", ending::make),
    ("handshake", handshake::round_trip),
    ("hop", hop::make),
    ("lost", lost::make),
    ("mss", handshake::segment_size),
    ("name", count::name_asked),
    ("next", next::make),
    ("order", order::make),
    ("refused", handshake::refused),
    ("retransmission", count::retransmission),
    ("segment", segment::make),
    ("tls", tls::make),
];

/// The names of all kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    MAKERS.iter().map(|(name, _)| *name)
}

/// The exercise of that kind on this capture; the same seed makes the same of the same packets.
///
/// # Errors
/// What the capture lacks for it, in a sentence; or that there is no such kind.
pub fn make(kind: &str, capture: &Capture<'_>, seed: u64) -> Result<Exercise, Lacks> {
    let known = || names().collect::<Vec<_>>().join(", ");
    let found = MAKERS.iter().find(|(name, _)| *name == kind);
    let (_, make) = found.ok_or_else(|| Lacks(format!("`{kind}` is no kind of exercise: there are {}.", known())))?;
    make(capture, &mut Chance::new(seed))
}
