//! Real protocol servers and clients, written once on the seam of [`crate::net`].
pub mod acme;
mod ahead;
pub mod browser;
pub mod cache;
pub mod cors;
pub mod dhcp;
pub mod dns;
pub mod echo;
pub mod exchange;
pub mod grade;
pub mod h3;
pub mod happy_eyeballs;
pub mod http;
pub mod messages;
pub mod models;
pub mod mutual;
mod parting;
pub mod permits;
pub mod pool;
pub mod quic;
pub mod site;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod trace;
pub mod transfer;
pub mod visit;
mod wait;
pub mod websocket;
pub mod work;
pub mod x509;

pub use wait::{Crowd, Heard, Member, both, while_heard, within};
