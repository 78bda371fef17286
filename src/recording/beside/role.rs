//! What a row is in its trace, apart from who said it and when.
use std::fmt;

use crate::recording::Step;

/// A row's part in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    part: Part,
    /// How deep it is among the questions that others needed.
    depth: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// By servers of a zone with so many labels: the root has none.
    Referral(usize),
    Alias,
    Answer,
    /// There is no such name, or no such record.
    Negative,
    /// An attempt that brought nothing: `timeout`.
    Trouble(String),
    /// A check, by what is checked and whose: whether it holds is what may differ.
    Check(String, String),
    /// Any other, by its word.
    Other(String),
}

impl Role {
    /// A row's role.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let part = match step.kind.as_str() {
            "referral" => Part::Referral(labels(&step.fact("zone"))),
            "alias" => Part::Alias,
            "answer" => Part::Answer,
            "nxdomain" | "nodata" => Part::Negative,
            "timeout" | "refused" | "lame" | "failed" | "truncated" => Part::Trouble(step.kind.clone()),
            "holds" | "fails" | "unknown" => Part::Check(first_word(&step.title), step.fact("of")),
            other => Part::Other(other.to_owned()),
        };
        Self { part, depth: step.depth }
    }

    /// How much speaks for two rows to stand beside each other; 0 if they must not.
    pub(super) fn likeness(&self, other: &Self) -> u32 {
        use Part::{Answer, Check, Negative, Trouble};
        if self.depth != other.depth {
            return 0;
        }
        match (&self.part, &other.part) {
            (a, b) if a == b => 4,
            // The same check of another certificate.
            (Check(one, _), Check(other, _)) if one == other => 1,
            // Both end the search for a name.
            (Answer, Negative) | (Negative, Answer) => 2,
            (Trouble(_), Trouble(_)) => 1,
            _ => 0,
        }
    }
}

fn first_word(title: &str) -> String {
    title.split(' ').next().unwrap_or_default().to_owned()
}

fn labels(zone: &str) -> usize {
    zone.split('.').filter(|it| !it.is_empty()).count()
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.depth > 0 && !matches!(self.part, Part::Check(..)) {
            f.write_str("side: ")?;
        }
        match &self.part {
            Part::Referral(0) => f.write_str("root referral"),
            Part::Referral(1) => f.write_str("TLD referral"),
            Part::Referral(_) => f.write_str("domain referral"),
            Part::Alias => f.write_str("CNAME"),
            Part::Answer => f.write_str("answer"),
            Part::Negative => f.write_str("negative answer"),
            Part::Check(what, of) => write!(f, "{what} of {of}"),
            Part::Trouble(word) | Part::Other(word) => f.write_str(word),
        }
    }
}
