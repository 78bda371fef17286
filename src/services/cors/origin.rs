//! An origin: scheme, host and port (RFC 6454 §4).
use std::fmt;

/// Who a page is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of a URL without a path: `http://www.shop.example:8080`. None for what is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let standard = Self::standard(&scheme)?;
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !host.ends_with(':') => (host, port.parse().ok()?),
            _ => (rest, standard),
        };
        let plain = !host.is_empty() && host.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it));
        plain.then(|| Self { scheme, host: host.to_ascii_lowercase(), port })
    }

    fn standard(scheme: &str) -> Option<u16> {
        match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        }
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// RFC 6454 §6.2: without the port where it is the scheme's own.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if Self::standard(&self.scheme) == Some(self.port) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheme_host_and_port_make_an_origin_and_no_two_of_them_do() {
        let read = |text: &str| Origin::read(text).expect("an origin");
        assert_eq!(read("http://Shop.example:80"), read("HTTP://shop.example"));
        let all =
            ["http://shop.example", "https://shop.example", "http://www.shop.example", "http://shop.example:8080"];
        for (index, one) in all.iter().enumerate() {
            assert_eq!(read(one).to_string(), *one);
            assert!(all.iter().skip(index + 1).all(|other| read(one) != read(other)));
        }
        for none in
            ["", "null", "shop.example", "ftp://shop.example", "http://", "http://a:x", "http://a/b", "http://a\x1b[2J"]
        {
            assert_eq!(Origin::read(none), None, "{none}");
        }
    }
}
