//! The state machines of a run, from its state events: who is in which state at which instant, and who belongs together.
use std::collections::{BTreeMap, BTreeSet};

use crate::recording::{EventKind, Node, Recording, Time};

/// A state machine: one end of a TCP connection, a listener, or anything else that says so.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) node: usize,
    /// As its events call it: `tcp 10.0.0.1:49152 to 10.0.0.2:80`.
    pub(crate) name: String,
    /// The state before its first event.
    pub(crate) first: String,
    /// Its events, in order of time.
    pub(crate) moves: Vec<Move>,
}

/// A machine went to another state.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) at: Time,
    /// Index into the recording's events.
    pub(crate) event: usize,
    pub(crate) to: String,
}

/// All machines of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machines {
    /// In the order of their first event.
    pub(crate) all: Vec<Machine>,
    /// Those that belong together (the ends of a connection), by index; connections first.
    pub(crate) groups: Vec<Vec<usize>>,
    /// All moves in order of time: machine, and which of its moves.
    pub(crate) order: Vec<(usize, usize)>,
}

impl Machine {
    /// Its moves up to an instant.
    pub(crate) fn moved(&self, at: Time) -> usize {
        self.moves.partition_point(|it| it.at <= at)
    }

    /// Its state after so many moves.
    pub(crate) fn state_after(&self, moves: usize) -> &str {
        moves.checked_sub(1).and_then(|last| self.moves.get(last)).map_or(&self.first, |it| &it.to)
    }

    /// Its state at an instant.
    pub(crate) fn state(&self, at: Time) -> &str {
        self.state_after(self.moved(at))
    }

    /// `10.0.0.1:49152`, of `tcp 10.0.0.1:49152 to 10.0.0.2:80`.
    pub(crate) fn local(&self) -> &str {
        self.ends().map_or(self.name.as_str(), |(local, _)| local)
    }

    /// The ends it names, its own first.
    fn ends(&self) -> Option<(&str, &str)> {
        ends(&self.name)
    }

    /// Whether it is one end of a connection, and not a listener.
    pub(crate) fn is_connection(&self) -> bool {
        self.ends().is_some()
    }
}

/// The events of listeners that no connection of the run is about: a server's TCP socket where all ask over UDP.
pub(crate) fn idle(recording: &Recording) -> BTreeSet<usize> {
    let nodes = &recording.topology.nodes;
    let own = |node: &Node, ip: &str| {
        let mut all = node.interfaces.iter().flat_map(|it| &it.addresses);
        all.any(|it| it.to_string() == ip.trim_matches(['[', ']']))
    };
    // Who is spoken to at which port: by the machine of a node itself, or by its peer's.
    let mut met: BTreeSet<(usize, &str)> = BTreeSet::new();
    let states = || {
        recording.events.iter().enumerate().filter_map(|(index, it)| match &it.kind {
            EventKind::State { machine, .. } => Some((index, it.node, machine.as_str())),
            _ => None,
        })
    };
    let named: BTreeSet<(usize, &str)> = states().map(|(_, node, machine)| (node, machine)).collect();
    for (node, machine) in named {
        let Some((local, remote)) = ends(machine) else { continue };
        met.extend(local.rsplit_once(':').map(|(_, port)| (node, port)));
        let Some((ip, port)) = remote.rsplit_once(':') else { continue };
        met.extend(nodes.iter().enumerate().filter(|(_, it)| own(it, ip)).map(|(peer, _)| (peer, port)));
    }
    let is_idle = |node: usize, machine: &str| {
        let port = listens(machine).and_then(|it| it.rsplit_once(':'));
        port.is_some_and(|(_, port)| !met.contains(&(node, port)))
    };
    states().filter(|(_, node, machine)| is_idle(*node, machine)).map(|(index, ..)| index).collect()
}

/// Whether an event is of a machine that a view shows whatever else is in the run: no listener of TCP.
pub(crate) fn is_shown(event: &EventKind) -> bool {
    matches!(event, EventKind::State { machine, .. } if listens(machine).is_none())
}

/// The socket of a listener, by its name.
fn listens(machine: &str) -> Option<&str> {
    machine.strip_prefix("tcp ").filter(|it| !it.contains(" to "))
}

/// The ends a connection's name has, its own first.
fn ends(machine: &str) -> Option<(&str, &str)> {
    machine.split_once(' ')?.1.split_once(" to ")
}

impl Machines {
    /// All but those whose events are left out.
    pub(crate) fn of(recording: &Recording, left_out: &BTreeSet<usize>) -> Self {
        let mut found: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut machines = Self::default();
        for (event, it) in recording.events.iter().enumerate().filter(|(index, _)| !left_out.contains(index)) {
            let EventKind::State { machine, from, to } = &it.kind else { continue };
            let index = *found.entry((it.node, machine)).or_insert_with(|| {
                let (node, name, first) = (it.node, machine.clone(), from.clone());
                machines.all.push(Machine { node, name, first, moves: Vec::new() });
                machines.all.len() - 1
            });
            let moves = &mut machines.all[index].moves;
            machines.order.push((index, moves.len()));
            moves.push(Move { at: it.at, event, to: to.clone() });
        }
        machines.groups = groups(&machines.all);
        machines
    }

    /// Whether a state of that node must say which machine it is of: it has several connections.
    pub(crate) fn names_needed(&self, node: usize) -> bool {
        self.all.iter().filter(|it| it.node == node && it.is_connection()).nth(1).is_some()
    }

    /// Which of a node's connections this is: the end that only it has, as `port 49152`.
    pub(crate) fn short(&self, node: usize, name: &str) -> String {
        let own = || self.all.iter().filter(move |it| it.node == node);
        let Some((local, remote)) = own().find(|it| it.name == name).and_then(Machine::ends) else {
            return name.to_owned();
        };
        let shared = own().filter_map(Machine::ends).filter(|it| it.0 == local).nth(1).is_some();
        let end = if shared { remote } else { local };
        end.rsplit_once(':').map_or_else(|| end.to_owned(), |(_, port)| format!("port {port}"))
    }

    /// What a node decided, without the name of its only connection; of several, in short.
    pub(crate) fn decided(&self, node: usize, text: &str) -> String {
        let Some((name, words)) = text.split_once(": ") else { return text.to_owned() };
        if !self.all.iter().any(|it| it.node == node && it.name == name) {
            return text.to_owned();
        }
        if self.names_needed(node) { format!("{}: {words}", self.short(node, name)) } else { words.to_owned() }
    }

    /// What a node's machines are in, in a word or two; nothing when it has none.
    pub(crate) fn summary(&self, node: usize, at: Time) -> Option<String> {
        let own = || self.all.iter().filter(move |it| it.node == node);
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for state in own().filter(|it| it.is_connection()).map(|it| it.state(at)).filter(|it| *it != "CLOSED") {
            match counts.iter_mut().find(|(name, _)| *name == state) {
                Some((_, count)) => *count += 1,
                None => counts.push((state, 1)),
            }
        }
        match counts.as_slice() {
            [] => own().next().map(|_| {
                let listener = own().filter(|it| !it.is_connection()).map(|it| it.state(at)).find(|it| *it != "CLOSED");
                listener.unwrap_or("CLOSED").to_owned()
            }),
            [(state, 1)] => Some((*state).to_owned()),
            many => Some(many.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// The two ends of a connection name each other; whoever has no partner stands alone, after the connections.
fn groups(all: &[Machine]) -> Vec<Vec<usize>> {
    let mut by_ends: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut groups, mut alone): (Vec<Vec<usize>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (index, machine) in all.iter().enumerate() {
        let Some((local, remote)) = machine.ends() else {
            alone.push(vec![index]);
            continue;
        };
        let group = *by_ends.entry((local.min(remote), local.max(remote))).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(index);
    }
    groups.extend(alone);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Event;
    use crate::tui::views::fixture;

    fn recording() -> Recording {
        let mut run = fixture::prepared().recording().clone();
        let state = |at, node, machine: &str, from: &str, to: &str| {
            let kind = EventKind::State { machine: machine.into(), from: from.into(), to: to.into() };
            Event { at: Time(at), until: None, node, kind }
        };
        run.events = vec![
            state(0, 2, "tcp s:80", "CLOSED", "LISTEN"),
            state(1, 0, "tcp c:1 to s:80", "CLOSED", "SYN-SENT"),
            state(5, 2, "tcp s:80 to c:1", "LISTEN", "SYN-RECEIVED"),
            state(9, 0, "tcp c:1 to s:80", "SYN-SENT", "ESTABLISHED"),
            state(9, 0, "tcp c:2 to s:80", "CLOSED", "SYN-SENT"),
        ];
        run
    }

    #[test]
    fn the_ends_of_a_connection_belong_together() {
        let machines = Machines::of(&recording(), &BTreeSet::new());
        assert_eq!(machines.groups, [vec![1, 2], vec![3], vec![0]]);
        assert_eq!(machines.order, [(0, 0), (1, 0), (2, 0), (1, 1), (3, 0)]);
        assert_eq!(machines.all[1].local(), "c:1");
    }

    #[test]
    fn a_decision_names_its_connection_only_where_there_are_several() {
        let machines = Machines::of(&recording(), &BTreeSet::new());
        assert_eq!(machines.decided(2, "tcp s:80 to c:1: recovered"), "recovered");
        assert_eq!(machines.decided(0, "tcp c:1 to s:80: recovered"), "port 1: recovered");
        assert_eq!(machines.decided(0, "no route: dropped"), "no route: dropped");
    }

    #[test]
    fn a_node_says_what_its_machines_are_in() {
        let machines = Machines::of(&recording(), &BTreeSet::new());
        let at = |node, nanos| machines.summary(node, Time(nanos));
        assert_eq!(at(2, 0).as_deref(), Some("LISTEN"));
        assert_eq!(at(2, 6).as_deref(), Some("SYN-RECEIVED"));
        assert_eq!(at(0, 0).as_deref(), Some("CLOSED"));
        assert_eq!(at(0, 9).as_deref(), Some("1 ESTABLISHED, 1 SYN-SENT"));
        assert_eq!(at(1, 9), None, "a switch has none");
    }

    #[test]
    fn a_listener_nobody_connects_to_is_idle() {
        let trace = |transport: &str| {
            let knobs = [("transport".to_owned(), transport.to_owned())].into();
            crate::demos::run("dns-trace", &knobs, &crate::demos::Setup::default()).expect("it ships")
        };
        let heard = |run: &Recording| -> Vec<String> {
            let machines = Machines::of(run, &idle(run));
            let listeners = machines.all.iter().filter(|it| !it.is_connection());
            listeners.map(|it| run.node_name(it.node).to_owned()).collect()
        };
        let (udp, tcp) = (trace("udp"), trace("tcp"));
        assert!(udp.events.iter().any(|it| matches!(it.kind, EventKind::State { .. })), "all servers listen");
        assert_eq!(heard(&udp), Vec::<String>::new());
        assert_eq!(heard(&tcp), ["root-a", "tld-example", "ns1-shop"]);
        let fixture = recording();
        assert_eq!(idle(&fixture), BTreeSet::new());
    }
}
