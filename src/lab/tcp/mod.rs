//! TCP of a lab host: RFC 9293 and what a current host adds to it, without IO, with the time passed in.
mod info;
mod settings;
mod state;

pub use info::TcpInfo;
pub use settings::{Congestion, Ecn, KeepAlive, SocketOptions, SynCookies, TcpSettings};
pub use state::State;
