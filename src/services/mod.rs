//! Real protocol servers and clients, written once on the seam of [`crate::net`].
pub mod dns;
pub mod echo;
pub mod grade;
pub mod http;
pub mod messages;
#[cfg(test)]
mod tests;
mod wait;

pub use wait::{both, within};
