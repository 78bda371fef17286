//! What the kernel knows of each connection of a live run, read again and again: curves, and the states it went through.
use std::net::SocketAddr;
use std::time::Duration;

use crate::net::host::Kernel;
use crate::net::{State, TcpInfo};
use crate::quantity::Unit;
use crate::recording::{Event, EventKind, Series, Time};

/// Connections that are followed; of more there would be more curves than a chart can show.
const MOST_CONNECTIONS: usize = 16;

/// Points a curve keeps.
const MOST_POINTS: usize = 10_000;

/// What is read off a connection, as the curve is called, and its unit.
type Reading = (&'static str, Unit, fn(&TcpInfo) -> Option<i64>);

const READINGS: [Reading; 9] = [
    ("cwnd", Unit::Bytes, |it| (it.cwnd > 0).then_some(it.cwnd.into())),
    ("ssthresh", Unit::Bytes, |it| it.ssthresh.map(Into::into)),
    ("in flight", Unit::Bytes, |it| it.in_flight.map(Into::into)),
    ("srtt", Unit::Nanoseconds, |it| it.srtt.map(nanos)),
    ("rto", Unit::Nanoseconds, |it| Some(nanos(it.rto)).filter(|rto| *rto > 0)),
    ("send queue", Unit::Bytes, |it| it.send_queue.map(Into::into)),
    ("receive queue", Unit::Bytes, |it| it.receive_queue.map(Into::into)),
    ("receive window", Unit::Bytes, |it| it.window.map(Into::into)),
    ("peer's window", Unit::Bytes, |it| it.peer_window.map(Into::into)),
];

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// The connections, and the way to ask for them.
pub(super) struct Sampler {
    /// `None` where the system does not say.
    kernel: Option<Kernel>,
    nodes: Vec<&'static str>,
    connections: Vec<Connection>,
}

struct Connection {
    node: usize,
    /// Which one of its node, from 1.
    number: usize,
    local: SocketAddr,
    peer: SocketAddr,
    /// As it was read last; `None` before the first time, when it was none.
    state: Option<State>,
    over: bool,
    curves: [Vec<(Time, i64)>; READINGS.len()],
}

impl Sampler {
    pub(super) fn new(nodes: &[&'static str]) -> Self {
        Self { kernel: Kernel::open().ok(), nodes: nodes.to_vec(), connections: Vec::new() }
    }

    /// Follows a connection from now on.
    pub(super) fn follow(&mut self, node: usize, local: SocketAddr, peer: SocketAddr) {
        if self.connections.len() < MOST_CONNECTIONS {
            let number = 1 + self.connections.iter().filter(|it| it.node == node).count();
            let curves = Default::default();
            self.connections.push(Connection { node, number, local, peer, state: None, over: false, curves });
        }
    }

    /// Whether there was any connection.
    pub(super) fn has_followed(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Reads all connections once; gives the changes of state.
    pub(super) fn sample(&mut self, now: Time) -> Vec<Event> {
        let Some(kernel) = &mut self.kernel else { return Vec::new() };
        let mut changes = Vec::new();
        for connection in self.connections.iter_mut().filter(|it| !it.over) {
            match kernel.ask(connection.local, connection.peer) {
                Ok(info) => changes.extend(connection.read(now, &info)),
                Err(_) => changes.extend(connection.ended(now)),
            }
        }
        changes
    }

    /// The curves until now.
    pub(super) fn take(&mut self, now: Time) -> Vec<Series> {
        let connections = std::mem::take(&mut self.connections);
        connections.into_iter().flat_map(|it| it.series(now, &self.nodes)).collect()
    }
}

impl Connection {
    fn read(&mut self, now: Time, info: &TcpInfo) -> Option<Event> {
        let change = self.moved(now, info.state);
        if info.state == State::TimeWait {
            // Nothing but the name of a connection is left; the next read would say the same for a minute.
            self.over = true;
            return change;
        }
        for ((_, _, value), curve) in READINGS.iter().zip(&mut self.curves) {
            push(curve, now, value(info));
        }
        change
    }

    fn ended(&mut self, now: Time) -> Option<Event> {
        self.over = true;
        self.moved(now, State::Closed)
    }

    fn moved(&mut self, now: Time, to: State) -> Option<Event> {
        // Before it was followed there was none (RFC 9293 §3.3.2); what it went through until then nobody has read.
        let from = self.state.replace(to).unwrap_or(State::Closed);
        if from == to {
            return None;
        }
        let machine = format!("tcp {} to {}", self.local, self.peer);
        let kind = EventKind::State { machine, from: from.name().to_owned(), to: to.name().to_owned() };
        Some(Event { at: now, until: None, node: self.node, kind })
    }

    fn series(self, now: Time, nodes: &[&str]) -> Vec<Series> {
        let node = nodes.get(self.node).copied().unwrap_or_default();
        // As the lab names its curves.
        let which = if self.number == 1 { String::new() } else { format!("/{}", self.number) };
        let over = self.over;
        let curves = READINGS.iter().zip(self.curves).filter(|(_, points)| !points.is_empty());
        curves
            .map(|((name, unit, _), mut points)| {
                if !over {
                    hold(&mut points, now);
                }
                Series { name: format!("{node}{which} {name}"), unit: *unit, points }
            })
            .collect()
    }
}

/// A value that stayed is kept at its first and its last instant.
fn push(curve: &mut Vec<(Time, i64)>, now: Time, value: Option<i64>) {
    let Some(value) = value else { return };
    if curve.len() >= MOST_POINTS {
        return;
    }
    match curve.as_mut_slice() {
        [.., (_, before), (at, last)] if *before == value && *last == value => *at = now,
        _ => curve.push((now, value)),
    }
}

/// The last value holds until now.
fn hold(curve: &mut Vec<(Time, i64)>, now: Time) {
    let last = curve.last().map(|(_, value)| *value);
    push(curve, now, last);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_stays_takes_two_points() {
        let mut curve = Vec::new();
        for (at, value) in [(1, 10), (2, 10), (3, 10), (4, 12), (5, 10), (6, 10)] {
            push(&mut curve, Time(at), Some(value));
        }
        push(&mut curve, Time(7), None);
        assert_eq!(curve, [(Time(1), 10), (Time(3), 10), (Time(4), 12), (Time(5), 10), (Time(6), 10)]);
    }
}
