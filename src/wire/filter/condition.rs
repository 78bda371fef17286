//! What a filter demands of a packet.
use std::cmp::Ordering;

use regex::bytes::Regex;

use super::Packet;
use super::operand::Operand;
use super::value::{Literal, Value};

/// A demand.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Exists(Operand),
    Compare { left: Operand, over: Over, relation: Relation, right: Right },
    In { left: Operand, set: Vec<Member> },
    Contains { left: Operand, over: Over, wanted: Vec<u8> },
    Matches { left: Operand, over: Over, regex: Regex },
}

/// For how many of a field's values it must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Any,
    All,
}

/// How two values must stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The other side.
#[derive(Clone, Debug)]
pub(super) enum Right {
    Literal(Literal),
    Operand(Operand),
}

/// A part of a set.
#[derive(Clone, Debug)]
pub(super) enum Member {
    One(Literal),
    /// Both ends belong to it.
    Range(Value, Value),
}

impl Condition {
    pub(super) fn holds(&self, packet: &Packet<'_>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|it| it.holds(packet)),
            Self::Or(any) => any.iter().any(|it| it.holds(packet)),
            Self::Not(it) => !it.holds(packet),
            Self::Exists(operand) => operand.exists(packet),
            Self::Compare { left, over, relation, right } => {
                let right = match right {
                    Right::Literal(literal) => vec![literal.clone()],
                    Right::Operand(operand) => operand.values(packet).into_iter().map(Literal::Value).collect(),
                };
                let holds = |value: &Value| over.of(&right, |other| relation.holds(value.compare(other)));
                over.of(&left.values(packet), holds)
            }
            Self::In { left, set } => left.values(packet).iter().any(|value| set.iter().any(|it| it.has(value))),
            Self::Contains { left, over, wanted } => {
                over.of(&left.searched(packet), |it| matches!(it, Value::Bytes(bytes) if has(bytes, wanted)))
            }
            Self::Matches { left, over, regex } => {
                over.of(&left.searched(packet), |it| matches!(it, Value::Bytes(bytes) if regex.is_match(bytes)))
            }
        }
    }
}

impl Over {
    /// Of no value nothing holds.
    fn of<T>(self, values: &[T], holds: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Any => values.iter().any(holds),
            Self::All => !values.is_empty() && values.iter().all(holds),
        }
    }
}

impl Relation {
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl Member {
    fn has(&self, value: &Value) -> bool {
        match self {
            Self::One(literal) => value.compare(literal) == Some(Ordering::Equal),
            Self::Range(from, to) => {
                Relation::GreaterOrEqual.holds(value.order(from)) && Relation::LessOrEqual.holds(value.order(to))
            }
        }
    }
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || bytes.windows(wanted.len()).any(|it| it == wanted)
}
