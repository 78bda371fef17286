//! What is asked for where a redirect leads: method, content and fields. WHATWG, Fetch, "HTTP-redirect fetch"; RFC 9110 §15.4.
//! Referer is left to whoever sends the next request, which has the policy.
use super::same_origin;
use crate::services::http::{Method, Request};
use crate::services::visit::Page;

/// Fields about content, which go with it (Fetch, "request-body-header name").
const OF_CONTENT: [&str; 4] = ["content-encoding", "content-language", "content-location", "content-type"];
/// Fields that whoever sends the next request writes anew (RFC 9110 §15.4).
const OF_THE_SENDER: [&str; 4] = ["content-length", "cookie", "host", "referer"];

/// The request that follows an answer of this status, from one page to another.
#[must_use]
pub fn redirected(mut request: Request, status: u16, from: &Page, to: &Page) -> Request {
    let becomes_get = match status {
        301 | 302 => request.method == Method::POST,
        303 => ![Method::GET, Method::HEAD].contains(&request.method),
        _ => false,
    };
    let mut gone = OF_THE_SENDER.to_vec();
    if becomes_get {
        gone.extend(OF_CONTENT);
        request = Request { headers: request.headers, ..Request::get("/") };
    }
    // Fetch: credentials that were given for one origin are not for another.
    if !same_origin(from, to) {
        gone.push("authorization");
    }
    for name in gone {
        request.headers.remove(name);
    }
    Request { path: to.path.clone(), ..request }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(status: u16, method: Method, to: &str) -> Request {
        let page = |text: &str| text.parse::<Page>().expect("a page");
        let request =
            Request::new(method, "/login").with("content-type", "text/plain").with("authorization", "Bearer x");
        let request = request.with("accept", "*/*").with("cookie", "a=1").body("secret");
        redirected(request, status, &page("https://shop.example/login"), &page(to))
    }

    #[test]
    fn a_post_becomes_a_get_by_301_302_and_303_and_stays_one_by_307_and_308() {
        for (status, method, kept) in [
            (301, Method::POST, false),
            (302, Method::POST, false),
            (303, Method::POST, false),
            (307, Method::POST, true),
            (308, Method::POST, true),
            (301, Method::PUT, true),
            (302, Method::DELETE, true),
            (303, Method::PUT, false),
            (303, Method::HEAD, true),
        ] {
            let next = to(status, method.clone(), "https://shop.example/done?x");
            let wanted = if kept { method.clone() } else { Method::GET };
            assert_eq!((next.method, next.path.as_str()), (wanted, "/done?x"), "{status} {method}");
            assert_eq!(
                (next.body.is_empty(), next.headers.contains_key("content-type")),
                (!kept, kept),
                "{status} {method}"
            );
            assert_eq!(next.headers["accept"], "*/*");
            assert!(!next.headers.contains_key("cookie"));
        }
    }

    #[test]
    fn what_proves_who_asks_goes_to_no_other_origin() {
        for (location, goes) in
            [("https://shop.example/a", true), ("http://shop.example/a", false), ("https://other.example/login", false)]
        {
            assert_eq!(to(307, Method::POST, location).headers.contains_key("authorization"), goes, "{location}");
        }
    }
}
