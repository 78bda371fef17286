//! Which page: `https://www.shop.example/cart?x=1`. RFC 9110 §4.2, RFC 3986.
use std::net::IpAddr;

use crate::wire::text::visible_start;

/// No URL that is longer is read; browsers and servers stop at much less than 64 KiB.
const LONGEST: usize = 8000;

/// A page on the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Whether TLS goes under it: `https`.
    pub secure: bool,
    /// A name or an address, an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
    /// Path and query, at least `/`.
    pub path: String,
}

/// A text that is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no page: write https://HOST/PATH or http://HOST/PATH")]
pub struct NotAPage(pub String);

impl std::str::FromStr for Page {
    type Err = NotAPage;

    fn from_str(text: &str) -> Result<Self, NotAPage> {
        let wrong = || NotAPage(visible_start(text, 80));
        let uri: hyper::Uri = if text.len() > LONGEST { None } else { text.parse().ok() }.ok_or_else(wrong)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        // RFC 9110 §4.2.4: a user in front of the host is refused rather than sent.
        if host.is_empty() || !host.chars().all(is_name) || uri.authority().is_some_and(|it| it.as_str().contains('@'))
        {
            return Err(wrong());
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        Ok(Self { secure, host: host.to_owned(), port, path: path.to_owned() })
    }
}

impl std::fmt::Display for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

impl Page {
    /// The host where it is written as an address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Host and, where it is not the scheme's own, port: what Host and :authority say.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let own = if self.secure { 443 } else { 80 };
        if self.port == own { host } else { format!("{host}:{}", self.port) }
    }

    /// The page that an answer of this status and Location field sends a visitor of this one to.
    ///
    /// # Errors
    /// When what it names is no page.
    pub fn redirected(&self, status: u16, location: &str) -> Result<Option<Self>, NotAPage> {
        // RFC 9110 §15.4: these name another page in Location; 304 does not.
        let leads = matches!(status, 301 | 302 | 303 | 307 | 308) && !location.is_empty();
        leads.then(|| self.follow(location)).transpose()
    }

    /// The page that a Location field of this one names, which may be relative (RFC 9110 §10.2.2).
    ///
    /// # Errors
    /// When it is no page on the web.
    pub fn follow(&self, location: &str) -> Result<Self, NotAPage> {
        let scheme = if self.secure { "https" } else { "http" };
        // RFC 3986 §5.2.2, for what Location fields say; the fragment stays with the visitor.
        let location = location.split('#').next().unwrap_or_default();
        if location.contains("://") {
            return location.parse();
        }
        if location.starts_with("//") {
            return format!("{scheme}:{location}").parse();
        }
        let path = self.path.split('?').next().unwrap_or("/");
        let base = match location.chars().next() {
            Some('/') => "",
            Some('?') => path,
            None => &self.path,
            _ => &path[..=path.rfind('/').unwrap_or(0)],
        };
        format!("{scheme}://{}{base}{location}", self.authority()).parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        text.parse().expect(text)
    }

    #[test]
    fn a_page_is_read_and_written() {
        for text in ["https://www.shop.example/", "http://[2001:db8::1]:8080/a?b=c", "https://192.0.2.1/x"] {
            assert_eq!(page(text).to_string(), text);
        }
        assert_eq!(page("https://shop.example").path, "/");
        assert_eq!(
            (page("https://a.example:443/").authority(), page("http://a.example").port),
            ("a.example".to_owned(), 80)
        );
        assert!(page("https://[::1]/").address().is_some() && page("https://a.example/").address().is_none());
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for text in [
            "",
            "shop.example",
            "ftp://shop.example/",
            "https:///x",
            "https://user@shop.example/",
            "https://a b/",
            "\u{1b}[2J",
        ] {
            let error = text.parse::<Page>().expect_err(text).to_string();
            assert!(error.contains("write https://") && !error.contains('\u{1b}'), "{error}");
        }
        assert!(format!("https://a.example/{}", "a".repeat(LONGEST)).parse::<Page>().is_err());
    }

    #[test]
    fn a_location_is_followed_from_its_page() {
        let from = page("http://shop.example/a/b?q=1");
        let to = |location: &str| from.follow(location).map(|it| it.to_string()).unwrap_or_else(|it| it.to_string());
        assert_eq!(to("https://www.shop.example/"), "https://www.shop.example/");
        assert_eq!(to("//cdn.example/x"), "http://cdn.example/x");
        assert_eq!(to("/login#top"), "http://shop.example/login");
        assert_eq!(to("c?d"), "http://shop.example/a/c?d");
        assert_eq!(to("?page=2"), "http://shop.example/a/b?page=2");
        assert!(to("javascript://x").contains("is no page"));
    }
}
