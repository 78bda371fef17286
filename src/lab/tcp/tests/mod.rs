//! Two stacks with a line between them that delays, loses, repeats and reorders; nothing else of the lab.
mod closing;
mod flow;
mod handshake;
mod hostile;
mod queues;
mod transfer;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::lab::random::Dice;
use crate::lab::tcp::output::{Outgoing, TcpEvent, TcpOutput};
use crate::lab::tcp::segment::{self, Segment};
use crate::lab::tcp::stack::{Arrival, Id, ListenerId, Stack, StackConfig};
use crate::lab::tcp::{SocketOptions, TcpSettings};
use crate::recording::Time;

pub(super) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub(super) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
pub(super) const AT: SocketAddr = SocketAddr::new(SERVER, 80);
/// One way.
pub(super) const DELAY: Duration = Duration::from_millis(20);

pub(super) fn ms(millis: u64) -> Time {
    Time(millis * 1_000_000)
}

pub(super) fn config(address: IpAddr, settings: TcpSettings) -> StackConfig {
    StackConfig {
        mtu: 1500,
        settings,
        receive_buffer: 65_535,
        send_buffer: 65_535,
        seed: if address == CLIENT { 0x0a00_0001 } else { 0x0a00_0002 },
        trace: false,
    }
}

/// A segment that was sent, as a test reads it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) at: Time,
    pub(super) by: usize,
    pub(super) segment: Outgoing,
}

impl Sent {
    pub(super) fn read(&self) -> Segment<'_> {
        segment::read(&self.segment.bytes).expect("a stack sends whole segments").2
    }

    pub(super) fn why(&self) -> String {
        self.segment.reason.to_string()
    }
}

/// What the line does to a segment, by its number from 0: so many copies arrive, each this much later.
type Fate = Box<dyn FnMut(usize, &Sent) -> Vec<Duration>>;

/// Two hosts and the line. Host 0 is the client, host 1 the server.
pub(super) struct Line {
    pub(super) now: Time,
    pub(super) hosts: [Stack; 2],
    pub(super) sent: Vec<Sent>,
    pub(super) events: Vec<(Time, usize, TcpEvent)>,
    /// Segments under way by arrival and order of sending.
    way: BTreeMap<(Time, usize), (usize, Outgoing)>,
    order: usize,
    pub(super) fate: Fate,
}

impl Line {
    pub(super) fn new(settings: TcpSettings) -> Self {
        Self::between(config(CLIENT, settings), config(SERVER, settings))
    }

    pub(super) fn between(client: StackConfig, server: StackConfig) -> Self {
        Self {
            now: Time::ZERO,
            hosts: [Stack::new(client), Stack::new(server)],
            sent: Vec::new(),
            events: Vec::new(),
            way: BTreeMap::new(),
            order: 0,
            fate: Box::new(|_, _| vec![DELAY]),
        }
    }

    /// Loses the segments with these numbers, in order of sending.
    pub(super) fn losing(mut self, numbers: &'static [usize]) -> Self {
        self.fate = Box::new(move |n, _| if numbers.contains(&n) { Vec::new() } else { vec![DELAY] });
        self
    }

    /// A line that loses, repeats and reorders by chance: parts of a thousand.
    pub(super) fn rough(mut self, seed: u64, loss: u32, twice: u32, late: u32) -> Self {
        let mut dice = Dice::new(seed, "line");
        self.fate = Box::new(move |_, _| {
            let (lost, again, later) = (dice.chance(loss * 1000), dice.chance(twice * 1000), dice.chance(late * 1000));
            let first = if later { DELAY + Duration::from_micros(dice.below(30_000)) } else { DELAY };
            let mut copies = if lost { Vec::new() } else { vec![first] };
            if again {
                copies.push(DELAY + Duration::from_micros(dice.below(50_000)));
            }
            copies
        });
        self
    }

    /// Does something at a host, now.
    pub(super) fn at<R>(&mut self, host: usize, action: impl FnOnce(&mut Stack, Time, &mut TcpOutput) -> R) -> R {
        let mut out = TcpOutput::default();
        let result = action(&mut self.hosts[host], self.now, &mut out);
        self.carry(host, out);
        result
    }

    fn carry(&mut self, host: usize, out: TcpOutput) {
        self.events.extend(out.events.into_iter().map(|event| (self.now, host, event)));
        for segment in out.segments {
            let sent = Sent { at: self.now, by: host, segment };
            for delay in (self.fate)(self.sent.len(), &sent) {
                self.way.insert((self.now + delay, self.order), (1 - host, sent.segment.clone()));
                self.order += 1;
            }
            self.sent.push(sent);
        }
    }

    /// The next instant at which something happens.
    pub(super) fn next(&self) -> Option<Time> {
        let arrival = self.way.first_key_value().map(|((at, _), _)| *at);
        [arrival, self.hosts[0].next_tick(), self.hosts[1].next_tick()].into_iter().flatten().min()
    }

    /// Goes on to the next thing that happens, at `until` at the latest; false when that was reached.
    pub(super) fn step(&mut self, until: Time) -> bool {
        let Some(next) = self.next().filter(|next| *next <= until) else {
            self.now = self.now.max(until);
            return false;
        };
        assert!(next >= self.now, "time went back from {} to {next}", self.now);
        self.now = next;
        for host in 0..2 {
            if self.hosts[host].next_tick().is_some_and(|at| at <= next) {
                self.at(host, Stack::tick);
            }
        }
        while let Some(entry) = self.way.first_entry().filter(|it| it.key().0 <= next) {
            let (host, segment) = entry.remove();
            self.deliver(host, &segment);
        }
        true
    }

    pub(super) fn deliver(&mut self, host: usize, segment: &Outgoing) {
        let (from, to) = (segment.from.ip(), segment.to.ip());
        let arrival = Arrival { from, to, ecn: segment.ecn, bytes: &segment.bytes };
        self.at(host, |stack, now, out| stack.segment(now, arrival, out));
    }

    pub(super) fn run_until(&mut self, until: Time) {
        for _ in 0..1_000_000 {
            if !self.step(until) {
                return;
            }
        }
        panic!("the line never comes to rest");
    }

    pub(super) fn listen(&mut self, options: SocketOptions) -> ListenerId {
        self.at(1, |stack, _, out| stack.listen(AT, options, out)).expect("the port is free")
    }

    pub(super) fn connect(&mut self, options: SocketOptions) -> Id {
        self.at(0, |stack, now, out| stack.connect(now, (CLIENT, AT), options, out)).expect("a port is free")
    }

    pub(super) fn accept(&mut self, listener: ListenerId) -> Option<Id> {
        match self.hosts[1].poll_accept(listener, &context()) {
            Poll::Ready(id) => Some(id.expect("the listener is open")),
            Poll::Pending => None,
        }
    }

    /// Both ends of an open connection, right after the handshake.
    pub(super) fn open(&mut self) -> (Id, Id) {
        let listener = self.listen(SocketOptions::default());
        let client = self.connect(SocketOptions::default());
        self.run_until(self.now + 2 * DELAY);
        self.run_until(self.now + DELAY);
        let server = self.accept(listener).expect("the handshake is done");
        (client, server)
    }

    /// The same over a line that may lose the handshake's segments.
    pub(super) fn open_slowly(&mut self) -> (Id, Id) {
        let listener = self.listen(SocketOptions::default());
        let client = self.connect(SocketOptions::default());
        for _ in 0..1000 {
            if let Some(server) = self.accept(listener) {
                return (client, server);
            }
            assert!(self.step(ms(1_000_000)), "the handshake stands still");
        }
        panic!("the handshake never ends");
    }

    /// Writes what there is room for.
    pub(super) fn write(&mut self, host: usize, id: Id, bytes: &[u8]) -> usize {
        match self.at(host, |stack, now, out| stack.poll_write(id, bytes, &context(), now, out)) {
            Poll::Ready(count) => count.expect("the connection takes data"),
            Poll::Pending => 0,
        }
    }

    /// Reads what is there; `None` when nothing is.
    pub(super) fn read(&mut self, host: usize, id: Id, most: usize) -> Option<std::io::Result<Vec<u8>>> {
        let mut buffer = vec![0; most];
        let outcome = self.at(host, |stack, now, out| stack.poll_read(id, &mut buffer, &context(), now, out));
        match outcome {
            Poll::Ready(Ok(count)) => {
                buffer.truncate(count);
                Some(Ok(buffer))
            }
            Poll::Ready(Err(error)) => Some(Err(error)),
            Poll::Pending => None,
        }
    }

    /// The segments with their time, sender and reason, from this one on.
    pub(super) fn story(&self, from: usize) -> Vec<String> {
        let who = ["client", "server"];
        let line = |it: &Sent| format!("{:>7} {} {}", it.at.0 / 1_000_000, who[it.by], it.why());
        self.sent[from..].iter().map(line).collect()
    }

    /// The states a host's connections went through, `from>to`.
    pub(super) fn states(&self, host: usize) -> Vec<String> {
        let moved = |(_, by, event): &(Time, usize, TcpEvent)| match event {
            TcpEvent::Moved { from, to, .. } if *by == host => Some(format!("{from}>{to}")),
            _ => None,
        };
        self.events.iter().filter_map(moved).collect()
    }

    /// The decisions of a host, as text.
    pub(super) fn decisions(&self, host: usize) -> Vec<String> {
        let decided = |(_, by, event): &(Time, usize, TcpEvent)| match event {
            TcpEvent::Decided { decision, .. } if *by == host => Some(decision.to_string()),
            _ => None,
        };
        self.events.iter().filter_map(decided).collect()
    }
}

pub(super) fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
