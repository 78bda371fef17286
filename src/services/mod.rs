//! Real protocol servers and clients, written once on the seam of [`crate::net`].
pub mod dhcp;
pub mod dns;
pub mod echo;
pub mod exchange;
pub mod grade;
pub mod http;
pub mod messages;
pub mod models;
pub mod permits;
pub mod pool;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod trace;
pub mod transfer;
mod wait;
pub mod work;

pub use wait::{Crowd, Member, both, within};
