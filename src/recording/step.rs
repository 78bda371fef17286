//! A row of a trace: one thing a program asked or tried, what came of it, and why.
use serde::{Deserialize, Serialize};

use super::Time;
use crate::quantity::{Quantity, Unit};
use crate::wire::text::visible;

/// One row: a query and its answer, a probe and its hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub at: Time,
    pub until: Time,
    /// Whose step it is: an index into the topology's nodes.
    pub node: usize,
    /// 0 for a step of the matter itself, more for what it needed on the way.
    pub depth: u8,
    /// What it came to, in one stable word: `referral`.
    pub kind: String,
    /// The same for a person, in one line.
    pub title: String,
    /// What is known of it, in the order it is shown.
    pub facts: Vec<Fact>,
    /// Why it is so, and what follows.
    pub why: String,
    /// The numbers of the packets that were sent and came for it.
    pub packets: Vec<u32>,
}

/// Something known of a step, under a stable name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub name: String,
    pub value: Value,
}

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Text(String),
    Quantity(Quantity),
    List(Vec<String>),
}

impl Fact {
    /// A text.
    #[must_use]
    pub fn text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Value::Text(text.into()) }
    }

    /// A number with its unit.
    #[must_use]
    pub fn quantity(name: &str, quantity: Quantity) -> Self {
        Self { name: name.to_owned(), value: Value::Quantity(quantity) }
    }

    /// Several texts; none is said as none.
    #[must_use]
    pub fn list(name: &str, texts: Vec<String>) -> Self {
        Self { name: name.to_owned(), value: Value::List(texts) }
    }

    /// Its name as words: in JSON it is a key.
    #[must_use]
    pub fn in_words(&self) -> String {
        visible(&self.name).replace('_', " ")
    }

    /// Its name in JSON: times end with their unit, `rtt_ns`.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.value {
            Value::Quantity(Quantity { unit: Unit::Nanoseconds, .. }) => format!("{}_ns", self.name),
            _ => self.name.clone(),
        }
    }

    /// Its value in JSON: a text, an integer of its unit, or a list of texts.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) => text.as_str().into(),
            Value::Quantity(quantity) => quantity.value.into(),
            Value::List(texts) => texts.as_slice().into(),
        }
    }
}

impl Step {
    /// The text of that name; empty when there is none.
    #[must_use]
    pub fn fact(&self, name: &str) -> String {
        match self.facts.iter().find(|it| it.name == name).map(|it| &it.value) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Quantity(quantity)) => quantity.to_string(),
            Some(Value::List(texts)) => texts.join("; "),
            None => String::new(),
        }
    }
}
