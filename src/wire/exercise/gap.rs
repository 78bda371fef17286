//! A value that is asked for: what is right, why, and the wrong ones people arrive at.
use std::fmt;

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The field, in a word or two: `ACK number`.
    pub label: String,
    /// What is to be written, in words.
    pub takes: &'static str,
    pub right: Value,
    /// How it follows from the packets.
    pub why: String,
    pub near: Vec<Near>,
}

/// A value of a packet, or one that packets have together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Number(u64),
    /// A length of time in nanoseconds.
    Time(u64),
    /// An address, a name, the words of flags: whatever its notation, it is one.
    Text(String),
}

/// A wrong value, and which mistake leads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub value: Value,
    pub why: String,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Time(ns) => write!(f, "{}.{:06} ms", ns / 1_000_000, ns % 1_000_000),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl Gap {
    /// A value with no mistakes named yet.
    pub(super) fn new(label: &str, takes: &'static str, right: impl Into<Value>, why: impl Into<String>) -> Self {
        Self { label: label.to_owned(), takes, right: right.into(), why: why.into(), near: Vec::new() }
    }

    /// Names a mistake, where it leads to a value that is wrong this time and not named yet.
    pub(super) fn near(mut self, value: impl Into<Value>, why: impl Into<String>) -> Self {
        let value = value.into();
        if value != self.right && self.near.iter().all(|it| it.value != value) {
            self.near.push(Near { value, why: why.into() });
        }
        self
    }
}
