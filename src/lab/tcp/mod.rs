//! TCP of a lab host: RFC 9293 and what a current host adds to it, without IO, with the time passed in.
//!
//! ```text
//!                 stack ── who is it for: a connection, a listener, nobody? whose timer is due?
//!          ┌────────┴─────────┐
//!      connection          stack/listener ── SYN queue, accept queue, cookies
//!   arrives · opening
//!   acks · text · calls          segment, options   bytes <-> fields
//!   timers · probes · icmp       seq, isn           where counting begins, and how
//!   output ── every segment, with its reason
//!      │
//!      ├─ outbox    written, not acknowledged      ├─ inbox         arrived, not read; gaps; SACK blocks
//!      ├─ sender    what is lost, what may leave   ├─ delayed_ack   when to acknowledge
//!      └─ congestion  how fast                     └─ window        what is offered, what the peer offers
//! ```
//! Start reading at `connection/arrives.rs`, which is RFC 9293 §3.10.7.4, and at `connection/output.rs`. What leaves says why
//! (`reason`), what was decided is told (`decision`), and both are only put into words when somebody asks.
//!
//! Left out, because no host does it or nobody could see it: urgent data is read as any other; data in a SYN is sent again
//! after the handshake; buffers have the size the program or the host gave them, Linux would let them grow.
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
