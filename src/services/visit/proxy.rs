//! A proxy that lets a connection through: CONNECT (RFC 9110 §9.3.6).
use std::net::IpAddr;

use data_encoding::BASE64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Page;
use crate::net::Stream;
use crate::wire::text::visible_start;

/// More of a proxy's answer is not read.
const LONGEST: usize = 16 << 10;
/// The port of a proxy that is named without one, as curl(1) has it.
const PORT: u16 = 1080;

/// Where it is, and what it is told about who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub host: String,
    pub port: u16,
    /// `user:password` for the Basic scheme (RFC 7617 §2).
    credentials: Option<String>,
}

/// Without what it holds of passwords.
impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bare = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{bare}:{}", self.port)
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl std::str::FromStr for Proxy {
    type Err = String;

    /// Reads what the settings of a host say: `http://user:password@proxy.example:3128`, the scheme and the user or neither.
    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if !scheme.eq_ignore_ascii_case("http") {
            let scheme = visible_start(scheme, 20);
            return Err(format!("it is one of another kind ({scheme}), and a visit can go through http ones only"));
        }
        let rest = rest.split('/').next().unwrap_or_default();
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(decoded(user)), place),
            None => (None, rest),
        };
        let written = if place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            format!("http://{place}/")
        } else {
            format!("http://{place}:{PORT}/")
        };
        let page: Page = written.parse().map_err(|_| "it names no host".to_owned())?;
        Ok(Self { host: page.host, port: page.port, credentials })
    }
}

/// RFC 3986 §2.1: what may not stand in a URL stands there in hexadecimal.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, more @ ..] = rest {
        let coded = more.get(..2).filter(|_| *first == b'%').and_then(|it| std::str::from_utf8(it).ok());
        match coded.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Proxy {
    /// The host where it is written as an address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Has an open connection to the proxy go on to the page's host.
    ///
    /// # Errors
    /// When the proxy refuses, or what it says is no HTTP.
    pub(super) async fn connect<S: Stream>(&self, stream: &mut S, page: &Page) -> Result<(), String> {
        let host = if page.host.contains(':') { format!("[{}]", page.host) } else { page.host.clone() };
        let target = format!("{host}:{}", page.port);
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(credentials) = &self.credentials {
            request += &format!("Proxy-Authorization: Basic {}\r\n", BASE64.encode(credentials.as_bytes()));
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).await.map_err(|it| it.to_string())?;
        stream.flush().await.map_err(|it| it.to_string())?;
        let mut head = Vec::new();
        // One at a time: what comes after the empty line is the page's host's.
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                _ if head.len() == LONGEST => return Err(format!("its answer is longer than {} KiB", LONGEST >> 10)),
                Ok(byte) => head.push(byte),
                Err(_) if head.is_empty() => return Err("it closed the connection without an answer".to_owned()),
                Err(error) => return Err(format!("its answer is not whole: {error}")),
            }
        }
        let line = head.split(|it| *it == b'\r').next().unwrap_or_default();
        let said = visible_start(line, 100);
        let words: Vec<&str> = said.split(' ').collect();
        match words.as_slice() {
            // RFC 9110 §9.3.6: any 2xx opens the tunnel.
            [version, status, ..] if version.starts_with("HTTP/1.") && status.len() == 3 && status.starts_with('2') => {
                Ok(())
            }
            [version, ..] if version.starts_with("HTTP/1.") => Err(format!("it refused: {said}")),
            _ => Err(format!("what it says is no HTTP: {said}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_and_shown_without_its_password() {
        let read = |text: &str| text.parse::<Proxy>().map(|it| (it.to_string(), it.credentials));
        assert_eq!(read("proxy.example:3128"), Ok(("proxy.example:3128".to_owned(), None)));
        assert_eq!(read("http://proxy.example"), Ok(("proxy.example:1080".to_owned(), None)));
        let with = read("http://me:p%40ss@[2001:db8::1]:8080/");
        assert_eq!(with, Ok(("[2001:db8::1]:8080".to_owned(), Some("me:p@ss".to_owned()))));
        assert!(!format!("{:?}", "http://me:secret@a:1".parse::<Proxy>()).contains("secret"));
        for (text, says) in
            [("socks5://a:1", "another kind (socks5)"), ("https://a", "another kind"), ("http://", "no host")]
        {
            assert!(read(text).expect_err(text).contains(says), "{text}");
        }
    }
}
