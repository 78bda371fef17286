//! From words to a [`Condition`]: a Pratt parser, whose operators know how tightly they bind.
use std::ops::Range;

use regex::bytes::RegexBuilder;

use super::condition::{Condition, Member, Over, Relation, Right};
use super::names::{self, Kind};
use super::operand::{Function, Length, Operand, Slice};
use super::value::{Literal, Value};
use super::words::{Placed, Token, cut};
use super::{Mistake, literal};
use crate::near::near;

/// Parentheses and `not` within each other: more are no filter of a person.
const DEEPEST: usize = 100;

/// How tightly `or`, `and` and `not` bind, the loosest first.
const OR: u8 = 1;
const AND: u8 = 3;
const NOT: u8 = 5;

/// Reads a whole filter; nothing when it is empty.
pub(super) fn filter(text: &str) -> Result<Option<Condition>, Mistake> {
    let tokens = cut(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { tokens, at: 0, end: text.len(), depth: 0 };
    let condition = parser.condition(0)?;
    match parser.peek() {
        None => Ok(Some(condition)),
        Some((Token::Sign(")"), place)) => Err(Mistake::at(place.clone(), "this ) closes no (")),
        Some((_, place)) => Err(Mistake::at(place.clone(), "expected `and`, `or` or the end here")),
    }
}

/// The field or protocol of a name.
pub(super) fn name(word: &str, place: &Range<usize>) -> Result<Operand, Mistake> {
    if let Some(known) = names::known(word) {
        return Ok(Operand { known, slice: Vec::new(), function: None, mask: None });
    }
    let near = near(word, names::names().map(|(name, _)| name));
    let advice = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    Err(Mistake::at(place.clone(), format!("there is no field or protocol `{word}` here{advice}")))
}

struct Parser {
    tokens: Vec<Placed>,
    at: usize,
    /// Behind the last byte of the filter.
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Placed> {
        self.tokens.get(self.at)
    }

    fn next(&mut self, expected: &str) -> Result<Placed, Mistake> {
        let found = self.tokens.get(self.at).cloned();
        self.at += 1;
        found.ok_or_else(|| Mistake::at(self.end..self.end, format!("the filter ends here; expected {expected}")))
    }

    /// Takes the next token if it is one of these signs or words.
    fn takes(&mut self, ways: &[&str]) -> bool {
        let is = match self.peek() {
            Some((Token::Sign(sign), _)) => ways.contains(sign),
            Some((Token::Word(word), _)) => ways.contains(&word.as_str()),
            _ => false,
        };
        self.at += usize::from(is);
        is
    }

    /// A condition of operators that bind at least so tightly.
    fn condition(&mut self, least: u8) -> Result<Condition, Mistake> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let place = self.peek().map_or(self.end..self.end, |(_, place)| place.clone());
            return Err(Mistake::at(place, format!("more than {DEEPEST} conditions stand within each other here")));
        }
        let mut left = self.first()?;
        loop {
            if least <= OR && self.takes(&["or", "||"]) {
                let right = self.condition(OR + 1)?;
                left = match left {
                    Condition::Or(mut all) => {
                        all.push(right);
                        Condition::Or(all)
                    }
                    left => Condition::Or(vec![left, right]),
                };
            } else if least <= AND && self.takes(&["and", "&&"]) {
                let right = self.condition(AND + 1)?;
                left = match left {
                    Condition::And(mut all) => {
                        all.push(right);
                        Condition::And(all)
                    }
                    left => Condition::And(vec![left, right]),
                };
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    /// What can begin a condition.
    fn first(&mut self) -> Result<Condition, Mistake> {
        if self.takes(&["not", "!"]) {
            return self.condition(NOT).map(|it| Condition::Not(Box::new(it)));
        }
        let opened = self.peek().map(|(_, place)| place.start);
        if self.takes(&["("]) {
            let inner = self.condition(0)?;
            if self.takes(&[")"]) {
                return Ok(inner);
            }
            let column = opened.unwrap_or(0) + 1;
            let place = self.peek().map_or(self.end..self.end, |(_, place)| place.clone());
            return Err(Mistake::at(place, format!("expected `and`, `or` or the ) to the ( in column {column}")));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Condition, Mistake> {
        let asked = if self.takes(&["any"]) {
            Some(Over::Any)
        } else if self.takes(&["all"]) {
            Some(Over::All)
        } else {
            None
        };
        let left = self.operand()?;
        if let Some((relation, over)) = self.relation() {
            let right = self.right(left.kind())?;
            return Ok(Condition::Compare { left, over: asked.unwrap_or(over), relation, right });
        }
        let over = asked.unwrap_or(Over::Any);
        if self.takes(&["contains"]) {
            return self.contains(left, over);
        }
        if self.takes(&["matches", "~"]) {
            return self.matches(left, over);
        }
        let (before, inverted) = (self.at, self.takes(&["not"]));
        if self.takes(&["in"]) {
            let set = self.set(left.kind())?;
            let is_in = Condition::In { left, set };
            return Ok(if inverted { Condition::Not(Box::new(is_in)) } else { is_in });
        }
        self.at = before;
        match asked {
            None => Ok(Condition::Exists(left)),
            Some(_) => {
                let place = self.peek().map_or(self.end..self.end, |(_, place)| place.clone());
                Err(Mistake::at(place, "expected a comparison here, as `any` or `all` stands before it"))
            }
        }
    }

    /// A comparison, and over how many values it goes by itself.
    fn relation(&mut self) -> Option<(Relation, Over)> {
        const WAYS: [(&[&str], Relation, Over); 8] = [
            (&["==", "eq", "any_eq"], Relation::Equal, Over::Any),
            (&["!=", "ne", "all_ne"], Relation::NotEqual, Over::All),
            (&["===", "all_eq"], Relation::Equal, Over::All),
            (&["!==", "~=", "any_ne"], Relation::NotEqual, Over::Any),
            (&[">", "gt"], Relation::Greater, Over::Any),
            (&["<", "lt"], Relation::Less, Over::Any),
            (&[">=", "ge"], Relation::GreaterOrEqual, Over::Any),
            (&["<=", "le"], Relation::LessOrEqual, Over::Any),
        ];
        WAYS.into_iter().find(|(ways, _, _)| self.takes(ways)).map(|(_, relation, over)| (relation, over))
    }

    /// A field or a protocol, with a function around it, a slice and a mask behind it.
    fn operand(&mut self) -> Result<Operand, Mistake> {
        let (token, place) = self.next("a field or a protocol")?;
        let Token::Word(word) = token else {
            return Err(Mistake::at(place, "expected a field or a protocol here, such as ip.addr or dns"));
        };
        let function = match word.as_str() {
            "count" => Some(Function::Count),
            "len" => Some(Function::Len),
            "lower" => Some(Function::Lower),
            "upper" => Some(Function::Upper),
            _ => None,
        };
        let mut operand = match function {
            Some(function) => self.applied(function, &word, &place)?,
            None => name(&word, &place)?,
        };
        if let Some((Token::Slice(text), place)) = self.peek().cloned() {
            self.at += 1;
            let sliceable = matches!(operand.kind(), Kind::Text | Kind::Bytes | Kind::Mac | Kind::Protocol);
            if !sliceable || function.is_some() {
                return Err(Mistake::at(
                    place,
                    format!("only texts and bytes have slices; {word} has {}", operand.kind().wanted()),
                ));
            }
            operand.slice = slices(&text).ok_or_else(|| {
                Mistake::at(
                    place,
                    "expected a slice: [0:2] from byte 0 two bytes, [0-2] from byte 0 to byte 2, [3], [:2], [2:]",
                )
            })?;
        }
        if self.takes(&["&"]) {
            let (token, place) = self.next("a number")?;
            let mask = if let Token::Word(word) = &token { literal::number(word) } else { None };
            let is_number = matches!(operand.kind(), Kind::Number | Kind::Flag);
            operand.mask = Some(
                mask.filter(|_| is_number)
                    .ok_or_else(|| Mistake::at(place, "expected bits of a number: tcp.flags & 0x02"))?,
            );
        }
        Ok(operand)
    }

    fn applied(&mut self, function: Function, word: &str, place: &Range<usize>) -> Result<Operand, Mistake> {
        let wrong = || Mistake::at(place.clone(), format!("expected a field in parentheses: {word}(dns.qry.name)"));
        if !self.takes(&["("]) {
            return Err(wrong());
        }
        let inner = self.operand()?;
        if inner.function.is_some() || inner.mask.is_some() || !self.takes(&[")"]) {
            return Err(wrong());
        }
        let has_bytes = matches!(inner.kind(), Kind::Text | Kind::Bytes | Kind::Mac | Kind::Protocol);
        if function != Function::Count && !has_bytes {
            let text = format!("{word} needs a text or bytes; {} has {}", inner.known.name, inner.kind().wanted());
            return Err(Mistake::at(place.clone(), text));
        }
        Ok(Operand { function: Some(function), ..inner })
    }

    fn right(&mut self, kind: Kind) -> Result<Right, Mistake> {
        let (token, place) = self.next(kind.wanted())?;
        if let Token::Word(word) = &token
            && names::known(word).is_some()
        {
            self.at -= 1;
            let right = self.operand()?;
            if right.kind().is_like(kind) && kind != Kind::Label {
                return Ok(Right::Operand(right));
            }
            let text = format!("{word} cannot be compared with this; expected {}", kind.wanted());
            return Err(Mistake::at(place, text));
        }
        self.literal(&token, &place, kind).map(Right::Literal)
    }

    fn literal(&self, token: &Token, place: &Range<usize>, kind: Kind) -> Result<Literal, Mistake> {
        literal::read(token, kind).ok_or_else(|| expected(place, kind))
    }

    fn value(&self, (token, place): &Placed, kind: Kind) -> Result<Value, Mistake> {
        literal::value(token, kind).ok_or_else(|| expected(place, kind))
    }

    /// `{80, 443, 8000..8080}`
    fn set(&mut self, kind: Kind) -> Result<Vec<Member>, Mistake> {
        let place = self.peek().map_or(self.end..self.end, |(_, place)| place.clone());
        if !self.takes(&["{"]) {
            return Err(Mistake::at(place, "expected a set in braces, such as {80, 443, 8000..8080}"));
        }
        let mut set = Vec::new();
        loop {
            let first = self.next(kind.wanted())?;
            if self.takes(&[".."]) {
                let last = self.next(kind.wanted())?;
                set.push(Member::Range(self.value(&first, kind)?, self.value(&last, kind)?));
            } else {
                set.push(Member::One(self.literal(&first.0, &first.1, kind)?));
            }
            if self.takes(&["}"]) {
                return Ok(set);
            }
            let place = self.peek().map_or(self.end..self.end, |(_, place)| place.clone());
            if !self.takes(&[","]) {
                return Err(Mistake::at(place, "expected `,` or `}` here"));
            }
        }
    }

    fn contains(&mut self, left: Operand, over: Over) -> Result<Condition, Mistake> {
        let (token, place) = self.next("a text in double quotes, or bytes")?;
        let kind = match left.kind() {
            Kind::Mac => Kind::Bytes,
            kind => kind,
        };
        if !matches!(kind, Kind::Text | Kind::Bytes | Kind::Protocol) {
            let text = format!("only texts and bytes contain others; {} has {}", left.known.name, kind.wanted());
            return Err(Mistake::at(place, text));
        }
        match literal::value(&token, kind) {
            Some(Value::Bytes(wanted)) => Ok(Condition::Contains { left, over, wanted }),
            _ => Err(expected(&place, kind)),
        }
    }

    fn matches(&mut self, left: Operand, over: Over) -> Result<Condition, Mistake> {
        let (token, place) = self.next("a regular expression in double quotes")?;
        if !matches!(left.kind(), Kind::Text | Kind::Bytes | Kind::Protocol) {
            let text = format!("only texts and bytes match; {} has {}", left.known.name, left.kind().wanted());
            return Err(Mistake::at(place, text));
        }
        let Token::Text(text) = token else {
            return Err(Mistake::at(place, "expected a regular expression in double quotes, such as \"^www\""));
        };
        let regex = RegexBuilder::new(&String::from_utf8_lossy(&text)).case_insensitive(true).build();
        let regex = regex.map_err(|error| {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Mistake::at(place, format!("this is no regular expression: {last}"))
        })?;
        Ok(Condition::Matches { left, over, regex })
    }
}

fn expected(place: &Range<usize>, kind: Kind) -> Mistake {
    Mistake::at(place.clone(), format!("expected {} here", kind.wanted()))
}

/// `0:2`, `0-2`, `3`, `:2`, `2:`, several apart by commas.
fn slices(text: &str) -> Option<Vec<Slice>> {
    text.split(',').map(|part| slice(part.trim())).collect()
}

fn slice(part: &str) -> Option<Slice> {
    if let Some((from, length)) = part.split_once(':') {
        let from = if from.is_empty() { 0 } else { from.trim().parse().ok()? };
        let length = match length.trim() {
            "" => Length::Rest,
            count => Length::Bytes(count.parse().ok().filter(|it| *it > 0)?),
        };
        return Some(Slice { from, length });
    }
    // A minus at the start is a sign, one behind a digit stands between two places.
    let between = part.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(at, _)| at);
    match between {
        Some(at) => Some(Slice {
            from: part[..at].trim().parse().ok()?,
            length: Length::Until(part[at + 1..].trim().parse().ok()?),
        }),
        None => Some(Slice { from: part.parse().ok()?, length: Length::Bytes(1) }),
    }
}
