//! DHCP (RFC 2131): a host gets its address from a server, keeps it by renewing, and gives it back.
//!
//! ```text
//!  client                    server
//!    | DISCOVER (broadcast)    |     who has an address for me?
//!    |<- - - - - - - - - OFFER |     this one
//!    | REQUEST (broadcast)     |     I take that one: all servers hear it
//!    |<- - - - - - - - - - ACK |     yours for so long; renew at T1, ask anybody at T2
//! ```
mod client;
mod leases;
mod message;
mod relay;
mod server;
#[cfg(test)]
mod tests;

pub use client::{ClientOptions, run};
pub use leases::Pool;
pub use message::{Kind, Message};
pub use relay::relay;
pub use server::{ServerOptions, serve};

/// UDP ports of servers and relays, and of clients (RFC 2131 §4.1).
pub const SERVER_PORT: u16 = 67;
pub const CLIENT_PORT: u16 = 68;
/// More than any message here; longer ones are cut off and not understood.
const LARGEST: usize = 1500;
