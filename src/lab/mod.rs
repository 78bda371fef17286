//! The embedded internet: a virtual clock and executor, links, switches, routers, hosts, taps.
//!
//! No wall clock, no thread, no socket: the same seed and knobs give the same bytes at the same nanosecond.
//!
//! ```text
//! Lab (build) ─> World (world): nodes + links + agenda ─> Driver (run) ─> Recording
//!                  Host      programs ─ sockets ─ TCP/UDP/IP ─ Interface ─┐
//!                  Router    routes ─ Interface (ARP, ND) of each network ┼─ Link: queue, rate, delay, loss
//!                  Outside   packets in and out (drive) ─ Interface ──────┤
//!                  Switch    MAC table ───────────────────────────────────┘
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use roundtrip::lab::{Lab, LinkOptions, Loss};
//! use roundtrip::recording::Run;
//!
//! let mut lab = Lab::new(1, &[]);
//! let client = lab.host("client").at(0, 0).address("10.0.0.1/24").add();
//! let sw = lab.switch("sw").at(1, 0).add();
//! let server = lab.host("server").at(2, 0).address("10.0.0.2/24").add();
//! let cable = LinkOptions::default().delay(Duration::from_millis(5)).rate(10_000_000);
//! lab.link(client, sw, cable.clone());
//! lab.link(sw, server, cable.loss(Loss::nth(9)));
//! let net = lab.net(client);
//! let rtt = lab.run(async move { net.ping([10, 0, 0, 2], Duration::from_secs(1)).await });
//! assert!(rtt.expect("it ends").expect("the server answers") > Duration::from_millis(20));
//! assert_eq!(lab.finish(Run::default()).topology.nodes.len(), 3);
//! ```
mod addresses;
mod advertise;
mod agenda;
mod balance;
mod build;
mod calls;
mod clamp;
mod control;
mod curves;
mod drive;
mod errors;
mod executor;
mod fault;
mod firewall;
mod frame;
mod hand;
mod host;
mod icmp;
mod interface;
mod ip;
mod link;
mod loss;
mod nat;
mod output;
mod outside;
mod path_mtu;
mod probe;
mod programs;
mod random;
mod reassembly;
mod redirect;
mod reset;
mod route;
mod router;
mod run;
mod sniff;
mod switch;
pub mod tcp;
mod world;

pub use advertise::AdvertiseOptions;
pub use balance::Balance;
pub use build::{HostBuilder, Lab, NodeId, OutsideBuilder, RouterBuilder, SwitchBuilder};
pub use control::Control;
pub use errors::IcmpErrors;
pub use fault::Fault;
pub use firewall::{Action, Firewall, Rule};
pub use hand::Hand;
pub use host::{HostOptions, Identifier};
pub use link::{CoDel, LinkOptions};
pub use loss::Loss;
pub(crate) use loss::{CHANCE, is_by_chance};
pub use nat::{Dependence, Forgotten, NatOptions};
pub use outside::Arrived;
pub use probe::{Answer, Probe, ProbeKind, Said};
pub(crate) use programs::errno;
pub use programs::{LabDatagrams, LabListener, LabNet, LabStream, Sleep};
pub(crate) use random::Dice;
pub use run::{LabError, Limits};

#[cfg(test)]
mod tests;
