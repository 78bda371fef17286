//! What a browser does with a request to another origin (the CORS protocol of WHATWG's Fetch), sans-IO: whether it asks first,
//! what it asks, and whether the page may read the answer.
mod cache;
mod origin;

pub use cache::{Grant, Preflights};
pub use origin::Origin;

use std::collections::BTreeSet;

use crate::services::http::{Method, Request, Response};

/// What a page asks its browser for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    pub method: Method,
    pub path: String,
    /// The fields that the page sets, not those of the browser.
    pub fields: Vec<(String, String)>,
    /// Whether cookies go with it (`credentials: "include"`).
    pub credentials: bool,
}

/// Content types a form can send: they need no permission.
const FORM_TYPES: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
/// Bytes of all safe values together.
const MOST_SAFE: usize = 1024;

impl Fetch {
    /// A fetch without fields of its own.
    #[must_use]
    pub fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), fields: Vec::new(), credentials: false }
    }

    /// The same with a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The fields that need permission (Fetch, "CORS-unsafe request-header names"), sorted.
    #[must_use]
    pub fn unsafe_fields(&self) -> BTreeSet<String> {
        let all = self.fields.iter().map(|(name, value)| (name, value, is_safelisted(name, value)));
        // Fetch: safe values count up to 1024 bytes together.
        let safe: usize = all.clone().filter(|it| it.2).map(|it| it.1.len()).sum();
        all.filter(|it| !it.2 || safe > MOST_SAFE).map(|it| it.0.clone()).collect()
    }

    /// Whether a form or an image could send as much: then it goes out at once.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        is_safelisted_method(&self.method) && self.unsafe_fields().is_empty()
    }

    /// The request itself, as the page of that origin makes it.
    #[must_use]
    pub fn request(&self, from: &Origin, to: &Origin) -> Request {
        let mut request = Request::new(self.method.clone(), self.path.clone());
        for (name, value) in &self.fields {
            request = request.with(name, value);
        }
        if self.credentials {
            request = request.with("cookie", "session=of-the-user");
        }
        // Fetch: Origin goes with every request to another origin, and with what may change something.
        let tells = from != to || !matches!(self.method, Method::GET | Method::HEAD);
        if tells { request.with("origin", &from.to_string()) } else { request }
    }

    /// The question before it (Fetch, "CORS-preflight fetch"): without the user's cookies.
    #[must_use]
    pub fn preflight(&self, from: &Origin) -> Request {
        let fields: Vec<String> = self.unsafe_fields().into_iter().collect();
        let asked = Request::new(Method::OPTIONS, self.path.clone())
            .with("origin", &from.to_string())
            .with("access-control-request-method", self.method.as_str());
        if fields.is_empty() { asked } else { asked.with("access-control-request-headers", &fields.join(",")) }
    }
}

/// Fetch, "CORS-safelisted method".
fn is_safelisted_method(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::POST)
}

/// Fetch, "CORS-safelisted request-header": what a form could send.
fn is_safelisted(name: &str, value: &str) -> bool {
    if value.len() > 128 {
        return false;
    }
    match name {
        "accept" => !value.bytes().any(is_unsafe),
        "accept-language" | "content-language" => {
            value.bytes().all(|it| it.is_ascii_alphanumeric() || b" *,-.;=".contains(&it))
        }
        "content-type" => {
            let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            FORM_TYPES.contains(&essence.as_str()) && !value.bytes().any(is_unsafe)
        }
        "range" => is_simple_range(value),
        _ => false,
    }
}

/// Fetch, "CORS-unsafe request-header byte".
fn is_unsafe(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f || b"\"():<>?@[\\]{}".contains(&byte)
}

/// Fetch, "parse a single range header value": one range that says where it begins.
fn is_simple_range(value: &str) -> bool {
    let Some((from, to)) = value.strip_prefix("bytes=").and_then(|it| it.split_once('-')) else { return false };
    let number = |it: &str| it.bytes().all(|it| it.is_ascii_digit()).then(|| it.parse::<u64>().ok());
    match (number(from), number(to)) {
        (Some(Some(from)), Some(to)) => to.is_none_or(|to| from <= to),
        _ => false,
    }
}

/// Fetch, "CORS check": whether the page may read an answer.
///
/// # Errors
/// Why it may not.
pub fn check(from: &Origin, credentials: bool, response: &Response) -> Result<(), String> {
    let allowed = response.header("access-control-allow-origin");
    match allowed.as_str() {
        "" => return Err("the answer has no Access-Control-Allow-Origin".to_owned()),
        "*" if credentials => return Err("with cookies `*` is no answer: the origin must be named".to_owned()),
        "*" => return Ok(()),
        named if named != from.to_string() => return Err(format!("it allows {named}, and the page is of {from}")),
        _ => {}
    }
    if credentials && response.header("access-control-allow-credentials") != "true" {
        return Err("with cookies it must say Access-Control-Allow-Credentials: true".to_owned());
    }
    Ok(())
}

/// Whether an answer to a preflight lets the request go (Fetch, "CORS-preflight fetch").
///
/// # Errors
/// Why it may not go.
pub fn check_preflight(from: &Origin, fetch: &Fetch, response: &Response) -> Result<Grant, String> {
    check(from, fetch.credentials, response)?;
    if !response.status.is_success() {
        return Err(format!("the preflight was answered {}: it must be a 2xx", response.status.as_u16()));
    }
    let list = |name: &str| -> BTreeSet<String> {
        response.header(name).split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
    };
    let grant = Grant {
        methods: list("access-control-allow-methods"),
        fields: list("access-control-allow-headers").iter().map(|it| it.to_ascii_lowercase()).collect(),
        seconds: Grant::seconds(&response.header("access-control-max-age")),
    };
    grant.covers(fetch).map(|()| grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::http::StatusCode;

    fn page() -> Origin {
        Origin::read("http://www.shop.example").expect("an origin")
    }

    fn answer(fields: &[(&str, &str)]) -> Response {
        fields.iter().fold(Response::new(StatusCode::NO_CONTENT), |it, (name, value)| it.with(name, value))
    }

    #[test]
    fn what_a_form_can_send_is_simple_and_json_or_a_token_is_not() {
        let post = |kind: &str| Fetch::new(Method::POST, "/").with("Content-Type", kind);
        assert!(Fetch::new(Method::GET, "/").with("accept", "text/html").is_simple());
        assert!(post("text/plain;charset=utf-8").is_simple() && post("multipart/form-data; boundary=x").is_simple());
        assert!(!post("application/json").is_simple() && !Fetch::new(Method::PUT, "/").is_simple());
        assert!(!Fetch::new(Method::GET, "/").with("authorization", "x").is_simple());
        let with = |name: &str, value: &str| Fetch::new(Method::GET, "/").with(name, value).is_simple();
        assert!(!with("accept", &"x".repeat(129)) && !with("accept", "a(b)") && !with("accept-language", "en\"x\""));
        assert!(with("accept-language", "en-GB,en;q=0.8") && !post("text/plain; a={b}").is_simple());
        assert!(with("range", "bytes=0-") && with("range", "bytes=5-9") && !with("range", "bytes=-500"));
        assert!(!with("range", "bytes=9-5") && !with("range", "bytes=0-1,3-4") && !with("range", "lines=1-"));
        let many = (0..9).fold(Fetch::new(Method::GET, "/"), |it, _| it.with("accept", &"x".repeat(128)));
        assert!(!many.is_simple(), "1152 bytes of them");
    }

    #[test]
    fn a_preflight_names_the_method_and_the_fields_in_order_and_has_no_cookie() {
        let mut fetch = Fetch::new(Method::PUT, "/a").with("X-Two", "2").with("authorization", "x").with("accept", "x");
        fetch.credentials = true;
        let asked = fetch.preflight(&page());
        assert_eq!(asked.header("access-control-request-headers"), "authorization,x-two");
        assert_eq!(
            (asked.header("access-control-request-method").as_str(), asked.header("cookie").as_str()),
            ("PUT", "")
        );
    }

    #[test]
    fn the_page_may_read_what_names_its_origin_and_with_cookies_nothing_less() {
        let star = answer(&[("access-control-allow-origin", "*")]);
        let named = answer(&[("access-control-allow-origin", "http://www.shop.example")]);
        let both = named.clone().with("access-control-allow-credentials", "true");
        assert!(check(&page(), false, &star).is_ok() && check(&page(), false, &named).is_ok());
        assert!(check(&page(), true, &star).is_err() && check(&page(), true, &named).is_err());
        assert!(check(&page(), true, &both).is_ok() && check(&page(), false, &answer(&[])).is_err());
        for other in ["http://shop.example", "https://www.shop.example", "http://www.shop.example/", "null"] {
            assert!(check(&page(), false, &answer(&[("access-control-allow-origin", other)])).is_err(), "{other}");
        }
    }

    #[test]
    fn a_grant_covers_what_it_names_and_a_star_no_token_and_nothing_with_cookies() {
        let fetch = Fetch::new(Method::PUT, "/").with("x-id", "1");
        let grant = |fetch: &Fetch, methods: &str, fields: &str| {
            let says = [
                ("access-control-allow-origin", "http://www.shop.example"),
                ("access-control-allow-credentials", "true"),
            ];
            let response = answer(&says).with("access-control-allow-methods", methods);
            check_preflight(&page(), fetch, &response.with("access-control-allow-headers", fields)).is_ok()
        };
        assert!(grant(&fetch, "GET, PUT", "X-Id") && grant(&fetch, "*", "*"));
        assert!(!grant(&fetch, "put", "x-id"), "methods are told apart by case");
        assert!(!grant(&fetch, "PUT", "") && !grant(&fetch, "", "x-id"));
        let token = fetch.clone().with("authorization", "x");
        assert!(!grant(&token, "*", "*") && grant(&token, "*", "*, Authorization"));
        let cookies = Fetch { credentials: true, ..fetch };
        assert!(!grant(&cookies, "*", "*") && grant(&cookies, "PUT", "x-id"));
    }
}
