//! Cache-Control, read (RFC 9111 §5.2).
use std::collections::BTreeMap;

use hyper::HeaderMap;

/// The largest number of seconds: more means as much (RFC 9111 §1.2.2).
pub(super) const MOST_SECONDS: u64 = 1 << 31;

/// The directives of a message, each with its values in their order. Unknown ones are kept and mean nothing (§5.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives(BTreeMap<String, Vec<Option<String>>>);

impl Directives {
    /// Those of a message's Cache-Control; where there is none, a Pragma of `no-cache` counts (§5.4).
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut all = BTreeMap::<String, Vec<Option<String>>>::new();
        for value in headers.get_all("cache-control") {
            for part in split(&String::from_utf8_lossy(value.as_bytes())) {
                let (name, value) = match part.split_once('=') {
                    Some((name, value)) => (name, Some(value.trim().trim_matches('"').to_owned())),
                    None => (part.as_str(), None),
                };
                all.entry(name.trim().to_ascii_lowercase()).or_default().push(value);
            }
        }
        let pragma = |it: &hyper::header::HeaderValue| it.as_bytes().eq_ignore_ascii_case(b"no-cache");
        if !headers.contains_key("cache-control") && headers.get_all("pragma").iter().any(pragma) {
            all.insert("no-cache".to_owned(), vec![None]);
        }
        Self(all)
    }

    /// Whether it is there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether it is there for the whole message: `private="set-cookie"` is about a field only (§5.2.2.4, §5.2.2.7). Said both ways it
    /// is for the whole, and so it is where it names no field.
    #[must_use]
    pub fn is_whole(&self, name: &str) -> bool {
        self.has(name) && (self.values(name).any(|it| it.is_none()) || self.fields(name).is_empty())
    }

    /// The fields that a directive is about, all that are said of it: `private="set-cookie, x"`.
    #[must_use]
    pub fn fields(&self, name: &str) -> Vec<String> {
        let words = self.values(name).flatten().flat_map(|list| list.split(','));
        words.map(|it| it.trim().to_ascii_lowercase()).filter(|it| !it.is_empty()).collect()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = Option<&str>> {
        self.0.get(name).into_iter().flatten().map(Option::as_deref)
    }

    /// The seconds of a directive; of one that comes twice the first counts. What is no number counts as 0: stale (§4.2.1).
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<u64> {
        let value = self.values(name).next()?.unwrap_or_default();
        if value.is_empty() || !value.bytes().all(|it| it.is_ascii_digit()) {
            return Some(0);
        }
        Some(value.parse().map_or(MOST_SECONDS, |it: u64| it.min(MOST_SECONDS)))
    }

    /// `max-stale` without a value takes whatever is stale (§5.2.1.2).
    #[must_use]
    pub fn max_stale(&self) -> Option<u64> {
        match self.values("max-stale").next()? {
            None => Some(MOST_SECONDS),
            Some(_) => self.seconds("max-stale"),
        }
    }
}

/// A list's elements; commas in quotes belong to theirs.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            ',' if !quoted => parts.push(std::mem::take(&mut part)),
            letter => {
                quoted ^= letter == '"';
                part.push(letter);
            }
        }
    }
    parts.push(part);
    parts.into_iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::http::Response;

    fn read(value: &str) -> Directives {
        Directives::of(&Response::ok("text/plain", "").with("cache-control", value).headers)
    }

    #[test]
    fn names_are_read_in_any_case_and_values_with_and_without_quotes() {
        let it = read("Max-Age=60, S-MAXAGE=\"10\", private=\"set-cookie, x\", no-store , ,odd=\"a,b\"");
        assert_eq!((it.seconds("max-age"), it.seconds("s-maxage")), (Some(60), Some(10)));
        assert!(it.has("no-store") && it.has("private") && !it.is_whole("private") && !it.has("x"));
        assert_eq!(read("max-age=5, max-age=9").seconds("max-age"), Some(5));
    }

    #[test]
    fn what_is_said_of_fields_and_of_the_whole_is_for_the_whole() {
        for text in ["private=\"a\", private", "private, private=\"a\"", "private=", "private=\" ,\""] {
            assert!(read(text).is_whole("private"), "{text}");
        }
        let two = read("private=\"a\", x, Private=\"B, c\"");
        assert!(!two.is_whole("private") && !two.is_whole("no-store"));
        assert_eq!(two.fields("private"), ["a", "b", "c"]);
    }

    #[test]
    fn numbers_that_are_none_are_stale_and_large_ones_are_as_long_as_there_is() {
        for text in ["max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=x"] {
            assert_eq!(read(text).seconds("max-age"), Some(0), "{text}");
        }
        assert_eq!(read("max-age=99999999999999999999999").seconds("max-age"), Some(MOST_SECONDS));
        assert_eq!((read("max-stale").max_stale(), read("max-stale=7").max_stale()), (Some(MOST_SECONDS), Some(7)));
    }

    #[test]
    fn pragma_counts_where_there_is_no_cache_control() {
        let old = Response::ok("text/plain", "").with("pragma", "No-Cache");
        assert!(Directives::of(&old.headers).has("no-cache"));
        assert!(!Directives::of(&old.with("cache-control", "max-age=1").headers).has("no-cache"));
    }
}
