//! Cookies of single hosts: what is kept of Set-Cookie, and what goes back where. RFC 6265 §5; Domain, Path, Expires and Max-Age are
//! left out.
use std::collections::BTreeMap;

use crate::services::visit::Page;

/// More cookies of a host than this are not kept (RFC 6265 §6.1 asks for 50 at the least).
const MOST: usize = 50;
/// White space (WSP) of RFC 5234 §B.1.
const BLANK: [char; 2] = [' ', '\t'];

/// A browser's cookies, by host; the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Jar(BTreeMap<String, Vec<Cookie>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    secure: bool,
}

impl Cookie {
    /// RFC 6265 §5.2; what has a control character is none (draft-ietf-httpbis-rfc6265bis).
    fn read(set_cookie: &str) -> Option<Self> {
        let mut parts = set_cookie.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim_matches(BLANK), value.trim_matches(BLANK));
        // §5.2.5: the attribute counts by its name, whatever its value.
        let attribute = |it: &str| it.split('=').next().unwrap_or_default().trim_matches(BLANK).to_ascii_lowercase();
        let secure = parts.any(|it| attribute(it) == "secure");
        let odd = set_cookie.chars().any(|it| it.is_ascii_control() && it != '\t');
        let cookie = Self { name: name.to_owned(), value: value.to_owned(), secure };
        Some(cookie).filter(|it| !it.name.is_empty() && !odd)
    }
}

impl Jar {
    /// Keeps what an answer of a page sets.
    pub fn keep(&mut self, page: &Page, set_cookie: &str) {
        let Some(new) = Cookie::read(set_cookie) else { return };
        let promises = |prefix: &str| new.name.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
        let prefixed = ["__Secure-", "__Host-"].into_iter().any(promises);
        let host = self.0.entry(page.host.to_ascii_lowercase()).or_default();
        let old = host.iter().position(|it| it.name == new.name);
        let replaces_secure = old.is_some_and(|it| host[it].secure);
        // The storage model of draft-ietf-httpbis-rfc6265bis: over http nobody sets a secure cookie, nor writes over one; a name that promises Secure needs it.
        if (!page.secure && (new.secure || replaces_secure)) || (prefixed && !new.secure) {
            return;
        }
        match old {
            // RFC 6265 §5.3, step 11: it keeps its age.
            Some(old) => host[old] = new,
            None if host.len() < MOST => host.push(new),
            None => {}
        }
    }

    /// What goes along with a request, if anything. RFC 6265 §5.4: the oldest first.
    #[must_use]
    pub fn sent(&self, page: &Page) -> Option<String> {
        let host = self.0.get(&page.host.to_ascii_lowercase())?;
        let all = host.iter().filter(|it| page.secure || !it.secure);
        let text = all.map(|it| format!("{}={}", it.name, it.value)).collect::<Vec<_>>().join("; ");
        Some(text).filter(|it| !it.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        text.parse().expect("a page")
    }

    #[test]
    fn a_secure_cookie_goes_over_https_only_and_only_https_sets_it() {
        let (clear, sealed) = (page("http://shop.example/"), page("https://shop.example/"));
        let mut jar = Jar::default();
        jar.keep(&sealed, "session=1; HttpOnly; SECURE");
        jar.keep(&sealed, "theme=dark");
        assert_eq!(jar.sent(&sealed).as_deref(), Some("session=1; theme=dark"));
        assert_eq!(jar.sent(&clear).as_deref(), Some("theme=dark"));
        jar.keep(&clear, "session=stolen");
        jar.keep(&clear, "other=1; Secure");
        jar.keep(&clear, "other=1; secure =x");
        jar.keep(&sealed, "__Host-a=1");
        jar.keep(&sealed, "__secure-a=1");
        assert_eq!(jar.sent(&sealed).as_deref(), Some("session=1; theme=dark"));
        assert_eq!(jar.sent(&page("https://pay.shop.example/")), None);
    }

    #[test]
    fn a_cookie_is_read_as_rfc_6265_has_it() {
        let sent = |all: &[&str]| {
            let (mut jar, page) = (Jar::default(), page("https://shop.example/"));
            all.iter().for_each(|it| jar.keep(&page, it));
            jar.sent(&page)
        };
        for (text, kept) in [
            ("a=1", Some("a=1")),
            (" a\t=  b=c  ; Secure", Some("a=b=c")),
            ("a=\"x y\"", Some("a=\"x y\"")),
            ("a=;", Some("a=")),
            ("a=\u{a0}1\u{a0}", Some("a=\u{a0}1\u{a0}")),
            ("=1", None),
            ("a", None),
            ("a; b=1", None),
            ("a=1\u{7f}", None),
            ("", None),
        ] {
            assert_eq!(sent(&[text]).as_deref(), kept, "{text:?}");
        }
        assert_eq!(
            sent(&["z=1", "a=1", "z=2"]).as_deref(),
            Some("z=2; a=1"),
            "the oldest first; a new value keeps the age"
        );
    }
}
