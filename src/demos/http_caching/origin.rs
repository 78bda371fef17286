//! The origin: a resource for each case, which has versions, is read, written, made and deleted, and answers conditional requests.
use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::services::cache::date;
use crate::services::http::{Method, Request, Response, StatusCode};

/// How a case's resource answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// Fields of every answer.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) etag: Etag,
    /// A version was last modified this long before the run, in seconds, where it says so.
    pub(super) modified_before: Option<u64>,
}

/// What a version is recognised by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Etag {
    #[default]
    None,
    Strong,
    Weak,
}

/// A resource.
#[derive(Clone, Debug, Default)]
struct Resource {
    rules: Rules,
    version: u32,
    gone: bool,
    broken: bool,
}

/// What the origin saw: method, path, what conditions there were, and what it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SawOne {
    pub(super) path: String,
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) bytes: usize,
}

/// The origin's resources and what it saw.
#[derive(Debug, Default)]
pub(super) struct Origin {
    resources: RefCell<BTreeMap<String, Resource>>,
    saw: RefCell<Vec<SawOne>>,
}

impl Origin {
    /// Sets up a case's resource.
    pub(super) fn add(&self, path: &str, rules: &Rules) {
        let resource = Resource { rules: rules.clone(), version: 1, ..Resource::default() };
        self.resources.borrow_mut().insert(path.to_owned(), resource);
    }

    /// A new version, as an editor would make it.
    pub(super) fn change(&self, path: &str) {
        if let Some(resource) = self.resources.borrow_mut().get_mut(path) {
            resource.version += 1;
        }
    }

    /// From now on it answers 503, or no longer does.
    pub(super) fn set_broken(&self, path: &str, broken: bool) {
        if let Some(resource) = self.resources.borrow_mut().get_mut(path) {
            resource.broken = broken;
        }
    }

    /// The version there is.
    pub(super) fn version(&self, path: &str) -> u32 {
        self.resources.borrow().get(path).map_or(0, |it| it.version)
    }

    /// What it saw since it was last asked.
    pub(super) fn told(&self) -> Vec<SawOne> {
        self.saw.take()
    }

    /// Answers a request; `now` is in seconds since 1970.
    pub(super) fn answer(&self, request: &Request, now: u64) -> Response {
        let response = self.decide(request, now);
        let condition = ["if-none-match", "if-modified-since", "if-match"].iter().find_map(|name| {
            let value = request.header(name);
            (!value.is_empty()).then(|| format!(", {name}: {value}"))
        });
        let written = format!("{} {}{}", request.method, request.path, condition.unwrap_or_default());
        let (status, bytes) = (response.status.as_u16(), response.body.len());
        self.saw.borrow_mut().push(SawOne { path: request.path.clone(), request: written, status, bytes });
        response
    }

    fn decide(&self, request: &Request, now: u64) -> Response {
        let mut resources = self.resources.borrow_mut();
        let Some(resource) = resources.get_mut(&request.path) else { return Response::new(StatusCode::NOT_FOUND) };
        if resource.broken {
            return Response::new(StatusCode::SERVICE_UNAVAILABLE);
        }
        if resource.gone && request.method != Method::PUT {
            return Response::new(StatusCode::NOT_FOUND).with("date", &date::written(now));
        }
        match request.method {
            Method::GET | Method::HEAD => resource.read(request, now),
            Method::PUT => resource.write(request, now),
            Method::DELETE => {
                resource.gone = true;
                Response::new(StatusCode::NO_CONTENT)
            }
            // RFC 9110 §9.3.3: what was made is told by Location.
            Method::POST => Response::new(StatusCode::CREATED).with("location", &request.path),
            _ => Response::new(StatusCode::METHOD_NOT_ALLOWED).with("allow", "GET, HEAD, PUT, POST, DELETE"),
        }
    }
}

impl Resource {
    fn etag(&self, request: &Request) -> String {
        // What differs by language is another representation, and has another tag (RFC 9110 §8.8.3).
        let language = request.header("accept-language");
        match self.rules.etag {
            Etag::None => String::new(),
            Etag::Strong => format!("\"v{}{language}\"", self.version),
            Etag::Weak => format!("W/\"v{}{language}\"", self.version),
        }
    }

    fn dressed(&self, response: Response, request: &Request, now: u64) -> Response {
        let mut response = response.with("date", &date::written(now));
        for (name, value) in &self.rules.fields {
            response = response.with(name, value);
        }
        let etag = self.etag(request);
        if !etag.is_empty() {
            response = response.with("etag", &etag);
        }
        match self.rules.modified_before {
            Some(before) => response
                .with("last-modified", &date::written(now.saturating_sub(now % 1_000_000).saturating_sub(before))),
            None => response,
        }
    }

    fn read(&self, request: &Request, now: u64) -> Response {
        let language = request.header("accept-language");
        let mut body = format!("version {} {language}\n", self.version);
        body.push_str(&".".repeat(1000));
        let whole = self.dressed(Response::ok("text/plain", body), request, now);
        let (etag, modified) = (whole.header("etag"), date::read(&whole.header("last-modified")));
        let same = match request.header("if-none-match") {
            list if !list.is_empty() => !etag.is_empty() && list.split(',').any(|it| weak(it) == weak(&etag)),
            // RFC 9110 §13.1.3: counts only without If-None-Match.
            _ => date::read(&request.header("if-modified-since")).zip(modified).is_some_and(|(since, it)| it <= since),
        };
        if same { self.dressed(Response::new(StatusCode::NOT_MODIFIED), request, now) } else { whole }
    }

    /// RFC 9110 §13.1.1: with If-Match only over the version that is named, by strong comparison.
    fn write(&mut self, request: &Request, now: u64) -> Response {
        let wanted = request.header("if-match");
        let own = self.etag(request);
        let named = wanted.split(',').map(str::trim).any(|it| it == "*" || it == own && !own.starts_with("W/"));
        if !wanted.is_empty() && !named {
            return Response::new(StatusCode::PRECONDITION_FAILED);
        }
        (self.version, self.gone) = (self.version + 1, false);
        self.dressed(Response::new(StatusCode::NO_CONTENT), request, now)
    }
}

/// What weak comparison compares (RFC 9110 §8.8.3.2).
fn weak(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/")
}
