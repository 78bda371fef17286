//! A word or two, and the value of a packet's field.
use super::{FULL, Unreadable, misfit};
use crate::content::NearText;
use crate::practice::{Answer, Grade, Remark, Revealed};

pub(super) fn short(accept: &[String], near: &[NearText], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let right = accept.first().cloned().unwrap_or_default();
    let Some(typed) = typed(given)? else { return Ok(Grade::new(0, right, Vec::new())) };
    let said = plain(typed);
    let accepted = accept.iter().any(|it| plain(it) == said);
    Ok(judged(typed, &said, accepted, right, near))
}

/// The value as the decoder writes it, a part of it (`0x0800` of `0x0800 (IPv4)`), its meaning, or the same number.
pub(super) fn field(revealed: &Revealed, near: &[NearText], given: Option<&Answer>) -> Result<Grade, Unreadable> {
    let meaning = &revealed.meaning;
    let right = if meaning.is_empty() { revealed.value.clone() } else { format!("{} ({meaning})", revealed.value) };
    let Some(typed) = typed(given)? else { return Ok(Grade::new(0, right, vec![told(revealed, false)])) };
    let said = plain(typed);
    let accepted = readings(revealed).any(|it| same(it, typed));
    let mut grade = judged(typed, &said, accepted, right, near);
    grade.remarks.push(told(revealed, accepted));
    Ok(grade)
}

fn typed(given: Option<&Answer>) -> Result<Option<&str>, Unreadable> {
    match given {
        None => Ok(None),
        Some(Answer::Text(text)) if text.trim().is_empty() => Err(Unreadable("Write a word or two.".to_owned())),
        Some(Answer::Text(text)) => Ok(Some(text)),
        Some(_) => Err(misfit("a word or two")),
    }
}

fn judged(typed: &str, said: &str, accepted: bool, right: String, near: &[NearText]) -> Grade {
    if accepted {
        return Grade::new(FULL, right, Vec::new());
    }
    let known = near.iter().find(|it| plain(&it.text) == said);
    let remark = known.map(|it| Remark::new(typed.trim(), false, &it.why));
    Grade::new(0, right, remark.into_iter().collect())
}

fn told(revealed: &Revealed, right: bool) -> Remark {
    Remark::new(&revealed.value, right, &revealed.why)
}

/// The ways to say a field's value: all of it, what stands before and between its parentheses, its meaning, and the name
/// at the meaning's head (`RST, ACK` of `RST, ACK: breaks the connection off`).
fn readings(revealed: &Revealed) -> impl Iterator<Item = &str> {
    let (before, after) = revealed.value.split_once('(').unwrap_or((&revealed.value, ""));
    let inside = after.split(')').next().unwrap_or("");
    let meaning = revealed.meaning.as_str();
    let head = meaning.split_once(": ").map_or("", |(head, _)| head);
    [revealed.value.as_str(), before, inside, meaning, head].into_iter().filter(|it| !it.trim().is_empty())
}

/// The same words in any order (`ACK, SYN` is `SYN, ACK`), or the same number in another base.
fn same(value: &str, typed: &str) -> bool {
    let number = |text: &str| whole(text).zip(whole(value)).is_some_and(|(a, b)| a == b);
    plain(value) == plain(typed) || words(value) == words(typed) || number(typed)
}

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '+' | '|' | '/'));
    let mut words: Vec<String> = split.map(plain).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

fn whole(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Without case, spaces, leading articles and punctuation, except what stands between two digits: 10.1 is not 101.
fn plain(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let words = ["the ", "a ", "an "].iter().find_map(|article| lower.strip_prefix(article)).unwrap_or(&lower);
    let letters: Vec<char> = words.chars().collect();
    let kept = letters.iter().enumerate().filter(|(at, c)| {
        let beside = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_digit);
        c.is_alphanumeric() || (!c.is_whitespace() && beside(at.checked_sub(1)) && beside(at.checked_add(1)))
    });
    let plain: String = kept.map(|(_, c)| *c).collect();
    if plain.is_empty() { lower } else { plain }
}
