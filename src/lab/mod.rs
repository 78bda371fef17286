//! The embedded internet: a virtual clock and executor, links, switches, routers, hosts, taps.
//!
//! No wall clock, no thread, no socket: the same seed and knobs give the same bytes at the same nanosecond.
//!
//! ```text
//! Lab (build) ─> World (world): nodes + links + agenda ─> Driver (run) ─> Recording
//!                  Host      programs ─ sockets ─ TCP/UDP/IP ─ ARP ─┐
//!                  Router    routes ─ ARP of each interface ────────┼─ Link: queue, rate, delay, loss
//!                  Switch    MAC table ─────────────────────────────┘
//! ```
mod agenda;
mod build;
mod executor;
mod frame;
mod host;
mod icmp;
mod interface;
mod link;
mod loss;
mod output;
mod programs;
mod random;
mod reason;
mod route;
mod router;
mod run;
mod sniff;
mod switch;
mod world;

pub use build::{HostBuilder, Lab, NodeId, RouterBuilder, SwitchBuilder};
pub use host::{CongestionControl, HostOptions};
pub use link::LinkOptions;
pub use loss::Loss;
pub use programs::{LabDatagrams, LabListener, LabNet, LabStream, Sleep};
pub use run::{LabError, Limits};

#[cfg(test)]
mod tests;
