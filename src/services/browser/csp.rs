//! Content-Security-Policy: which scripts a page may run, and who may frame it. W3C, CSP Level 3; hashes, `strict-dynamic` and
//! `report-uri` are left out.
use super::{origin, same_origin};
use crate::services::visit::Page;

/// A header field's directives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Names in lower case, the first of a name only (CSP3 §2.2.1).
    directives: Vec<(String, Vec<String>)>,
}

/// A script of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script<'a> {
    /// Written in the page, with the nonce it carries.
    Inline { nonce: Option<&'a str> },
    /// Loaded from somewhere.
    From(&'a Page),
}

impl Policy {
    /// Reads a field's value; empty where there is none: then everything may be.
    #[must_use]
    pub fn read(value: &str) -> Self {
        let mut directives: Vec<(String, Vec<String>)> = Vec::new();
        for directive in value.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            if directives.iter().all(|it| it.0 != name) {
                directives.push((name, words.map(str::to_owned).collect()));
            }
        }
        Self { directives }
    }

    fn directive(&self, name: &str) -> Option<&[String]> {
        self.directives.iter().find(|it| it.0 == name).map(|it| it.1.as_slice())
    }

    /// Whether a page may run it: by script-src-elem, script-src or default-src, the first that is there (CSP3, fetch directives fall back).
    #[must_use]
    pub fn runs(&self, page: &Page, script: Script<'_>) -> bool {
        let fallback = ["script-src-elem", "script-src", "default-src"];
        let Some(sources) = fallback.iter().find_map(|it| self.directive(it)) else { return true };
        match script {
            Script::From(from) => sources.iter().any(|it| names(it, page, from)),
            Script::Inline { nonce } => {
                let nonces: Vec<&str> =
                    sources.iter().filter_map(|it| it.strip_prefix("'nonce-")?.strip_suffix('\'')).collect();
                // CSP3, "does a source list allow all inline behavior": a nonce makes 'unsafe-inline' mean nothing.
                let any = nonces.is_empty() && sources.iter().any(|it| it.eq_ignore_ascii_case("'unsafe-inline'"));
                any || nonce.is_some_and(|it| !it.is_empty() && nonces.contains(&it))
            }
        }
    }

    /// Whether that page may show this one in a frame: by frame-ancestors only (CSP3 §6.4.2).
    #[must_use]
    pub fn may_be_framed(&self, page: &Page, by: &Page) -> bool {
        // CSP3, "frame-ancestors Navigation Response Check": what is compared is the framing page's origin, which has no path.
        let by = Page { path: "/".to_owned(), ..by.clone() };
        self.directive("frame-ancestors").is_none_or(|sources| sources.iter().any(|it| names(it, page, &by)))
    }
}

/// Whether a source of a page's policy names where something is. CSP3, "does url match expression in origin".
fn names(source: &str, page: &Page, what: &Page) -> bool {
    let (written, source) = (source, source.to_ascii_lowercase());
    let scheme = if what.secure { "https" } else { "http" };
    let usual = origin(what).authority() == what.host;
    match source.as_str() {
        "'none'" => false,
        // The same host over https is never worse than over http, on the same port or from one default port to the other.
        "'self'" => {
            let port = if origin(page).authority() == page.host { 443 } else { page.port };
            same_origin(page, what) || same_origin(&Page { secure: true, port, ..page.clone() }, what)
        }
        "*" => true,
        it if it.starts_with('\'') => false,
        it if it.ends_with(':') => upgrades(&it[..it.len() - 1], scheme),
        it => {
            // Without a scheme the page's own counts; https is never worse.
            let own = if page.secure { "https" } else { "http" };
            let (said, rest) = it.split_once("://").unwrap_or((own, it));
            let authority = rest.split('/').next().unwrap_or_default();
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            };
            let has_port = match port {
                None => usual,
                Some(port) => port == "*" || port.parse() == Ok(what.port),
            };
            // Unlike the rest a path is told apart by case.
            let path = &written[it.len() - rest.len() + authority.len()..];
            upgrades(said, scheme) && has_port && is_host(host, &what.host.to_ascii_lowercase()) && is_path(path, what)
        }
    }
}

/// CSP3, "scheme-part matches": http allows https, not the other way.
fn upgrades(said: &str, scheme: &str) -> bool {
    said == scheme || (said == "http" && scheme == "https")
}

/// CSP3, "path-part matches": all that is below a path that ends with a slash, else the path itself.
fn is_path(said: &str, what: &Page) -> bool {
    let path = what.path.split('?').next().unwrap_or_default();
    let (whole, pieces): (_, Vec<Vec<u8>>) = (!said.ends_with('/'), said.split('/').map(decoded).collect());
    let of: Vec<Vec<u8>> = path.split('/').map(decoded).collect();
    // Of a path that ends with a slash the last piece is empty.
    let own = if whole { &pieces[..] } else { &pieces[..pieces.len() - 1] };
    said.is_empty() || (of.len() >= pieces.len() && of.starts_with(own) && (!whole || of.len() == own.len()))
}

/// Percent-encoded bytes as they are (RFC 3986 §2.1); what is no such code stays.
fn decoded(piece: &str) -> Vec<u8> {
    let bytes = piece.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|it| *byte == b'%' && it.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok());
        out.push(code.unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

fn is_host(said: &str, host: &str) -> bool {
    match said.strip_prefix("*.") {
        Some(above) => host.strip_suffix(above).is_some_and(|it| it.ends_with('.')),
        None => said == "*" || said == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        text.parse().expect("a page")
    }

    #[test]
    fn a_script_runs_where_the_policy_names_its_source() {
        let own = page("https://shop.example/");
        let runs = |policy: &str, from: &str| Policy::read(policy).runs(&own, Script::From(&page(from)));
        let (mine, cdn) = ("https://shop.example/app.js", "https://cdn.example/x.js");
        assert!(runs("", cdn) && runs("img-src 'none'", cdn));
        assert!(runs("script-src 'self'", mine) && !runs("script-src 'self'", cdn));
        assert!(!runs("default-src 'self'", cdn) && runs("default-src 'none'; script-src https:", cdn));
        assert!(!runs("script-src 'none'", mine) && !runs("script-src", mine));
        assert!(runs("script-src *.example", cdn) && !runs("script-src *.cdn.example", cdn));
        assert!(runs("script-src cdn.example", cdn) && !runs("script-src cdn.example", "http://cdn.example/x.js"));
        assert!(runs("script-src http://cdn.example", cdn) && !runs("script-src cdn.example:8443", cdn));
        assert!(runs("script-src 'self'; script-src 'none'", mine), "the first of a name counts");
        assert!(runs("script-src https://cdn.example/x.js", cdn) && !runs("script-src cdn.example/X.js", cdn));
        assert!(runs("script-src cdn.example/", cdn) && !runs("script-src cdn.example/x", cdn));
        assert!(runs("script-src cdn.example/lib/", "https://cdn.example/lib/a.js?v=1"));
        assert!(runs("script-src cdn.example/%78.js", cdn) && runs("script-src https://*", cdn));
        assert!(!runs("script-src cdn.example/li/", "https://cdn.example/lib/a.js"));
        assert!(!runs("script-src cdn.example/lib", "https://cdn.example/lib/a.js"));
        assert!(!runs("script-src *:8443", cdn) && runs("script-src *:8443", "https://cdn.example:8443/x.js"));
        assert!(!runs("script-src 'self'; script-src-elem 'none'", mine));
        let clear = page("http://shop.example/");
        let upgraded = |from: &str| Policy::read("script-src 'self'").runs(&clear, Script::From(&page(from)));
        assert!(upgraded("https://shop.example/app.js") && !upgraded("https://shop.example:8443/app.js"));
        assert!(!runs("script-src 'self'", "http://shop.example/app.js"));
        let other_port = page("http://shop.example:8080/");
        let upgraded = |from: &str| Policy::read("script-src 'self'").runs(&other_port, Script::From(&page(from)));
        assert!(upgraded("https://shop.example:8080/app.js") && !upgraded("https://shop.example/app.js"));
    }

    #[test]
    fn a_script_in_the_page_runs_by_its_nonce() {
        let own = page("https://shop.example/");
        let runs = |policy: &str, nonce| Policy::read(policy).runs(&own, Script::Inline { nonce });
        assert!(runs("", None) && !runs("script-src 'self'", None) && runs("script-src 'unsafe-inline'", None));
        assert!(runs("script-src 'nonce-abc'", Some("abc")) && !runs("script-src 'nonce-abc'", Some("x")));
        assert!(!runs("script-src 'unsafe-inline' 'nonce-abc'", None) && !runs("script-src 'nonce-'", Some("")));
    }

    #[test]
    fn framing_is_frame_ancestors_alone() {
        let (own, other) = (page("https://shop.example/"), page("https://evil.example/"));
        let framed = |policy: &str, by: &Page| Policy::read(policy).may_be_framed(&own, by);
        assert!(framed("", &other) && framed("default-src 'none'", &other));
        assert!(!framed("frame-ancestors 'none'", &own) && framed("frame-ancestors 'self'", &own));
        assert!(!framed("frame-ancestors 'self'", &other) && framed("frame-ancestors https://evil.example", &other));
        let prize = page("https://evil.example/prize");
        assert!(framed("frame-ancestors https://evil.example", &prize));
        assert!(!framed("frame-ancestors https://evil.example/prize", &prize), "an origin has no path");
    }
}
