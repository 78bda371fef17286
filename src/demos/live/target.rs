//! Whom a live run speaks to: `--live`, `--live example.org`, `--live 192.0.2.1:8080`, `--live https://example.org/page`.
use std::net::{IpAddr, SocketAddr};

use rustls::pki_types::CertificateDer;

use crate::services::visit::Page;

/// Whom a live run speaks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A server of the run's own, on loopback.
    Own,
    /// A host the user named.
    Host(Host),
}

/// A host as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    written: String,
    name: String,
    port: Option<u16>,
    /// The page, where one was written.
    page: Option<Page>,
    /// Authorities that are trusted beside this machine's.
    trusted: Vec<CertificateDer<'static>>,
}

/// A text that names no host, or no port after it; the message says how one is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATarget {
    /// There is no host in it.
    #[error(
        "`{0}` names no host: write a name or an address, with a port or without: example.org, 192.0.2.1:8080, [2001:db8::1]:80"
    )]
    Host(String),
    /// What stands after the host is no port.
    #[error("`{port}` in `{text}` is not a port: a port is a whole number from 1 to 65535, such as {name}:80")]
    Port {
        /// All that was written.
        text: String,
        /// The host, as it was written.
        name: String,
        /// What stands where the port should.
        port: String,
    },
}

/// No name is longer (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 253;

impl std::str::FromStr for Target {
    type Err = NotATarget;

    /// Reads a host; nothing at all is a server of the run's own.
    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Own);
        }
        let wrong = || NotATarget::Host(crate::wire::text::visible_start(text, 80));
        if text.contains("://") {
            let page: Page = text.parse().map_err(|_| wrong())?;
            let (written, name, port) = (text.to_owned(), page.host.clone(), Some(page.port));
            return Ok(Self::Host(Host { written, name, port, page: Some(page), trusted: Vec::new() }));
        }
        let (name, digits) = split(text).ok_or_else(wrong)?;
        let is_address = name.parse::<IpAddr>().is_ok();
        let is_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > LONGEST_NAME || !(is_address || name.chars().all(is_name)) {
            return Err(wrong());
        }
        let port = digits.map(|digits| port(text, digits)).transpose()?;
        let (written, name) = (text.to_owned(), name.to_owned());
        Ok(Self::Host(Host { written, name, port, page: None, trusted: Vec::new() }))
    }
}

/// The port that stands at the end of a text; port 0 is none.
fn port(text: &str, digits: &str) -> Result<u16, NotATarget> {
    let visible = |text: &str| crate::wire::text::visible_start(text, 80);
    let host = text.strip_suffix(digits).and_then(|it| it.strip_suffix(':')).unwrap_or(text);
    let wrong = || NotATarget::Port { text: visible(text), name: visible(host), port: visible(digits) };
    digits.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)
}

/// The name, and what stands for the port, where there is a colon for one.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if text.parse::<IpAddr>().is_ok() {
        return Some((text, None));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(digits) => Some((address, Some(digits))),
            None => rest.is_empty().then_some((address, None)),
        };
    }
    match text.split_once(':') {
        Some((name, digits)) => Some((name, Some(digits))),
        None => Some((text, None)),
    }
}

impl Target {
    /// The same, trusting these authorities beside this machine's: `--ca`. A server of the run's own needs none.
    #[must_use]
    pub fn trusting(self, trusted: Vec<CertificateDer<'static>>) -> Self {
        match self {
            Self::Own => Self::Own,
            Self::Host(host) => Self::Host(Host { trusted, ..host }),
        }
    }

    /// The host, where one is named.
    #[must_use]
    pub const fn host(&self) -> Option<&Host> {
        match self {
            Self::Own => None,
            Self::Host(host) => Some(host),
        }
    }
}

impl Host {
    /// As the user wrote it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The authorities that are trusted beside this machine's.
    #[must_use]
    pub fn trusted(&self) -> &[CertificateDer<'static>] {
        &self.trusted
    }

    /// The page that is meant: the one that was written, or else the root of the host over HTTPS.
    #[must_use]
    pub fn page(&self, port: u16) -> Page {
        let page =
            || Page { secure: true, host: self.name.clone(), port: self.port.unwrap_or(port), path: "/".to_owned() };
        self.page.clone().unwrap_or_else(page)
    }

    /// The same for a visit without TLS: the one that was written, or else the root of the host over HTTP.
    ///
    /// # Errors
    /// When the page that was written is one over TLS; the message says what to change.
    pub fn page_in_cleartext(&self) -> Result<Page, String> {
        match &self.page {
            Some(page) if page.secure => Err(format!(
                "{page} is a page over TLS, and tls=none visits without: write it with http://, or choose another tls"
            )),
            Some(page) => Ok(page.clone()),
            // RFC 9110 §4.2.1: the port of http where none was written.
            None => Ok(Page { secure: false, ..self.page(80) }),
        }
    }

    /// The first address the system's resolver gives; an IPv4 address, where there is one, as in the lab.
    pub(super) async fn resolve(&self, port: u16) -> Result<SocketAddr, String> {
        let port = self.port.unwrap_or(port);
        let found = tokio::net::lookup_host((self.name.as_str(), port)).await;
        let none =
            |why: String| format!("the host {} has no address that this system's resolver knows: {why}", self.name);
        let all: Vec<SocketAddr> = found.map_err(|error| none(error.to_string()))?.collect();
        let first = all.iter().find(|it| it.is_ipv4()).or(all.first());
        first.copied().ok_or_else(|| none("its answer is empty".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_with_its_port_or_without() {
        let read = |text: &str| match text.parse() {
            Ok(Target::Host(host)) => (host.name, host.port),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(read("example.org"), ("example.org".to_owned(), None));
        assert_eq!(read(" localhost:8080 "), ("localhost".to_owned(), Some(8080)));
        assert_eq!(read("192.0.2.1:80"), ("192.0.2.1".to_owned(), Some(80)));
        assert_eq!(read("2001:db8::1"), ("2001:db8::1".to_owned(), None));
        assert_eq!(read("[2001:db8::1]:80"), ("2001:db8::1".to_owned(), Some(80)));
        assert_eq!(read("[::1]"), ("::1".to_owned(), None));
        assert_eq!("".parse(), Ok(Target::Own));
    }

    #[test]
    fn a_page_is_a_host_too() {
        let host = |text: &str| match text.parse() {
            Ok(Target::Host(host)) => host,
            other => panic!("{text}: {other:?}"),
        };
        let page = host("https://example.org:8443/a?b");
        assert_eq!((page.name.as_str(), page.port), ("example.org", Some(8443)));
        assert_eq!(page.page(443).to_string(), "https://example.org:8443/a?b");
        assert_eq!(host("example.org").page(443).to_string(), "https://example.org/");
        assert_eq!(host("[2001:db8::1]").page(443).to_string(), "https://[2001:db8::1]/");
    }

    #[test]
    fn without_tls_the_port_is_80_and_a_page_over_tls_is_refused() {
        let page = |text: &str| match text.parse() {
            Ok(Target::Host(host)) => host.page_in_cleartext().map(|it| (it.to_string(), it.port, it.secure)),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(page("localhost"), Ok(("http://localhost/".to_owned(), 80, false)));
        assert_eq!(page("localhost:443"), Ok(("http://localhost:443/".to_owned(), 443, false)));
        assert_eq!(page("http://example.org/a"), Ok(("http://example.org/a".to_owned(), 80, false)));
        let refused = page("https://example.org/a").expect_err("a page over TLS");
        assert!(refused.contains("http://") && refused.starts_with("https://example.org/a "), "{refused}");
    }

    #[test]
    fn what_names_no_host_is_refused_with_how_to_write_one() {
        let long = "a".repeat(254);
        for text in
            ["ftp://a/", "https://", "https://me@a/", "[::1", "[::1]80", "[]:80", "a b", "a/b", "\u{1b}[2J", &long]
        {
            let error = text.parse::<Target>().expect_err(text).to_string();
            assert!(error.contains("write a name or an address"), "{error}");
            assert!(!error.contains('\u{1b}'));
        }
    }

    #[test]
    fn what_is_no_port_is_refused_as_a_port() {
        for text in ["host:", "host:0", "host:99999", "host:80:90", "host:http", "[::1]:0", "host:\u{1b}[2J"] {
            let error = text.parse::<Target>().expect_err(text).to_string();
            assert!(error.contains("a whole number from 1 to 65535"), "{error}");
            assert!(!error.contains('\u{1b}'));
        }
        let error = "Foo:99999".parse::<Target>().expect_err("too large").to_string();
        assert!(error.starts_with("`99999` in `Foo:99999` is not a port") && error.ends_with("Foo:80"), "{error}");
    }
}
