//! The demos: each a file with a topology, knobs, a script and what it measures. No drawing, no protocol code.
mod acme;
mod anycast;
mod arp_ndp;
mod arrivals;
mod capture;
mod cert_chain;
mod chosen;
mod congestion_window;
mod connection_cost;
mod connection_pool;
mod cors;
mod dhcp;
mod dns_balance;
mod dns_cache;
mod dns_trace;
mod early_hints;
mod encapsulation;
pub mod export;
mod findings;
mod firewall;
mod flow_control;
mod frame;
mod handshake_timing;
mod head_of_line;
mod hpack;
mod http_caching;
mod http_versions;
mod internet;
mod keep_alive;
mod keepalive;
mod knob;
pub mod live;
mod mtls;
mod nagle;
mod name_servers;
mod nat;
mod packet_tour;
mod pmtu;
mod protocol_overhead;
mod quic_and_tcp;
mod quic_vs_tcp;
pub mod quoted;
mod retransmission;
mod round_trips;
mod routing;
mod security_headers;
mod slaac;
mod states;
pub mod subnet;
mod syn_queue;
mod tcp_close;
mod tcp_damage;
mod tcp_echo;
mod tcp_handshake;
mod tcp_vs_udp;
mod three_layers;
mod timeouts;
mod tls_handshake;
mod tls_performance;
mod traceroute;
mod transfer;
mod web;
mod workload;

use std::collections::BTreeMap;

pub use export::Export;
pub use findings::PACKETS_LOST;
pub use knob::{Form, Knob, KnobError, KnobKind, Knobs, Value};
pub use live::Live;

use crate::recording::{Intervention, Recording, Run};

/// An experiment a learner can run: knobs in, a [`Recording`] out.
pub struct Demo {
    /// The command line's and lessons' name: `tcp-vs-udp`.
    pub name: &'static str,
    pub title: &'static str,
    /// What there is to see, in one or two sentences.
    pub about: &'static str,
    /// The chapters it belongs to: `W1`.
    pub chapters: &'static [&'static str],
    /// How it also runs on real sockets, where it does.
    pub live: Option<Live>,
    pub knobs: &'static [Knob],
    /// What it writes for other programs, beside the tables that every run gives.
    pub exports: &'static [Export],
    /// The view to open with: `sequence`, `packets`, `waterfall`, `topology`, `chart`, `table`, `states`,
    /// `steps`.
    pub view: &'static str,
    /// Runs in the lab, to the end. The same arguments give the same recording.
    pub run: fn(&Knobs, &Setup) -> Recording,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Demo({})", self.name)
    }
}

/// What, besides the knobs, decides a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    pub seed: u64,
    pub interventions: Vec<Intervention>,
}

impl Setup {
    /// What reproduces a run of that demo with this setup.
    fn run_of(&self, demo: &Demo, knobs: &Knobs) -> Run {
        Run {
            demo: demo.name.to_owned(),
            knobs: knobs.as_text(),
            seed: self.seed,
            interventions: self.interventions.clone(),
            live: None,
        }
    }
}

/// Why a demo cannot be run; the message says what can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error("there is no demo `{name}`: the demos are {known}")]
    NoDemo { name: String, known: String },
    #[error("this run was made live, on real sockets: nothing makes it again")]
    Live,
    #[error("{demo}: {source}")]
    Knob { demo: &'static str, source: KnobError },
}

/// Every demo, in the order of the curriculum.
#[must_use]
pub fn all() -> &'static [&'static Demo] {
    &[
        &encapsulation::DEMO,
        &three_layers::DEMO,
        &tcp_vs_udp::DEMO,
        &tcp_echo::DEMO,
        &packet_tour::DEMO,
        &tcp_handshake::DEMO,
        &tcp_damage::DEMO,
        &tcp_close::DEMO,
        &syn_queue::DEMO,
        &connection_pool::DEMO,
        &flow_control::DEMO,
        &nagle::DEMO,
        &retransmission::DEMO,
        &congestion_window::DEMO,
        &timeouts::DEMO,
        &keepalive::DEMO,
        &connection_cost::DEMO,
        &subnet::DEMO,
        &arp_ndp::DEMO,
        &slaac::DEMO,
        &dhcp::DEMO,
        &routing::DEMO,
        &traceroute::DEMO,
        &pmtu::DEMO,
        &nat::DEMO,
        &firewall::DEMO,
        &anycast::DEMO,
        &dns_trace::DEMO,
        &dns_cache::DEMO,
        &dns_balance::DEMO,
        &tls_handshake::DEMO,
        &cert_chain::DEMO,
        &handshake_timing::DEMO,
        &hpack::DEMO,
        &http_versions::DEMO,
        &protocol_overhead::DEMO,
        &keep_alive::DEMO,
        &http_caching::DEMO,
        &cors::DEMO,
        &early_hints::DEMO,
        &mtls::DEMO,
        &acme::DEMO,
        &security_headers::DEMO,
        &tls_performance::DEMO,
        &head_of_line::DEMO,
        &quic_vs_tcp::DEMO,
    ]
}

/// The demo of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Demo> {
    all().iter().find(|demo| demo.name == name).copied()
}

/// Runs the demo of that name with settings as the command line and content write them; the rest stay at their defaults.
///
/// # Errors
/// When there is no such demo or knob, or a setting cannot be.
pub fn run(name: &str, settings: &BTreeMap<String, String>, setup: &Setup) -> Result<Recording, RunError> {
    let demo = find(name).ok_or_else(|| RunError::NoDemo {
        name: name.to_owned(),
        known: all().iter().map(|demo| demo.name).collect::<Vec<_>>().join(", "),
    })?;
    let settings = settings.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let knobs = Knobs::with(demo.knobs, settings).map_err(|source| RunError::Knob { demo: demo.name, source })?;
    Ok((demo.run)(&knobs, setup))
}

/// Runs again what a [`Recording`] was made by.
///
/// # Errors
/// As [`run`].
pub fn replay(of: &Run) -> Result<Recording, RunError> {
    if of.live.is_some() {
        return Err(RunError::Live);
    }
    let setup = Setup { seed: of.seed, interventions: of.interventions.clone() };
    run(&of.demo, &of.knobs, &setup)
}
