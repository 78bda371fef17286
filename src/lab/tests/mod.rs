//! Whole small internets: what their programs, their packets and their clocks do.
mod control;
mod ends;
mod forged;
mod ipv6;
mod layers;
mod outside;
mod pieces;
mod queues;
mod redirects;
mod runs;
mod tcp;

use std::net::SocketAddr;
use std::time::Duration;

use crate::lab::{HostOptions, Lab, LabNet, LinkOptions, NodeId};
use crate::recording::{EventKind, Recording, Run};

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

pub(super) fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address with a port")
}

/// Two hosts and a cable between them.
pub(super) struct Pair {
    pub(super) lab: Lab,
    pub(super) client: LabNet,
    pub(super) server: LabNet,
}

/// `client` (10.0.0.1) and `server` (10.0.0.2) on one cable; everybody knows everybody's MAC address.
pub(super) fn pair(options: LinkOptions) -> Pair {
    let pair = strangers(options);
    pair.lab.introduce_everybody();
    pair
}

/// The same, before anybody has asked who has which address.
pub(super) fn strangers(options: LinkOptions) -> Pair {
    pair_of(7, HostOptions::default(), options)
}

pub(super) fn pair_of(seed: u64, server: HostOptions, options: LinkOptions) -> Pair {
    let mut lab = Lab::new(seed, &[]);
    let (client, server) = two_hosts(&mut lab, server);
    lab.link(client, server, options);
    Pair { client: lab.net(client), server: lab.net(server), lab }
}

pub(super) fn two_hosts(lab: &mut Lab, server: HostOptions) -> (NodeId, NodeId) {
    let client = lab.host("client").at(0, 0).address("10.0.0.1/24").add();
    let server = lab.host("server").at(1, 0).address("10.0.0.2/24").options(server).add();
    (client, server)
}

/// The run's packets as lines: when, from whom, what, and why.
pub(super) fn story(recording: &Recording) -> String {
    let lines = recording.packets.iter().map(|it| {
        let from = &recording.topology.nodes[it.from].name;
        let reason = it.reason.as_deref().unwrap_or("?");
        let lost = if it.arrived.is_none() { " LOST" } else { "" };
        format!("{:>10} {from}: {}{lost} <- {reason}", it.at.to_string(), it.summary)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What happened inside one node, as lines.
pub(super) fn diary(recording: &Recording, name: &str) -> String {
    let node = recording.node(name).expect("a node of that name");
    let lines = recording.events.iter().filter(|it| it.node == node).map(|it| {
        let until = it.until.map_or(String::new(), |until| format!(" until {until}"));
        let text = match &it.kind {
            EventKind::Call { call, result } => format!("{call} {result}"),
            EventKind::State { machine, from, to } => format!("{machine}: {from} to {to}"),
            EventKind::Decision { text } => format!("({text})"),
            EventKind::Note { text } => format!("note: {text}"),
        };
        format!("{:>10}{until} {text}", it.at.to_string())
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn finish(lab: Lab) -> Recording {
    lab.finish(Run::default())
}
