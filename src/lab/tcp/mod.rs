//! TCP of a lab host: RFC 9293 and what a current host adds to it, without IO, with the time passed in.
#![allow(dead_code, reason = "hosts run on it when it is whole")]
mod congestion;
pub(crate) mod decision;
mod info;
pub(crate) mod output;
pub(crate) mod reason;
mod sender;
mod seq;
mod settings;
pub(crate) mod stack;
mod state;

pub use info::TcpInfo;
pub use settings::{Congestion, Ecn, KeepAlive, SocketOptions, SynCookies, TcpSettings};
pub use state::State;
