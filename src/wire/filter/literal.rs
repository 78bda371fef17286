//! What a word or a text stands for, beside a field of a kind.
use super::names::Kind;
use super::value::{Literal, Value};
use super::words::Token;
use crate::wire::network::Network;

/// Reads what stands on the other side of a comparison; none when it is not of the field's kind.
pub(super) fn read(token: &Token, kind: Kind) -> Option<Literal> {
    let network = match (token, kind) {
        (Token::Word(word), Kind::Ipv4 | Kind::Ipv6) if word.contains('/') => word.parse::<Network>().ok(),
        _ => None,
    };
    if let Some(network) = network {
        return (network.address.is_ipv4() == (kind == Kind::Ipv4)).then_some(Literal::Network(network));
    }
    value(token, kind).map(Literal::Value)
}

/// The same of what can only be one value: an end of a range.
pub(super) fn value(token: &Token, kind: Kind) -> Option<Value> {
    match (token, kind) {
        (Token::Word(word), Kind::Number) => number(word).map(Value::Number),
        (Token::Word(word), Kind::Signed) => match word.strip_prefix('-') {
            Some(digits) => number(digits).map(|it| Value::Number(-it)),
            None => number(word).map(Value::Number),
        },
        (Token::Letter(byte), Kind::Number) => Some(Value::Number((*byte).into())),
        (Token::Word(word), Kind::Flag) => flag(word).map(Value::Number),
        (Token::Word(word), Kind::Seconds) => seconds(word).map(Value::Number),
        (Token::Word(word), Kind::Text) => Some(Value::text(word)),
        (Token::Text(text), Kind::Text | Kind::Bytes | Kind::Protocol) => Some(Value::Bytes(text.clone())),
        (Token::Letter(byte), Kind::Text | Kind::Bytes | Kind::Protocol) => Some(Value::Bytes(vec![*byte])),
        (Token::Word(word), Kind::Bytes | Kind::Protocol) => bytes(word).map(Value::Bytes),
        (Token::Word(word), Kind::Mac) => bytes(word).filter(|it| it.len() == 6).map(Value::Bytes),
        (Token::Word(word), Kind::Ipv4) => word.parse().ok().map(|it: std::net::Ipv4Addr| Value::Address(it.into())),
        (Token::Word(word), Kind::Ipv6) => word.parse().ok().map(|it: std::net::Ipv6Addr| Value::Address(it.into())),
        _ => None,
    }
}

/// Decimal, or of another base by its prefix: 0x, 0b, 0.
pub(super) fn number(word: &str) -> Option<i128> {
    let lower = word.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (&lower[..], 10),
    };
    u64::from_str_radix(digits, radix).ok().map(i128::from)
}

fn flag(word: &str) -> Option<i128> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Some(1),
        "false" => Some(0),
        _ => number(word).map(|it| i128::from(it != 0)),
    }
}

/// In nanoseconds.
fn seconds(word: &str) -> Option<i128> {
    let (sign, digits) = word.strip_prefix('-').map_or((1, word), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if part.len() > 9 || !part.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let part: i128 = format!("{part:0<9}").parse().ok()?;
    Some(sign * (i128::from(whole) * 1_000_000_000 + part))
}

/// Bytes in hexadecimal, apart by `:`, `-` or `.`, or all together.
fn bytes(word: &str) -> Option<Vec<u8>> {
    let byte = |text: &str| (text.len() <= 2).then(|| u8::from_str_radix(text, 16).ok()).flatten();
    if !word.contains([':', '-', '.']) && word.len() > 2 {
        let even = word.len().is_multiple_of(2) && word.is_ascii();
        return even.then(|| (0..word.len()).step_by(2).map(|at| byte(&word[at..at + 2])).collect())?;
    }
    word.split([':', '-', '.']).map(byte).collect()
}
