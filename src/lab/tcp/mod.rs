//! TCP of a lab host: RFC 9293 and what a current host adds to it, without IO, with the time passed in.
#![allow(dead_code, reason = "hosts run on it when it is whole")]
mod congestion;
mod connection;
pub(crate) mod decision;
mod delayed_ack;
mod inbox;
mod info;
mod isn;
mod options;
mod outbox;
pub(crate) mod output;
pub(crate) mod reason;
mod segment;
mod sender;
mod seq;
mod settings;
pub(crate) mod stack;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use info::TcpInfo;
pub use settings::{Congestion, Ecn, KeepAlive, LossDetection, SocketOptions, SynCookies, TcpSettings};
pub use state::State;
