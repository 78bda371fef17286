//! The glossary: a term by any of its names, and the terms that occur in a text.
use std::collections::BTreeMap;

use super::{Content, Term};

/// Terms by their names in lower case, for looking through many texts.
#[derive(Clone, Debug, Default)]
pub struct Glossary<'c> {
    by_name: BTreeMap<String, &'c Term>,
    /// Words of the longest name.
    longest: usize,
}

/// A term found in a text, by bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'c> {
    pub span: std::ops::Range<usize>,
    pub term: &'c Term,
}

impl Content {
    /// The term of that name or other spelling, in any case.
    #[must_use]
    pub fn term(&self, name: &str) -> Option<&Term> {
        let is_named = |term: &&Term| term.names().any(|it| it.to_lowercase() == name.to_lowercase());
        let exact = self.glossary.iter().find(|term| term.names().any(|it| it == name));
        exact.or_else(|| self.glossary.iter().find(is_named))
    }
}

impl Term {
    /// Its name and other spellings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.term).chain(&self.also).map(String::as_str)
    }
}

impl<'c> Glossary<'c> {
    #[must_use]
    pub fn new(terms: &'c [Term]) -> Self {
        let mut glossary = Self::default();
        for term in terms {
            for name in term.names() {
                glossary.longest = glossary.longest.max(words(name).len());
                glossary.by_name.entry(name.to_lowercase()).or_insert(term);
            }
        }
        glossary
    }

    /// The terms in a text, whole words only, the longest name first where several begin; plurals count.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Found<'c>> {
        let words = words(text);
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let longest = self.longest.min(words.len() - at);
            let hit = (1..=longest).rev().find_map(|count| {
                let span = words[at].start..words[at + count - 1].end;
                self.named(&text[span.clone()]).map(|term| (count, Found { span, term }))
            });
            at += hit.as_ref().map_or(1, |(count, _)| *count);
            found.extend(hit.map(|(_, found)| found));
        }
        found
    }

    fn named(&self, words: &str) -> Option<&'c Term> {
        let name = words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let one = |ending| name.strip_suffix(ending).and_then(|one| self.by_name.get(one));
        self.by_name.get(&name).or_else(|| one("s")).or_else(|| one("es")).copied()
    }
}

/// Where the words of a text are: letters and digits, with what joins them inside (`three-way`, `802.3`, `TCP/IP`).
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let joins = matches!(c, '-' | '.' | '/' | '_') && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        match start {
            None if c.is_alphanumeric() => start = Some(at),
            Some(from) if !c.is_alphanumeric() && !joins => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| from..text.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(term: &str, also: &[&str]) -> Term {
        let also = also.iter().map(|it| (*it).to_owned()).collect();
        Term { term: term.to_owned(), also, meaning: String::new(), source: String::new(), lessons: Vec::new() }
    }

    #[test]
    fn finds_whole_words_and_the_longest_name() {
        let terms =
            [term("TCP", &[]), term("MAC address", &["hardware address"]), term("address", &[]), term("TCP/IP", &[])];
        let glossary = Glossary::new(&terms);
        let named =
            |text: &str| -> Vec<String> { glossary.find(text).into_iter().map(|it| it.term.term.clone()).collect() };
        assert_eq!(named("A tcp segment, a MAC  address and MAC addresses."), ["TCP", "MAC address", "MAC address"]);
        assert_eq!(named("its hardware address, addressing"), ["MAC address"]);
        assert_eq!(named("TCP/IP over tcpdump, TCPs."), ["TCP/IP", "TCP"]);
        assert_eq!(named(""), Vec::<String>::new());
    }

    #[test]
    fn a_term_is_found_by_any_name_and_case() {
        let content = Content { glossary: vec![term("RTT", &["round-trip time"])], ..Content::default() };
        assert!(content.term("rtt").is_some() && content.term("Round-Trip Time").is_some());
        assert!(content.term("round").is_none());
    }
}
