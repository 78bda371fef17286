//! What an exercise on packets asks, as whoever has the packets made it: values to write, one of several, or an order.
use super::designed::Blank;
use super::read_number;
use crate::content::{Choice, OrderItem};
use crate::quantity::{Quantity, Unit};

/// How far off a length of time is still right, in parts per million.
const TOLERANCE_PPM: i128 = 50_000;

/// An exercise made of the packets of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// The packets, and what is asked of them, in Markdown.
    pub prompt: String,
    pub form: Form,
    /// How the answer follows from the packets.
    pub explanation: String,
    /// The packet to look at afterwards, by its number in the run; none where there is no run.
    pub packet: Option<u32>,
}

/// How it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    Fill(Vec<Gap>),
    Choose(Vec<Choice>),
    Order(Vec<OrderItem>),
}

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The field; no two of an exercise have the same.
    pub label: String,
    /// What is to be written, in words.
    pub takes: String,
    pub right: Value,
    /// How it follows from the packets.
    pub why: String,
    pub near: Vec<Near>,
}

/// A wrong value people arrive at, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub value: Value,
    pub why: String,
}

/// What a packet, or several together, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(u64),
    /// In nanoseconds.
    Time(u64),
    /// An address, a name, words.
    Text(String),
}

impl Gap {
    /// As a value to choose: the same line on the screen.
    pub(super) fn blank(&self) -> Blank {
        Blank { knob: self.label.clone(), says: String::new(), unit: None, takes: self.takes.clone() }
    }
}

impl Value {
    /// Whether that text says this value, in any notation people write it in; `Err` says what to write where it can be none.
    pub(super) fn is_said_by(&self, text: &str) -> Result<bool, String> {
        match self {
            Self::Number(number) => match whole(text) {
                Some(said) => Ok(said == *number),
                None => Err("write a whole number: 1461, 1 461 and 0x5b5 are all read".to_owned()),
            },
            Self::Time(ns) => {
                let said =
                    read_number(text, Unit::Nanoseconds).map_err(|error| error.0.trim_end_matches('.').to_owned())?;
                let off = (i128::from(said.value) - i128::from(*ns)).abs();
                Ok(off * 1_000_000 <= i128::from(*ns) * TOLERANCE_PPM)
            }
            Self::Text(own) => Ok(same(own, text)),
        }
    }

    /// For a person; a number of 16 bits or more also as a packet's bytes have it.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Time(ns) => Quantity::new(i64::try_from(*ns).unwrap_or(i64::MAX), Unit::Nanoseconds).to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// A whole number: decimal, with any signs between its groups of digits, or hexadecimal behind `0x`.
fn whole(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(&digits.replace(['_', ' '], ""), 16).ok();
    }
    let parts: Vec<&str> = text.split([' ', '_', '\'', ',', '.', '\u{2019}', '\u{a0}', '\u{202f}']).collect();
    let grouped = parts.len() == 1 || (1..=3).contains(&parts[0].len()) && parts[1..].iter().all(|it| it.len() == 3);
    let is_digits = |it: &&str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    (grouped && parts.iter().all(is_digits)).then(|| parts.concat().parse().ok()).flatten()
}

/// The same address, name or set of words: case, order of words and the signs between bytes of a MAC address are the writer's.
fn same(own: &str, typed: &str) -> bool {
    let typed = typed.trim().trim_end_matches('.');
    match (mac(own), mac(typed)) {
        (Some(own), Some(typed)) => own == typed,
        _ => words(own.trim_end_matches('.')) == words(typed),
    }
}

/// The twelve digits of a MAC address; `None` where it is none.
fn mac(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect::<String>().to_lowercase();
    (digits.len() == 12 && digits.bytes().all(|it| it.is_ascii_hexdigit())).then_some(digits)
}

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '+' | '|' | '/' | '[' | ']'));
    let mut words: Vec<String> = split.filter(|it| !it.is_empty()).map(str::to_lowercase).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_in_every_notation_people_use() {
        let cases = [
            (
                Value::Number(1461),
                vec!["1461", " 1 461", "1,461", "1.461", "1'461", "0x5b5", "0x5B5", "1_461"],
                vec!["1462", "461", "0x1461"],
            ),
            (Value::Number(7), vec!["7", "0x7", "0x0007", "07"], vec!["8"]),
            (Value::Time(30_000_000), vec!["30ms", "0.03 s", "30.4 ms", "30000us"], vec!["30s", "33ms", "15 ms"]),
            (
                Value::Text("SYN, ACK".into()),
                vec!["syn ack", "ACK,SYN", "[SYN, ACK]", "SYN+ACK", "syn|ack"],
                vec!["ACK", "SYN", "SYN, ACK, FIN"],
            ),
            (
                Value::Text("02:00:00:00:00:1a".into()),
                vec!["02-00-00-00-00-1A", "0200.0000.001a", "02000000001a"],
                vec!["02:00:00:00:00:1b", "1a"],
            ),
            (Value::Text("shop.example".into()), vec!["Shop.Example.", "shop.example"], vec!["example", "shop"]),
        ];
        for (value, right, wrong) in cases {
            for text in right {
                assert_eq!(value.is_said_by(text), Ok(true), "{value:?}: {text}");
            }
            for text in wrong {
                assert_eq!(value.is_said_by(text), Ok(false), "{value:?}: {text}");
            }
        }
        for text in ["", "twelve", "1,46", "12,3456", "-1", "0xg", "1..461"] {
            assert!(Value::Number(1461).is_said_by(text).is_err(), "{text}");
        }
        assert!(Value::Time(1).is_said_by("30").is_err(), "a time has a unit");
    }
}
