//! How old a stored response is, and how long it is fresh (RFC 9111 §4.2).
use hyper::StatusCode;

use super::date;
use super::directives::{Directives, MOST_SECONDS};
use super::store::Kind;
use crate::services::http::Response;

/// Statuses that may be kept without a word about it (RFC 9110 §15.1); 206 is not, as ranges are not kept here.
pub(super) const HEURISTIC: [u16; 11] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];

/// How long a response is fresh, and what says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    pub(super) seconds: u64,
    pub(super) by: &'static str,
}

/// RFC 9111 §4.2.1: the first of these that is there.
pub(super) fn lifetime(kind: Kind, response: &Response, received: u64) -> Lifetime {
    let directives = Directives::of(&response.headers);
    if kind == Kind::Shared
        && let Some(seconds) = directives.seconds("s-maxage")
    {
        return Lifetime { seconds, by: "s-maxage" };
    }
    if let Some(seconds) = directives.seconds("max-age") {
        return Lifetime { seconds, by: "max-age" };
    }
    let sent = date::read(&response.header("date")).unwrap_or(received);
    if response.headers.contains_key("expires") {
        // §5.3: what is no date, `0` above all, is in the past.
        let until = date::read(&response.header("expires")).unwrap_or(0);
        return Lifetime { seconds: until.saturating_sub(sent).min(MOST_SECONDS), by: "Expires" };
    }
    heuristic(response, &directives, sent)
}

/// RFC 9111 §4.2.2: a tenth of how long it had not been modified, where nothing is said.
fn heuristic(response: &Response, directives: &Directives, sent: u64) -> Lifetime {
    let known = HEURISTIC.contains(&response.status.as_u16()) || directives.has("public");
    match date::read(&response.header("last-modified")) {
        Some(modified) if known => Lifetime {
            seconds: (sent.saturating_sub(modified) / 10).min(MOST_SECONDS),
            by: "a tenth of Date - Last-Modified",
        },
        _ => Lifetime { seconds: 0, by: "nothing" },
    }
}

/// RFC 9111 §4.2.3: its age when it came, by its Date, by what caches before have said, and by how long the answer took.
pub(super) fn initial(response: &Response, asked: u64, received: u64) -> u64 {
    let apparent = date::read(&response.header("date")).map_or(0, |sent| received.saturating_sub(sent));
    let age: u64 = response.header("age").split(',').next().and_then(|it| it.trim().parse().ok()).unwrap_or(0);
    let corrected = age.saturating_add(received.saturating_sub(asked));
    apparent.max(corrected).min(MOST_SECONDS)
}

/// Whether a status is one that this cache understands in full (RFC 9111 §3): what is final and no part.
pub(super) fn is_understood(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::PARTIAL_CONTENT && status != StatusCode::NOT_MODIFIED
}
