//! A filter's text cut into words and signs, each with its place.
use std::ops::Range;

use super::Mistake;

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a number, an address, an operator in letters: what it is, its place tells.
    Word(String),
    /// In double quotes.
    Text(Vec<u8>),
    /// In single quotes.
    Letter(u8),
    /// What stands in brackets behind a name.
    Slice(String),
    Sign(&'static str),
}

/// A token and the bytes of the filter it stands in.
pub(super) type Placed = (Token, Range<usize>);

/// The longer before those they begin with.
const SIGNS: [&str; 23] = [
    "===", "!==", "==", "!=", "~=", ">=", "<=", "&&", "||", "..", ">", "<", "!", "(", ")", "{", "}", ",", "&", "~",
    "]", "|", "=",
];

/// Cuts the whole filter.
pub(super) fn cut(filter: &str) -> Result<Vec<Placed>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = filter[at..].chars().next() {
        let rest = &filter[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = match c {
            '"' => quoted(rest, false, at)?,
            'r' if rest.starts_with("r\"") => quoted(rest, true, at)?,
            '\'' => letter(rest, at)?,
            '[' => slice(rest, at)?,
            c if is_of_word(c) && !rest.starts_with("..") => word(rest),
            _ => sign(rest, at)?,
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

/// Of names, numbers, and addresses of every kind.
const fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '-')
}

fn word(rest: &str) -> (Token, usize) {
    let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    let end = rest[..end].find("..").unwrap_or(end);
    (Token::Word(rest[..end].to_owned()), end)
}

fn sign(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let found = SIGNS.into_iter().find(|it| rest.starts_with(it));
    let length = rest.chars().next().map_or(1, char::len_utf8);
    let sign = found.ok_or_else(|| Mistake::at(at..at + length, "this sign means nothing in a filter"))?;
    let meant = match sign {
        "=" => "a comparison for equal is `==`",
        "|" => "`or` is written `||`",
        "]" => "this ] closes no [",
        _ => return Ok((Token::Sign(sign), sign.len())),
    };
    Err(Mistake::at(at..at + 1, meant))
}

fn slice(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let end = rest.find(']').ok_or_else(|| Mistake::at(at..at + 1, "this [ is not closed by a ]"))?;
    Ok((Token::Slice(rest[1..end].to_owned()), end + 1))
}

fn letter(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let bytes = rest.as_bytes();
    let wrong = || Mistake::at(at..at + 1, "expected one character in single quotes, such as 'a' or '\\n'");
    let (byte, used) = match bytes.get(1) {
        Some(b'\\') => escape(&rest[2..]).ok_or_else(wrong).map(|(value, used)| (value, 1 + used))?,
        Some(byte) if byte.is_ascii() && *byte != b'\'' => (u32::from(*byte), 1),
        _ => return Err(wrong()),
    };
    let byte = u8::try_from(byte).map_err(|_| wrong())?;
    if bytes.get(1 + used) == Some(&b'\'') { Ok((Token::Letter(byte), used + 2)) } else { Err(wrong()) }
}

/// A text; in a raw one only the quote is escaped, and its backslash stays.
fn quoted(rest: &str, raw: bool, at: usize) -> Result<(Token, usize), Mistake> {
    let start = if raw { 2 } else { 1 };
    let mut text = Vec::new();
    let mut here = start;
    while let Some(c) = rest[here..].chars().next() {
        let behind = here + c.len_utf8();
        match c {
            '"' => return Ok((Token::Text(text), behind)),
            '\\' if raw => {
                let next = rest[behind..].chars().next().map_or(0, char::len_utf8);
                text.extend(rest[here..behind + next].bytes());
                here = behind + next;
            }
            '\\' => match escape(&rest[behind..]) {
                Some((value, used)) => {
                    let wide = rest[behind..].starts_with(['u', 'U']);
                    push(&mut text, value, wide);
                    here = behind + used;
                }
                None => {
                    let wide = rest[behind..].chars().next().map_or(0, char::len_utf8);
                    let place = at + here..at + behind + wide;
                    return Err(Mistake::at(place, "there is no such escape; in a regular expression write r\"...\""));
                }
            },
            c => {
                text.extend(c.encode_utf8(&mut [0; 4]).bytes());
                here = behind;
            }
        }
    }
    Err(Mistake::at(at..at + start, "this text has no \" at its end"))
}

fn push(text: &mut Vec<u8>, value: u32, wide: bool) {
    match (wide, u8::try_from(value), char::from_u32(value)) {
        (false, Ok(byte), _) => text.push(byte),
        (_, _, Some(c)) => text.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        _ => {}
    }
}

/// What stands behind a backslash, and how many bytes of it are meant.
fn escape(rest: &str) -> Option<(u32, usize)> {
    let digits = |from: usize, most: usize, radix: u32| {
        let taken = rest[from..].bytes().take(most).take_while(|byte| char::from(*byte).is_digit(radix)).count();
        let value = u32::from_str_radix(&rest[from..from + taken], radix).ok()?;
        Some((value, from + taken))
    };
    let byte = match rest.bytes().next()? {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'v' => 11,
        byte @ (b'\'' | b'"' | b'\\') => byte,
        b'x' => return digits(1, 2, 16),
        b'u' => return digits(1, 4, 16),
        b'U' => return digits(1, 8, 16),
        b'0'..=b'7' => return digits(0, 3, 8),
        _ => return None,
    };
    Some((byte.into(), 1))
}
