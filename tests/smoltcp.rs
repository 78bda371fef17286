//! smoltcp, a TCP of other authors, as the peer of a lab host: in both roles, over links that lose, reorder and duplicate, in
//! virtual time. Every byte must arrive once and in order on both sides.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use roundtrip::lab::{HostOptions, Lab, LabNet, LabStream, LinkOptions, Loss, NodeId};
use roundtrip::recording::{Fate, Recording, Run, Time};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::tcp::{self, RecvError};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr, Ipv4Address, Ipv4Cidr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const LAB: [u8; 4] = [10, 0, 0, 1];
const PEER: [u8; 4] = [10, 0, 0, 9];
/// No run may take longer than this of its own time: smoltcp's timeouts are seconds long.
const LIMIT: Duration = Duration::from_secs(3000);

/// IP packets on their way into and out of smoltcp.
#[derive(Default)]
struct Wire {
    incoming: VecDeque<Vec<u8>>,
    outgoing: VecDeque<Vec<u8>>,
}

struct Rx(Vec<u8>);
struct Tx<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl phy::Device for Wire {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Rx, Tx<'_>)> {
        Some((Rx(self.incoming.pop_front()?), Tx(&mut self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Tx<'_>> {
        Some(Tx(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }
}

/// What the peer's program does with its socket, again and again.
type Program = Box<dyn FnMut(&mut tcp::Socket<'_>, Time) -> bool>;

/// smoltcp with one socket and its program.
struct Peer {
    wire: Wire,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    program: Program,
    done: bool,
}

/// smoltcp counts microseconds.
fn instant(now: Time) -> Instant {
    Instant::from_micros(i64::try_from(now.0 / 1000).expect("a short run"))
}

impl Peer {
    fn new(buffer: usize, program: Program) -> Self {
        let mut wire = Wire::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = 7;
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        let own = IpCidr::Ipv4(Ipv4Cidr::new(Ipv4Address::from(PEER), 24));
        interface.update_ip_addrs(|addresses| addresses.push(own).expect("room for one address"));
        let storage = || tcp::SocketBuffer::new(vec![0; buffer]);
        let mut socket = tcp::Socket::new(storage(), storage());
        socket.set_congestion_control(tcp::CongestionControl::Reno);
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Self { wire, interface, sockets, socket, program, done: false }
    }

    fn listen(&mut self, port: u16) {
        self.sockets.get_mut::<tcp::Socket<'_>>(self.socket).listen(port).expect("a free port");
    }

    fn connect(&mut self, port: u16) {
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.socket);
        let remote = (Ipv4Address::from(LAB), port);
        socket.connect(self.interface.context(), remote, 49_152).expect("a closed socket can connect");
    }

    /// Works until nothing is left to do at this instant; packets go through the door.
    fn work(&mut self, lab: &Lab, door: NodeId) {
        let now = lab.now();
        self.wire.incoming.extend(lab.take_out(door).into_iter().map(|it| it.packet));
        loop {
            self.interface.poll(instant(now), &mut self.wire, &mut self.sockets);
            let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.socket);
            let before = (socket.send_queue(), socket.recv_queue(), socket.state());
            self.done = self.done || (self.program)(socket, now);
            let after = (socket.send_queue(), socket.recv_queue(), socket.state());
            if before == after && self.wire.outgoing.is_empty() {
                return;
            }
            for packet in self.wire.outgoing.drain(..) {
                lab.hand_in(door, packet);
            }
        }
    }

    fn next_at(&mut self, now: Time) -> Option<Time> {
        let at = self.interface.poll_at(instant(now), &self.sockets)?;
        let at = Time(u64::try_from(at.total_micros()).unwrap_or(0) * 1000);
        // What was due is done: the rest waits for the next microsecond.
        Some(at.max(Time((now.0 / 1000 + 1) * 1000)))
    }
}

/// A lab host and smoltcp, a link between them.
struct Meeting {
    lab: Lab,
    net: LabNet,
    door: NodeId,
}

impl Meeting {
    fn new(seed: u64, link: LinkOptions) -> Self {
        let mut lab = Lab::new(seed, &[]);
        let host = lab.host("host").address("10.0.0.1/24").options(HostOptions::default()).trace_calls(false).add();
        let door = lab.outside("smoltcp").at(1, 0).address("10.0.0.9/24").add();
        lab.link(host, door, link);
        lab.introduce_everybody();
        Self { net: lab.net(host), lab, door }
    }

    /// Runs both programs to their ends.
    fn run<T: 'static>(mut self, mut peer: Peer, program: impl Future<Output = T> + 'static) -> (T, Recording) {
        let outcome = Rc::new(RefCell::new(None));
        let result = Rc::clone(&outcome);
        self.net.spawn(async move {
            let value = program.await;
            *result.borrow_mut() = Some(value);
        });
        self.lab.advance(Time::ZERO).expect("few steps");
        loop {
            peer.work(&self.lab, self.door);
            let now = self.lab.now();
            let next = [self.lab.next_at(), peer.next_at(now)].into_iter().flatten().min();
            let (ours, theirs) = (outcome.borrow().is_some(), peer.done);
            if ours && theirs {
                break;
            }
            let missing = format!("the lab's program is over: {ours}, smoltcp's: {theirs}");
            let next = next.unwrap_or_else(|| panic!("both wait for ever at {now}; {missing}"));
            assert!(next.since(Time::ZERO) < LIMIT, "not over after {LIMIT:?}; {missing}");
            self.lab.advance(next).expect("few steps at an instant");
        }
        let value = outcome.borrow_mut().take().expect("it is over");
        (value, self.lab.finish(Run::default()))
    }
}

/// The bytes of a stream from one place on: a lost, doubled or moved byte does not fit.
fn content(place: usize, count: usize) -> Vec<u8> {
    (place..place + count).map(|it| ((it as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

fn check(place: &mut usize, bytes: &[u8]) {
    assert!(*bytes == content(*place, bytes.len()), "the bytes after {place} are others than were sent");
    *place += bytes.len();
}

/// smoltcp's program: sends `total` bytes, closes its half, and reads `total` bytes and the end. It reads nothing before
/// `reads_from`.
fn exchanges(total: usize, reads_from: Time) -> Program {
    let (mut sent, mut received, mut closed, mut ended) = (0, 0, false, false);
    Box::new(move |socket, now| {
        while sent < total && socket.can_send() {
            let count = (total - sent).min(4096);
            sent += socket.send_slice(&content(sent, count)).expect("it can send");
        }
        if sent == total && socket.may_send() && !closed {
            socket.close();
            closed = true;
        }
        while now >= reads_from && !ended && socket.can_recv() {
            let read = |bytes: &mut [u8]| {
                check(&mut received, bytes);
                (bytes.len(), ())
            };
            socket.recv(read).expect("it can receive");
        }
        if closed && !ended && !socket.may_recv() && !socket.can_recv() {
            ended = matches!(socket.recv(|_| (0, ())), Err(RecvError::Finished)) || received == total;
            assert!(ended, "smoltcp's stream ended after {received} of {total} bytes: {}", socket.state());
            assert_eq!(received, total);
        }
        ended
    })
}

/// The lab's program does the same.
async fn exchange(net: LabNet, stream: LabStream, total: usize, reads_after: Duration) -> usize {
    let (mut reading, mut writing) = tokio::io::split(stream);
    net.spawn(async move {
        writing.write_all(&content(0, total)).await.expect("smoltcp takes all");
        writing.shutdown().await.expect("connected");
    });
    net.sleep(reads_after).await;
    let (mut place, mut buffer) = (0, vec![0; 8192]);
    loop {
        match reading.read(&mut buffer).await.expect("smoltcp sends all") {
            0 => return place,
            bytes => check(&mut place, &buffer[..bytes]),
        }
    }
}

fn at(address: [u8; 4], port: u16) -> SocketAddr {
    SocketAddr::from((address, port))
}

const TOTAL: usize = 250_000;

fn cable() -> LinkOptions {
    LinkOptions::default().delay(Duration::from_millis(5)).rate(20_000_000)
}

/// What is wrong with a link, and what must show in its recording.
fn troubles() -> Vec<(&'static str, LinkOptions)> {
    let by = Duration::from_millis(3);
    vec![
        ("nothing", cable()),
        ("loss", cable().loss(Loss::random(20_000))),
        ("bursts of loss", cable().loss(Loss::burst(20_000, 4))),
        ("reordering", cable().reorder(50_000, by)),
        ("duplication", cable().duplicate(50_000)),
        ("a short queue", cable().queue(16_000)),
        ("everything", cable().loss(Loss::random(10_000)).reorder(30_000, by).duplicate(30_000).jitter(by)),
    ]
}

fn assert_troubled(what: &str, recording: &Recording) {
    let lost = recording.packets.iter().filter(|it| it.arrived.is_none()).count();
    let copies = recording.packets.iter().filter(|it| matches!(it.fate, Fate::Copy { .. })).count();
    match what {
        "loss" | "bursts of loss" | "everything" => assert!(lost > 2, "{what}: {lost} packets were lost"),
        "duplication" => assert!(copies > 10, "{what}: {copies} packets were doubled"),
        _ => {}
    }
}

#[test]
fn a_lab_client_and_a_smoltcp_server_exchange_every_byte_once_and_in_order() {
    for (seed, (what, link)) in (1..).zip(troubles()) {
        let meeting = Meeting::new(seed, link);
        let net = meeting.net.clone();
        let mut peer = Peer::new(32_000, exchanges(TOTAL, Time::ZERO));
        peer.listen(80);
        let client = async move {
            let stream = net.connect(at(PEER, 80)).await.expect("smoltcp listens");
            exchange(net, stream, TOTAL, Duration::ZERO).await
        };
        let (received, recording) = meeting.run(peer, client);
        assert_eq!(received, TOTAL, "{what}");
        assert_troubled(what, &recording);
    }
}

#[test]
fn a_smoltcp_client_and_a_lab_server_exchange_every_byte_once_and_in_order() {
    for (seed, (what, link)) in (11..).zip(troubles()) {
        let meeting = Meeting::new(seed, link);
        let mut peer = Peer::new(100_000, exchanges(TOTAL, Time::ZERO));
        peer.connect(80);
        let (received, recording) = meeting.serve(peer, TOTAL, Duration::ZERO);
        assert_eq!(received, TOTAL, "{what}");
        assert_troubled(what, &recording);
    }
}

impl Meeting {
    /// Runs against a lab server.
    fn serve(self, peer: Peer, total: usize, reads_after: Duration) -> (usize, Recording) {
        let net = self.net.clone();
        self.run(peer, async move {
            let listener = net.open_listener(at(LAB, 80), Default::default()).expect("a free port");
            let (stream, _) = listener.accept().await.expect("a listener lasts");
            exchange(net, stream, total, reads_after).await
        })
    }
}

#[test]
fn either_side_may_be_a_slow_reader() {
    for (theirs, ours) in [(20, 0), (0, 20), (10, 20)] {
        let meeting = Meeting::new(5, cable());
        let reads_from = Time::ZERO + Duration::from_secs(theirs);
        let mut peer = Peer::new(16_000, exchanges(TOTAL, reads_from));
        peer.connect(80);
        let (received, recording) = meeting.serve(peer, TOTAL, Duration::from_secs(ours));
        assert_eq!(received, TOTAL);
        assert!(recording.end >= Time::ZERO + Duration::from_secs(theirs.max(ours)));
    }
}

#[test]
fn a_reset_of_either_side_is_heard_by_the_other() {
    let meeting = Meeting::new(6, cable());
    let net = meeting.net.clone();
    let mut peer = Peer::new(
        16_000,
        Box::new(|socket, _| {
            if socket.can_recv() {
                socket.abort();
            }
            !socket.is_open()
        }),
    );
    peer.listen(80);
    let (kind, _) = meeting.run(peer, async move {
        let mut stream = net.connect(at(PEER, 80)).await.expect("smoltcp listens");
        stream.write_all(b"hello").await.expect("open");
        stream.read(&mut [0; 1]).await.expect_err("smoltcp aborts").kind()
    });
    assert_eq!(kind, ErrorKind::ConnectionReset);

    let meeting = Meeting::new(7, cable());
    let net = meeting.net.clone();
    let mut opened = false;
    let ends = Box::new(move |socket: &mut tcp::Socket<'_>, _| {
        opened |= socket.may_recv();
        opened && socket.state() == tcp::State::Closed
    });
    let mut peer = Peer::new(16_000, ends);
    peer.listen(80);
    let ((), _) = meeting.run(peer, async move {
        let stream = net.connect(at(PEER, 80)).await.expect("smoltcp listens");
        net.sleep(Duration::from_millis(50)).await;
        stream.abort();
    });
}
