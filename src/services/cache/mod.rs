//! A cache of HTTP (RFC 9111), private or shared, sans-IO: what it may answer itself, what it asks, what it keeps, each with the reason.
//!
//! ```text
//! look_up(request, now) ─> Fresh | Stale, and to be asked behind it | Validate | Forward | Refuse
//!      the origin's answer ─> take(..): kept, or freshens what is kept (304), or makes it invalid
//! ```
//! Time is an argument, in seconds since 1970. Ranges are forwarded and never kept (RFC 9111 §3.3 asks no more).
mod age;
pub mod date;
mod directives;
mod kept;
mod node;
mod store;
#[cfg(test)]
mod tests;
mod verdict;

pub use directives::Directives;
pub use node::{Caching, Hop, Origin, Upstream};
pub(in crate::services) use store::listed;
pub use store::{Cache, Kind, Taken};
pub use verdict::Verdict;
