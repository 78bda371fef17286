//! Requests and responses as values, with whole bodies.
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

use crate::wire::text::visible_start;

/// More than this of a body is an error, not memory.
pub const BODY_LIMIT: usize = 16 << 20;
/// What somebody else wrote into a field is shown up to this length.
const SHOWN: usize = 200;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// Path and query: `/a?b=c`.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A GET of a path.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }
}

impl Response {
    /// A response without a body.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// 200 with a body of that type.
    #[must_use]
    pub fn ok(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::new(StatusCode::OK) }.with(CONTENT_TYPE.as_str(), content_type)
    }
}

impl Response {
    /// The same as a server of any version sends it: some statuses have no content (RFC 9110 §6.4.1), and a Content-Length must say
    /// nothing but the content's of 200 in 304, and must not be in 1xx and 204 (§8.6). Else the field is added where it is asked for.
    pub(in crate::services) fn framed(mut self, with_length: bool) -> Self {
        let status = self.status.as_u16();
        if matches!(status, 100..=199 | 204) {
            self.headers.remove(CONTENT_LENGTH);
        }
        if matches!(status, 100..=199 | 204 | 304) {
            self.body = Bytes::new();
        } else if with_length {
            self.headers.entry(CONTENT_LENGTH).or_insert(self.body.len().into());
        }
        self
    }
}

/// What a request and a response have alike.
macro_rules! message {
    ($kind:ty) => {
        impl $kind {
            /// The same with a field in place of those of that name. What cannot be a field (RFC 9110 §5.5) is left out.
            #[must_use]
            pub fn with(mut self, name: &str, value: &str) -> Self {
                if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                    self.headers.insert(name, value);
                }
                self
            }

            /// The same with a body.
            #[must_use]
            pub fn body(mut self, body: impl Into<Bytes>) -> Self {
                self.body = body.into();
                self
            }

            /// A field's value; several lines of one field are one list (RFC 9110 §5.3). Empty when there is none.
            #[must_use]
            pub fn header(&self, name: &str) -> String {
                let lines = self.headers.get_all(name).iter().map(|it| String::from_utf8_lossy(it.as_bytes()));
                lines.collect::<Vec<_>>().join(", ")
            }
        }
    };
}

message!(Request);
message!(Response);

/// Text of the other end as a person may see it.
pub(super) fn shown(text: &str) -> String {
    visible_start(text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_set_once_and_what_is_none_is_left_out() {
        let response = Response::ok("text/plain", "hi").with("etag", "\"1\"").with("ETag", "\"2\"");
        assert_eq!((response.header("etag"), response.header("vary")), ("\"2\"".to_owned(), String::new()));
        let odd = response.clone().with("no name", "x").with("x", "line\r\nbreak");
        assert_eq!(odd, response);
    }
}
