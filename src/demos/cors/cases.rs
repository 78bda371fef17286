//! What the page asks, and what the API says to whom.
use super::browser::WWW;
use super::missing;
use crate::demos::Knobs;
use crate::services::cors::Fetch;
use crate::services::http::{Method, Request, Response, StatusCode};

/// The cases; `all` is one after another.
pub(super) const NAMES: [&str; 8] =
    ["all", "same-origin", "simple", "form-post", "json", "token", "delete", "credentials"];

/// One thing the page does.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) fetch: Fetch,
    /// It goes to the page's own origin.
    pub(super) own: bool,
    /// It is done twice: a permission may be kept.
    pub(super) again: bool,
}

/// The cases of a choice.
pub(super) fn of(choice: &str) -> Vec<Case> {
    NAMES.iter().skip(1).filter(|it| choice == "all" || choice == **it).map(|it| case(it)).collect()
}

fn case(name: &str) -> Case {
    let (get, post) = (Fetch::new(Method::GET, "/items"), Fetch::new(Method::POST, "/items"));
    let (name, fetch, own, again) = match name {
        "same-origin" => ("a GET of its own origin", Fetch::new(Method::GET, "/app.js"), true, false),
        "simple" => ("a plain GET of another origin", get, false, false),
        "form-post" => {
            ("a POST as a form sends it", post.with("content-type", "application/x-www-form-urlencoded"), false, false)
        }
        "json" => ("a POST with JSON", post.with("content-type", "application/json"), false, true),
        "token" => ("a GET with a token", get.with("authorization", "Bearer a-token"), false, true),
        "delete" => ("a DELETE, which the API does not allow", Fetch::new(Method::DELETE, "/items"), false, false),
        _ => ("a GET with the user's cookies", Fetch { credentials: true, ..get }, false, false),
    };
    Case { name, fetch, own, again }
}

/// What the API allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    origin: &'static str,
    credentials: bool,
    max_age: u64,
}

impl Policy {
    pub(super) fn of(knobs: &Knobs) -> Self {
        let (origin, credentials) = (knobs.choice("allow-origin"), knobs.choice("credentials") == "yes");
        Self { origin, credentials, max_age: knobs.time("max-age").as_secs() }
    }

    /// The API's answer.
    pub(super) fn answer(self, request: &Request) -> Response {
        let response = match request.method {
            Method::OPTIONS => Response::new(StatusCode::NO_CONTENT)
                .with("access-control-allow-methods", "GET, POST, PUT")
                .with("access-control-allow-headers", "content-type, authorization")
                .with("access-control-max-age", &self.max_age.to_string()),
            Method::GET if request.path == "/items" => Response::ok("application/json", "[\"a\", \"b\"]\n"),
            Method::POST => Response::new(StatusCode::CREATED).with("location", "/items/3"),
            Method::DELETE => Response::new(StatusCode::NO_CONTENT),
            _ => missing(),
        };
        let asks = request.header("origin");
        let allowed = match self.origin {
            "the-page" if asks == WWW => asks,
            "any" => "*".to_owned(),
            "another" => "http://partner.example".to_owned(),
            _ => return response,
        };
        // What differs by origin must be kept apart by caches (Fetch, "CORS protocol and HTTP caches").
        let response = response.with("access-control-allow-origin", &allowed).with("vary", "Origin");
        if self.credentials { response.with("access-control-allow-credentials", "true") } else { response }
    }
}
