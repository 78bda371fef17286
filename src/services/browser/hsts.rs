//! Strict-Transport-Security: which hosts a browser comes to over https only, and for how long. RFC 6797.
use std::collections::BTreeMap;

use crate::services::visit::Page;

/// More hosts than this are not remembered.
const MOST: usize = 10_000;

/// What a header field says. RFC 6797 §6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Seconds; 0 means forget.
    pub max_age: u64,
    pub subdomains: bool,
}

impl Policy {
    /// Reads a field's value; `None` for one that must be ignored: without max-age, or with a directive twice.
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let (mut seen, mut max_age, mut subdomains) = (Vec::new(), None, false);
        for directive in value.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            let (name, said) = directive.split_once('=').map_or((directive, None), |(name, it)| (name, Some(it)));
            let name = name.trim().to_ascii_lowercase();
            if seen.contains(&name) {
                return None;
            }
            match (name.as_str(), said) {
                ("max-age", Some(said)) => max_age = Some(seconds(said)?),
                ("max-age", None) | ("includesubdomains", Some(_)) => return None,
                ("includesubdomains", None) => subdomains = true,
                // RFC 6797 §6.1: what is not known is left aside; `preload` is none of its directives.
                _ => {}
            }
            seen.push(name);
        }
        Some(Self { max_age: max_age?, subdomains })
    }
}

/// RFC 6797 §6.1.1: digits, perhaps in quotes.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Why a host is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The host that said so: the one asked about, or one above it.
    pub by: String,
    /// The browser came with it in its list (RFC 6797 §12.3); then nothing ends it.
    pub preloaded: bool,
}

/// The hosts a browser knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    hosts: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// In seconds of the browser's clock; none of the list's own.
    until: Option<u64>,
    subdomains: bool,
}

impl Known {
    /// A host of the list that the browser was shipped with; the list's terms include its subdomains.
    pub fn preload(&mut self, host: &str) {
        self.hosts.insert(host.to_ascii_lowercase(), Entry { until: None, subdomains: true });
    }

    /// Takes in what a host said over a connection without any certificate error; over others nobody may call this. RFC 6797 §8.1.
    pub fn learn(&mut self, host: &str, value: &str, now: u64) {
        let host = host.to_ascii_lowercase();
        let is_preloaded = self.hosts.get(&host).is_some_and(|it| it.until.is_none());
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        let Some(policy) = Policy::read(value).filter(|_| !is_preloaded && !is_address) else { return };
        if policy.max_age == 0 {
            self.hosts.remove(&host);
        } else if self.hosts.len() < MOST || self.hosts.contains_key(&host) {
            let until = Some(now.saturating_add(policy.max_age));
            self.hosts.insert(host, Entry { until, subdomains: policy.subdomains });
        }
    }

    /// Whether it may be come to over https only, and why. RFC 6797 §8.2: itself, or a host above that includes it.
    #[must_use]
    pub fn covers(&self, host: &str, now: u64) -> Option<Cover> {
        let host = host.to_ascii_lowercase();
        let mut above = host.as_str();
        loop {
            let entry = self.hosts.get(above).filter(|it| it.until.is_none_or(|until| now < until));
            if let Some(entry) = entry.filter(|it| above == host || it.subdomains) {
                return Some(Cover { by: above.to_owned(), preloaded: entry.until.is_none() });
            }
            above = above.split_once('.')?.1;
        }
    }

    /// The page to go to in place of one, before anything is sent. RFC 6797 §8.3: port 80 becomes 443, another stays.
    #[must_use]
    pub fn upgraded(&self, page: &Page, now: u64) -> Option<(Page, Cover)> {
        let cover = self.covers(&page.host, now).filter(|_| !page.secure)?;
        let port = if page.port == 80 { 443 } else { page.port };
        Some((Page { secure: true, port, ..page.clone() }, cover))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_as_rfc_6797_has_it_and_what_is_odd_is_ignored() {
        let read = |value: &str| Policy::read(value).map(|it| (it.max_age, it.subdomains));
        assert_eq!(read("max-age=31536000"), Some((31_536_000, false)));
        assert_eq!(read(" MAX-AGE=\"0\" ; includeSubDomains;preload; x=y;"), Some((0, true)));
        assert_eq!(read("max-age=99999999999999999999999"), Some((u64::MAX, false)));
        for odd in
            ["", "includeSubDomains", "max-age", "max-age=-1", "max-age=1; max-age=2", "max-age=1; includeSubDomains=x"]
        {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_host_is_known_until_its_time_is_over_and_with_its_subdomains_where_it_says_so() {
        let mut known = Known::default();
        known.learn("Shop.example", "max-age=100", 0);
        assert!(known.covers("shop.EXAMPLE", 99).is_some() && known.covers("shop.example", 100).is_none());
        assert!(known.covers("pay.shop.example", 50).is_none() && known.covers("example", 50).is_none());
        known.learn("shop.example", "max-age=100; includeSubDomains", 50);
        let cover = known.covers("a.pay.shop.example", 149).expect("a host above");
        assert_eq!((cover.by.as_str(), cover.preloaded), ("shop.example", false));
        assert!(known.covers("myshop.example", 100).is_none());
        known.learn("shop.example", "nonsense", 60);
        assert!(known.covers("shop.example", 100).is_some());
        known.learn("shop.example", "max-age=0", 60);
        assert!(known.covers("shop.example", 61).is_none());
        known.learn("192.0.2.1", "max-age=100", 0);
        assert!(known.covers("192.0.2.1", 1).is_none(), "RFC 6797 §8.1.1: no address");
    }

    #[test]
    fn the_list_holds_without_a_visit_and_no_answer_ends_it() {
        let mut known = Known::default();
        known.preload("shop.example");
        known.learn("shop.example", "max-age=0", 5);
        assert!(known.covers("pay.shop.example", u64::MAX).is_some_and(|it| it.preloaded));
    }

    #[test]
    fn a_page_is_gone_to_over_https_at_its_port() {
        let mut known = Known::default();
        known.learn("shop.example", "max-age=100", 0);
        let to = |text: &str| known.upgraded(&text.parse().expect("a page"), 1).map(|it| it.0.to_string());
        assert_eq!(to("http://shop.example/a?b").as_deref(), Some("https://shop.example/a?b"));
        assert_eq!(to("http://shop.example:8080/").as_deref(), Some("https://shop.example:8080/"));
        assert_eq!((to("https://shop.example/"), to("http://other.example/")), (None, None));
    }
}
