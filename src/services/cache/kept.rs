//! What of a message's fields a cache passes on and keeps (RFC 9111 §3.1).
use hyper::header::{HeaderMap, HeaderName};

use super::directives::Directives;
use super::store::Kind;

/// RFC 9110 §7.6.1: fields of one connection, besides those that Connection names.
const OF_A_CONNECTION: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// Takes out what was meant for one connection.
pub(super) fn without_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all("connection")
        .iter()
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
}

/// Takes out the fields that the directives keep from a store of that kind: `private="set-cookie"` from a shared one (§5.2.2.7),
/// and `no-cache="set-cookie"` from each, so that none is used without asking (§5.2.2.4).
pub(super) fn without_restricted(kind: Kind, headers: &mut HeaderMap) {
    let says = Directives::of(headers);
    let private = if kind == Kind::Shared { says.fields("private") } else { Vec::new() };
    for name in private.into_iter().chain(says.fields("no-cache")) {
        headers.remove(name.as_str());
    }
}
