//! What the site answers: pages that show what a client did, and pages to try it on.
use std::cell::OnceCell;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};

use super::way::{Way, fields};
use crate::net::Net;
use crate::services::cache::{date, listed};
use crate::services::http::{BODY_LIMIT, Request, Response};
use crate::services::tls::Ground;

/// Each path, and what is there.
pub const PATHS: [(&str, &str); 9] = [
    ("/", "a page with a style sheet and a picture, which says how it came"),
    ("/connection", "how the request came, as JSON: version, suite, key exchange, resumed, early, client certificate"),
    ("/headers", "the request's fields as they arrived"),
    ("/etag", "a page to be asked for again before each use (no-cache), with an ETag"),
    ("/cacheable", "a page that is good for a minute, with ETag and Last-Modified"),
    ("/bytes?n=100000", "so many bytes, 16 MiB at the most"),
    ("/slow?ms=500", "an answer after so long, a minute at the most"),
    ("/redirect?n=3", "so many redirects, then /"),
    ("/echo", "what is sent with POST or PUT comes back"),
];

const TEXT: &str = "text/plain; charset=utf-8";
const STYLE: &str = "body { font: 16px sans-serif; margin: 2em; max-width: 50em }\npre { background: #eee; color: #111; padding: 1em }\n";
const PICTURE: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='240' height='60'>\
<path d='M20 15 H220 M220 15 l-8 -5 v10 z M220 45 H20 M20 45 l8 -5 v10 z' stroke='#36c' fill='#36c' stroke-width='3'/></svg>\n";
/// The longest an answer is thought about, in milliseconds.
const SLOWEST: u64 = 60_000;
/// The longest chain of redirects: longer than any client follows.
const REDIRECTS: u64 = 1000;

/// The pages.
pub(super) struct Pages<N> {
    net: N,
    ground: Ground,
    port: u16,
    /// When the site was started, in seconds since 1970.
    began: u64,
    /// What `/bytes` sends: made once, shared by all answers.
    filler: OnceCell<Bytes>,
}

impl<N: Net> Pages<N> {
    pub(super) fn new(net: &N, ground: &Ground, port: u16) -> Self {
        let began = ground.now().as_secs();
        Self { net: net.clone(), ground: ground.clone(), port, began, filler: OnceCell::new() }
    }

    /// The port of the site.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Answers a request that came this way.
    pub(super) async fn answer(&self, way: &Way, request: &Request) -> Response {
        // RFC 8470 §5.2: what is not safe to do twice waits for the handshake.
        let response = if way.early && !request.method.is_safe() {
            text(StatusCode::TOO_EARLY, "this could be a replay: send it again once the handshake is over\n")
        } else {
            self.page(way, request).await
        };
        // RFC 9110 §6.6.1: a server with a clock says when it answered.
        response.with("date", &date::written(self.ground.now().as_secs()))
    }

    async fn page(&self, way: &Way, request: &Request) -> Response {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let allowed: &[Method] =
            if path == "/echo" { &[Method::POST, Method::PUT] } else { &[Method::GET, Method::HEAD] };
        if !allowed.contains(&request.method) {
            let allow = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
            return text(StatusCode::METHOD_NOT_ALLOWED, &format!("{path} takes {allow}\n")).with("allow", &allow);
        }
        let found = match path {
            "/" => Ok(Response::ok("text/html; charset=utf-8", index(way))),
            "/style.css" => Ok(Response::ok("text/css", STYLE)),
            "/picture.svg" => Ok(Response::ok("image/svg+xml", PICTURE)),
            "/connection" => Ok(Response::ok("application/json", format!("{}\n", way.json()))),
            "/headers" => Ok(Response::ok(TEXT, fields(&request.headers))),
            "/echo" => Ok(Response::ok("application/octet-stream", request.body.clone())),
            "/etag" => Ok(unless_known(
                request,
                page("a page to be asked for again before each use").with("cache-control", "no-cache"),
            )),
            "/cacheable" => Ok(unless_known(request, self.cacheable())),
            "/bytes" => number(query, "n", BODY_LIMIT as u64).map(|it| self.bytes(it.unwrap_or(100_000))),
            "/slow" => self.slow(query).await,
            "/redirect" => number(query, "n", REDIRECTS).map(|it| redirect(it.unwrap_or(1))),
            _ => Err(text(StatusCode::NOT_FOUND, "there is no such page; / names them all\n")),
        };
        found.unwrap_or_else(|refused| refused)
    }

    fn cacheable(&self) -> Response {
        let modified = date::written(self.began);
        page("a page that is good for a minute")
            .with("cache-control", "public, max-age=60")
            .with("last-modified", &modified)
    }

    fn bytes(&self, length: u64) -> Response {
        let filler = self.filler.get_or_init(|| Bytes::from(vec![b'.'; BODY_LIMIT]));
        let length = usize::try_from(length).map_or(BODY_LIMIT, |it| it.min(BODY_LIMIT));
        Response::ok("application/octet-stream", filler.slice(..length)).with("cache-control", "no-store")
    }

    async fn slow(&self, query: &str) -> Result<Response, Response> {
        let ms = number(query, "ms", SLOWEST)?.unwrap_or(500);
        self.net.sleep(Duration::from_millis(ms)).await;
        Ok(Response::ok(TEXT, format!("after {ms} ms\n")).with("cache-control", "no-store"))
    }
}

fn text(status: StatusCode, text: &str) -> Response {
    Response { status, ..Response::ok(TEXT, text.to_owned()) }
}

/// A page that can be recognised.
fn page(about: &str) -> Response {
    Response::ok(TEXT, format!("{about}\n")).with("etag", "\"1\"")
}

fn redirect(left: u64) -> Response {
    let to = if left > 1 { format!("/redirect?n={}", left - 1) } else { "/".to_owned() };
    text(StatusCode::FOUND, &format!("{left} to go\n")).with("location", &to)
}

/// RFC 9110 §13.2.2: the page, or 304 where the client has the same already.
fn unless_known(request: &Request, page: Response) -> Response {
    let known = match request.header("if-none-match") {
        list if !list.is_empty() => listed(&list, &page.header("etag")),
        // RFC 9110 §13.1.3: counts only without If-None-Match.
        _ => date::read(&request.header("if-modified-since"))
            .zip(date::read(&page.header("last-modified")))
            .is_some_and(|(since, modified)| modified <= since),
    };
    if !known {
        return page;
    }
    let mut brief = Response { headers: page.headers, ..Response::new(StatusCode::NOT_MODIFIED) };
    brief.headers.remove("content-type");
    brief
}

/// A number of a query, which is none, or no larger than `most`.
fn number(query: &str, name: &str, most: u64) -> Result<Option<u64>, Response> {
    let Some((_, value)) = query.split('&').filter_map(|it| it.split_once('=')).find(|(it, _)| *it == name) else {
        return Ok(None);
    };
    let read = value.parse().ok().filter(|it| *it <= most);
    let refused = || text(StatusCode::BAD_REQUEST, &format!("{name} is a whole number from 0 to {most}\n"));
    read.map(Some).ok_or_else(refused)
}

/// The first page.
fn index(way: &Way) -> String {
    let links: String = PATHS
        .iter()
        .map(|(path, what)| format!("<li><a href=\"{}\">{}</a>: {}\n", escaped(path), escaped(path), escaped(what)))
        .collect();
    let came = serde_json::to_string_pretty(&way.json()).unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Roundtrip's lab</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<h1>Roundtrip's lab</h1>\n\
         <img src=\"/picture.svg\" alt=\"a round trip\" width=\"240\" height=\"60\">\n\
         <p>This page came so:</p>\n<pre id=\"way\">{}</pre>\n<ul>\n{links}</ul>\n",
        escaped(&came)
    )
}

/// Text in a page of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
