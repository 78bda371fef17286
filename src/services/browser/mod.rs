//! What a browser decides by header fields, without IO: where to go over https only, what to run, who may frame, what to tell.
//!
//! A model of the published rules, for as much of them as the fields of one site need; no page is drawn and no script is run.
pub mod cookies;
pub mod csp;
pub mod hsts;
pub mod redirect;
pub mod referrer;
pub mod sniffing;

use crate::services::visit::Page;

/// Scheme, host and port are the same. RFC 6454 §5.
fn same_origin(one: &Page, other: &Page) -> bool {
    (one.secure, one.port) == (other.secure, other.port) && one.host.eq_ignore_ascii_case(&other.host)
}

/// `https://shop.example/`: the origin as Referer says it.
fn origin(page: &Page) -> Page {
    Page { path: "/".to_owned(), ..page.clone() }
}
