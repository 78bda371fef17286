//! The store: what is kept (RFC 9111 §3), what may be used again (§4), how it is freshened (§4.3.4) and made invalid (§4.4).
use std::collections::BTreeMap;

use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};

use super::age::{HEURISTIC, Lifetime, initial, is_understood, lifetime};
use super::directives::Directives;
use super::kept::{without_connection, without_restricted};
use super::verdict::Verdict;
use crate::services::http::{Request, Response};

/// Responses at the most; the one used longest ago goes first.
const MOST: usize = 1000;

/// For whom a cache keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For one user: a browser's.
    Private,
    /// For many: a proxy's, a CDN's.
    Shared,
}

/// A cache.
#[derive(Debug)]
pub struct Cache {
    kind: Kind,
    stored: BTreeMap<String, Vec<Stored>>,
    uses: u64,
}

/// A response that is kept.
#[derive(Clone, Debug)]
struct Stored {
    response: Response,
    /// The fields of the request that Vary names, with their values.
    selected: Vec<(String, String)>,
    received: u64,
    initial_age: u64,
    used: u64,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What the asker gets.
    pub response: Response,
    pub kept: bool,
    pub why: String,
}

impl Stored {
    fn age(&self, now: u64) -> u64 {
        self.initial_age.saturating_add(now.saturating_sub(self.received))
    }

    /// RFC 9111 §4.1: the same values in every field that Vary names.
    fn fits(&self, request: &Request) -> bool {
        self.selected.iter().all(|(name, value)| name != "*" && normal(&request.header(name)) == *value)
    }

    fn etag(&self) -> Option<String> {
        Some(self.response.header("etag")).filter(|it| !it.is_empty())
    }

    /// RFC 9111 §5.1: an answer from a cache says how old it is.
    fn answer(&self, now: u64) -> Response {
        self.response.clone().with("age", &self.age(now).to_string())
    }
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, stored: BTreeMap::new(), uses: 0 }
    }

    /// How many responses are kept.
    #[must_use]
    pub fn size(&self) -> usize {
        self.stored.values().map(Vec::len).sum()
    }

    /// What to do with a request.
    pub fn look_up(&mut self, request: &Request, now: u64) -> Verdict {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Verdict::Forward { why: format!("{} goes to the origin (RFC 9111 §4)", request.method) };
        }
        if request.headers.contains_key("range") {
            return Verdict::Forward { why: "ranges are not kept here (RFC 9111 §3.3)".to_owned() };
        }
        let asks = Directives::of(&request.headers);
        self.uses += 1;
        let (kind, uses) = (self.kind, self.uses);
        let kept = self.stored.get_mut(&request.path);
        let there = kept.as_ref().is_some_and(|it| !it.is_empty());
        let Some(stored) = kept.and_then(|it| it.iter_mut().rfind(|it| it.fits(request))) else {
            return missing(&asks, there);
        };
        stored.used = uses;
        judged(kind, stored, request, &asks, now)
    }

    /// The answer that came to a request that went out; `asked` and `now` are when it went and came.
    pub fn take(&mut self, request: &Request, mut response: Response, asked: u64, now: u64) -> Taken {
        without_connection(&mut response.headers);
        if !is_safe(&request.method) {
            let why = self.invalidate(request, &response);
            return Taken { response, kept: false, why };
        }
        if response.status == StatusCode::NOT_MODIFIED && self.freshen(request, &response, asked, now) {
            let stored = self.stored.get(&request.path).and_then(|all| all.iter().rfind(|it| it.fits(request)));
            if let Some(stored) = stored {
                let why = "304: what is stored is fresh again, with the fields of the answer (RFC 9111 §4.3.4)";
                return Taken { response: answered(stored, request, now), kept: true, why: why.to_owned() };
            }
        }
        match may_keep(self.kind, request, &response, now) {
            Err(why) => Taken { response, kept: false, why },
            Ok(why) => {
                self.keep(request, response.clone(), asked, now);
                Taken { response, kept: true, why }
            }
        }
    }

    /// RFC 5861 §4: what may be served in place of an error, and for how long it has been stale.
    #[must_use]
    pub fn instead_of_error(&self, request: &Request, now: u64) -> Option<Response> {
        let stored = self.stored.get(&request.path)?.iter().rfind(|it| it.fits(request))?;
        let says = Directives::of(&stored.response.headers);
        let window = says.seconds("stale-if-error").or(Directives::of(&request.headers).seconds("stale-if-error"))?;
        let stale = staleness(self.kind, stored, now);
        (stale <= window && must_ask(self.kind, &says).is_none()).then(|| stored.answer(now))
    }

    /// What of a stored response forbids to serve it once it is stale, where there is one: without an answer from behind, the asker
    /// gets an error (RFC 9111 §5.2.2.2).
    #[must_use]
    pub fn must_be_asked(&self, request: &Request) -> Option<&'static str> {
        let stored = self.stored.get(&request.path)?.iter().rfind(|it| it.fits(request))?;
        must_ask(self.kind, &Directives::of(&stored.response.headers))
    }

    fn keep(&mut self, request: &Request, mut response: Response, asked: u64, now: u64) {
        without_restricted(self.kind, &mut response.headers);
        let selected =
            varied(&response).into_iter().map(|name| (name.clone(), normal(&request.header(&name)))).collect();
        self.uses += 1;
        let stored =
            Stored { initial_age: initial(&response, asked, now), received: now, selected, used: self.uses, response };
        let all = self.stored.entry(request.path.clone()).or_default();
        all.retain(|it| !it.fits(request) || it.selected.iter().any(|(name, _)| name == "*"));
        all.push(stored);
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.size() > MOST {
            let oldest =
                self.stored.iter().flat_map(|(path, all)| all.iter().map(move |it| (it.used, path.clone()))).min();
            let Some((used, path)) = oldest else { return };
            if let Some(all) = self.stored.get_mut(&path) {
                all.retain(|it| it.used != used);
            }
            self.stored.retain(|_, all| !all.is_empty());
        }
    }

    /// RFC 9111 §4.3.4: the stored response that a 304 is about gets its fields, and is as young as it.
    fn freshen(&mut self, request: &Request, response: &Response, asked: u64, now: u64) -> bool {
        let etag = response.header("etag");
        let Some(all) = self.stored.get_mut(&request.path) else { return false };
        let is_it = |it: &&mut Stored| match it.etag() {
            Some(own) if !etag.is_empty() => weak_match(&own, &etag),
            _ => it.fits(request),
        };
        let Some(stored) = all.iter_mut().filter(|it| it.fits(request)).rfind(is_it) else { return false };
        for name in response.headers.keys() {
            if !matches!(name.as_str(), "content-length" | "content-encoding" | "content-type" | "content-range") {
                stored.response.headers.remove(name);
                for value in response.headers.get_all(name) {
                    stored.response.headers.append(name.clone(), value.clone());
                }
            }
        }
        without_restricted(self.kind, &mut stored.response.headers);
        if !response.headers.contains_key("age") {
            stored.response.headers.remove("age");
        }
        (stored.initial_age, stored.received) = (initial(response, asked, now), now);
        true
    }

    /// RFC 9111 §4.4: an unsafe method that worked makes what is stored of its target invalid, and of where it points.
    fn invalidate(&mut self, request: &Request, response: &Response) -> String {
        let worked = response.status.is_success() || response.status.is_redirection();
        if !worked {
            return format!("{} did not work: what is stored stays (RFC 9111 §4.4)", request.method);
        }
        let mut paths = vec![request.path.clone()];
        // A path is of the same origin; another origin's must not be touched.
        paths.extend(
            ["location", "content-location"].iter().map(|it| response.header(it)).filter(|it| it.starts_with('/')),
        );
        let gone: usize = paths.iter().filter_map(|path| self.stored.remove(path)).map(|it| it.len()).sum();
        match gone {
            0 => format!("{} is unsafe; nothing was stored (RFC 9111 §4.4)", request.method),
            gone => format!("{} is unsafe: {gone} stored made invalid (RFC 9111 §4.4)", request.method),
        }
    }
}

/// RFC 9110 §9.2.1.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

fn missing(asks: &Directives, there: bool) -> Verdict {
    if asks.has("only-if-cached") {
        let why = "only-if-cached, and nothing fits: 504 (RFC 9111 §5.2.1.7)".to_owned();
        return Verdict::Refuse { response: Response::new(StatusCode::GATEWAY_TIMEOUT), why };
    }
    let why = if there {
        "what is stored was for other values of the fields that Vary names (RFC 9111 §4.1)"
    } else {
        "nothing is stored (RFC 9111 §4)"
    };
    Verdict::Forward { why: why.to_owned() }
}

/// RFC 9111 §4.2.4: who says that nothing stale may be served.
fn must_ask(kind: Kind, says: &Directives) -> Option<&'static str> {
    match () {
        () if says.is_whole("no-cache") => Some("no-cache (RFC 9111 §5.2.2.4)"),
        () if says.has("must-revalidate") => Some("must-revalidate (RFC 9111 §5.2.2.2)"),
        () if kind == Kind::Shared && says.has("proxy-revalidate") => Some("proxy-revalidate (RFC 9111 §5.2.2.8)"),
        // §5.2.2.10: it means proxy-revalidate as well.
        () if kind == Kind::Shared && says.has("s-maxage") => Some("s-maxage (RFC 9111 §5.2.2.10)"),
        () => None,
    }
}

fn staleness(kind: Kind, stored: &Stored, now: u64) -> u64 {
    stored.age(now).saturating_sub(lifetime(kind, &stored.response, stored.received).seconds)
}

/// What a stored response that fits is good for.
fn judged(kind: Kind, stored: &Stored, request: &Request, asks: &Directives, now: u64) -> Verdict {
    let says = Directives::of(&stored.response.headers);
    let (age, fresh) = (stored.age(now), lifetime(kind, &stored.response, stored.received));
    let ask = |why: String| match asks.has("only-if-cached") {
        true => missing(asks, true),
        false => Verdict::Validate { request: conditional(request, stored), why },
    };
    if says.is_whole("no-cache") {
        return ask("no-cache: stored, and asked before each use (RFC 9111 §5.2.2.4)".to_owned());
    }
    if asks.has("no-cache") {
        return ask("the client says no-cache (RFC 9111 §5.2.1.4)".to_owned());
    }
    let limit = asks.seconds("max-age").map_or(fresh.seconds, |it| it.min(fresh.seconds));
    let wanted = age.saturating_add(asks.seconds("min-fresh").unwrap_or(0));
    // §4.2: fresh while the lifetime is greater than the age.
    if limit > wanted {
        let why = format!("fresh: {age} s old, good for {} s by {} (RFC 9111 §4.2)", fresh.seconds, fresh.by);
        return Verdict::Fresh { response: answered(stored, request, now), why };
    }
    if fresh.seconds > age {
        return ask(format!("{age} s old is too old for this client (RFC 9111 §5.2.1)"));
    }
    match allowed_stale(kind, &says, asks, age - fresh.seconds) {
        Some((why, behind)) => Verdict::Stale {
            response: answered(stored, request, now),
            why,
            behind: behind.then(|| conditional(request, stored)),
        },
        None => ask(stale(age, fresh, must_ask(kind, &says))),
    }
}

fn stale(age: u64, fresh: Lifetime, must: Option<&str>) -> String {
    let must = must.map_or_else(String::new, |it| format!("; {it}"));
    format!("stale: {age} s old, good for {} s by {} (RFC 9111 §4.2){must}", fresh.seconds, fresh.by)
}

/// RFC 9111 §4.2.4: why something stale may be served, and whether the origin is asked behind it.
fn allowed_stale(kind: Kind, says: &Directives, asks: &Directives, stale: u64) -> Option<(String, bool)> {
    if must_ask(kind, says).is_some() {
        return None;
    }
    if asks.max_stale().is_some_and(|most| stale <= most) {
        return Some((format!("{stale} s stale, which the client takes: max-stale (RFC 9111 §5.2.1.2)"), false));
    }
    let window = says.seconds("stale-while-revalidate")?;
    let why = || format!("{stale} s stale, within stale-while-revalidate={window} (RFC 5861 §3)");
    // A client that says how old an answer may be wants none that is older.
    (stale <= window && !asks.has("max-age") && !asks.has("min-fresh")).then(|| (why(), true))
}

/// RFC 9111 §4.3.2: a client that has the same already hears only that.
fn answered(stored: &Stored, request: &Request, now: u64) -> Response {
    let answer = stored.answer(now);
    let same = match request.headers.contains_key("if-none-match") {
        true => stored.etag().is_some_and(|own| listed(&request.header("if-none-match"), &own)),
        false => {
            let since = super::date::read(&request.header("if-modified-since"));
            let modified = super::date::read(&stored.response.header("last-modified"));
            since.zip(modified).is_some_and(|(since, modified)| modified <= since)
        }
    };
    if !same {
        return answer;
    }
    let mut brief = Response { status: StatusCode::NOT_MODIFIED, headers: answer.headers, body: Default::default() };
    brief.headers.remove("content-length");
    brief
}

/// RFC 9110 §13.1.2: `*`, or a list that holds it by weak comparison.
pub(in crate::services) fn listed(list: &str, etag: &str) -> bool {
    list.trim() == "*" || list.split(',').any(|it| weak_match(it, etag))
}

/// RFC 9110 §8.8.3.2.
pub(super) fn weak_match(one: &str, other: &str) -> bool {
    let opaque = |it: &str| it.trim().strip_prefix("W/").unwrap_or(it.trim()).to_owned();
    opaque(one) == opaque(other)
}

/// RFC 9111 §4.3.1: the request with what the stored response can be recognised by.
fn conditional(request: &Request, stored: &Stored) -> Request {
    let mut asked = request.clone();
    for name in ["if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range"] {
        asked.headers.remove(name);
    }
    let modified = stored.response.header("last-modified");
    if let Some(etag) = stored.etag() {
        asked = asked.with("if-none-match", &etag);
    }
    if modified.is_empty() { asked } else { asked.with("if-modified-since", &modified) }
}

/// The fields that Vary names, in lower case; `*` is one.
fn varied(response: &Response) -> Vec<String> {
    response.header("vary").split(',').map(|it| it.trim().to_ascii_lowercase()).filter(|it| !it.is_empty()).collect()
}

/// RFC 9111 §4.1: white space does not tell requests apart.
fn normal(value: &str) -> String {
    value.split(',').map(str::trim).collect::<Vec<_>>().join(",")
}

/// RFC 9111 §3: whether a response may be kept, and why.
fn may_keep(kind: Kind, request: &Request, response: &Response, now: u64) -> Result<String, String> {
    let (asks, says) = (Directives::of(&request.headers), Directives::of(&response.headers));
    let no = |why: &str| Err(format!("not kept: {why}"));
    match () {
        () if request.method != Method::GET => return no("only answers to GET are (RFC 9111 §3)"),
        () if !is_understood(response.status) => return no("its status is a part or no answer (RFC 9111 §3)"),
        () if says.has("no-store") => return no("no-store (RFC 9111 §5.2.2.5)"),
        () if asks.has("no-store") => return no("the client says no-store (RFC 9111 §5.2.1.5)"),
        () if kind == Kind::Shared && says.is_whole("private") => return no("private (RFC 9111 §5.2.2.7)"),
        () if varied(response).iter().any(|it| it == "*") => return no("Vary: * fits no request (RFC 9111 §4.1)"),
        () => {}
    }
    if kind == Kind::Shared && request.headers.contains_key("authorization") && !for_all(&says) {
        return no("the request had Authorization (RFC 9111 §3.5)");
    }
    let Lifetime { seconds, by } = lifetime(kind, response, now);
    let said = says.has("public") || says.has("private") && kind == Kind::Private || by != "nothing";
    if !said && !HEURISTIC.contains(&response.status.as_u16()) {
        return no("nothing says how long, and its status is none that is kept without (RFC 9111 §3)");
    }
    if seconds == 0 && !can_be_asked(&response.headers) {
        return no("it is never fresh, and nothing to ask with: no ETag, no Last-Modified");
    }
    Ok(format!("kept: good for {seconds} s by {by} (RFC 9111 §3, §4.2.1)"))
}

/// RFC 9111 §3.5: what lets a shared cache keep the answer to a request with Authorization.
fn for_all(says: &Directives) -> bool {
    ["public", "must-revalidate", "s-maxage"].iter().any(|it| says.has(it))
}

fn can_be_asked(headers: &HeaderMap) -> bool {
    headers.contains_key("etag") || headers.contains_key("last-modified")
}
