//! In what two rows differ that are the same thing in two runs.
use crate::quantity::Quantity;
use crate::recording::{Step, Value};

/// In what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Only this run has the row.
    Extra,
    /// Only the other run has it.
    Missing,
    Outcome,
    Zone,
    Server,
    Address,
    Cut,
    Target,
    Transport,
    Code,
    Servers,
    /// One run's referral brought addresses of the servers, the other's none.
    GlueMissing,
    Glue,
    Ttl,
    Time,
}

/// The facts that are compared, in the order they are told.
const FACTS: [(&str, What); 10] = [
    ("zone", What::Zone),
    ("server", What::Server),
    ("address", What::Address),
    ("cut", What::Cut),
    ("target", What::Target),
    ("transport", What::Transport),
    ("rcode", What::Code),
    ("servers", What::Servers),
    ("glue", What::Glue),
    ("ttl", What::Ttl),
];

impl What {
    /// One stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Extra => "extra",
            Self::Missing => "missing",
            Self::Outcome => "outcome",
            Self::Zone => "zone",
            Self::Server => "server",
            Self::Address => "address",
            Self::Cut => "cut",
            Self::Target => "target",
            Self::Transport => "transport",
            Self::Code => "rcode",
            Self::Servers => "servers",
            Self::GlueMissing => "glue_missing",
            Self::Glue => "glue",
            Self::Ttl => "ttl",
            Self::Time => "time",
        }
    }

    /// What a person is told.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Extra => "extra row: only this run has it",
            Self::Missing => "extra row: only the other run has it",
            Self::Outcome => "other outcome",
            Self::Zone => "other zone",
            Self::Server => "other server",
            Self::Address => "other address",
            Self::Cut => "refers to another zone",
            Self::Target => "other target",
            Self::Transport => "other transport",
            Self::Code => "other code",
            Self::Servers => "other number of servers",
            Self::GlueMissing => "glue missing",
            Self::Glue => "other number of addresses as glue",
            Self::Ttl => "other TTL",
            Self::Time => "other time",
        }
    }
}

/// A difference, with what stands in each run; both are empty for a row that only one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub what: What,
    pub this: String,
    pub other: String,
}

impl Difference {
    fn new(what: What, this: impl Into<String>, other: impl Into<String>) -> Self {
        Self { what, this: this.into(), other: other.into() }
    }

    /// The difference in a line: `other TTL: 2 d / 1 d`.
    #[must_use]
    pub fn line(&self) -> String {
        match self.what {
            What::Extra | What::Missing => self.what.says().to_owned(),
            _ => format!("{}: {} / {}", self.what.says(), self.this, self.other),
        }
    }
}

/// In what two rows differ; a row without a partner differs in being there.
pub(super) fn differences(this: Option<&Step>, other: Option<&Step>) -> Vec<Difference> {
    let (this, other) = match (this, other) {
        (Some(this), Some(other)) => (this, other),
        (Some(_), None) => return vec![Difference::new(What::Extra, "", "")],
        _ => return vec![Difference::new(What::Missing, "", "")],
    };
    let mut all = Vec::new();
    if this.kind != other.kind {
        all.push(Difference::new(What::Outcome, this.kind.as_str(), other.kind.as_str()));
    }
    for (name, what) in FACTS {
        let (a, b) = (this.fact(name), other.fact(name));
        // An address says nothing more where the server is another anyway.
        let is_told = what == What::Address && this.fact("server") != other.fact("server");
        if !(a.is_empty() || b.is_empty() || a == b || is_told) {
            all.push(Difference::new(glue(what, this, other), a, b));
        }
    }
    let took = |step: &Step| Quantity::time(step.until.since(step.at));
    if took(this) != took(other) {
        all.push(Difference::new(What::Time, took(this).to_string(), took(other).to_string()));
    }
    all
}

/// No glue at all is another thing than more or less of it.
fn glue(what: What, this: &Step, other: &Step) -> What {
    let none = |step: &Step| {
        let fact = step.facts.iter().find(|it| it.name == "glue");
        fact.is_some_and(|it| matches!(&it.value, Value::Quantity(count) if count.value == 0))
    };
    if what == What::Glue && (none(this) || none(other)) { What::GlueMissing } else { what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Fact, Time};

    #[test]
    fn what_differs_is_named_with_both_values() {
        let row = |server: &str, ttl: u64, glue: usize, took: u64| Step {
            at: Time(5),
            until: Time(5 + took),
            node: 0,
            depth: 0,
            kind: "referral".to_owned(),
            title: String::new(),
            facts: vec![
                Fact::text("server", server),
                Fact::quantity("ttl", Quantity::time(std::time::Duration::from_secs(ttl))),
                Fact::quantity("glue", Quantity::count(glue)),
            ],
            why: String::new(),
            packets: Vec::new(),
        };
        let all = differences(Some(&row("a.", 60, 4, 20_000_000)), Some(&row("b.", 30, 0, 3_000_000)));
        let lines: Vec<String> = all.iter().map(Difference::line).collect();
        assert_eq!(
            lines,
            ["other server: a. / b.", "glue missing: 4 / 0", "other TTL: 60 s / 30 s", "other time: 20 ms / 3 ms"]
        );
        assert_eq!(differences(None, Some(&row("a.", 1, 1, 1)))[0].line(), "extra row: only the other run has it");
        assert!(differences(Some(&row("a.", 1, 1, 1)), Some(&row("a.", 1, 1, 1))).is_empty());
    }
}
