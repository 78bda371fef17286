//! Plays a script: the peer's side packet by packet through the lab's door, the program's side call by call.
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use roundtrip::lab::tcp::SocketOptions;
use roundtrip::lab::{HostOptions, Lab, LabListener, LabNet, LabStream, Limits, LinkOptions, NodeId};
use roundtrip::recording::Time;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::script::{self, Line, Opt, Script, Segment, Verb, When};
use crate::segments::{Bases, HOST, PEER, Seen, byte, content, icmp, packet, seen};
use crate::settings;

/// The port the host's program listens on.
const SERVICE: u16 = 80;

/// Steps of the lab from one line to the next: more would be an endless loop.
const STEPS: u64 = 200_000;

type Connecting = Pin<Box<dyn Future<Output = io::Result<LabStream>>>>;

/// One connection, by the peer's port.
#[derive(Default)]
struct Connection {
    bases: Bases,
    stream: Option<LabStream>,
    connecting: Option<Connecting>,
    /// Bytes the program has written and read.
    written: u32,
    read: u32,
}

/// A script being played.
pub(crate) struct Play {
    lab: Lab,
    net: LabNet,
    door: NodeId,
    options: HostOptions,
    listener: Option<LabListener>,
    connections: BTreeMap<u16, Connection>,
    /// What the host has sent and no line has expected yet.
    sent: VecDeque<(Time, Seen)>,
    /// When the line before was.
    before: Time,
}

/// What is wrong, without the line.
type Wrong = String;

/// Plays a whole script.
///
/// # Errors
/// The line that does not hold, and what happened instead.
pub(crate) fn play(script: &Script) -> Result<(), String> {
    Play::new(script)?.silence().map_err(|wrong| format!("at the end: {wrong}"))
}

impl Play {
    /// Plays a script; the lab is as its last line left it.
    ///
    /// # Errors
    /// The line that does not hold, and what happened instead.
    pub(crate) fn new(script: &Script) -> Result<Self, String> {
        let mut lab = Lab::new(5, &[]);
        lab.limit(Limits { steps: STEPS, ..Limits::default() });
        let options = settings::host(&script.host);
        let host = lab.host("host").address("10.0.0.1/24").options(options).add();
        let door = lab.outside("peer").at(1, 0).address("10.0.0.9/24").add();
        lab.link(host, door, LinkOptions::default());
        lab.introduce_everybody();
        let net = lab.net(host);
        let (connections, sent) = Default::default();
        let mut play = Self { lab, net, door, options, listener: None, connections, sent, before: Time::ZERO };
        for line in &script.lines {
            let result = play.line(line).and_then(|()| play.hear());
            result.map_err(|wrong| format!("line {}: `{}`: {wrong}", line.number, line.text))?;
        }
        Ok(play)
    }

    /// Hands any packet in, and lets the host answer.
    pub(crate) fn hand_in(&mut self, packet: Vec<u8>) {
        self.lab.hand_in(self.door, packet);
        self.wait(0);
    }

    /// Lets time pass; what the host sends is heard and forgotten.
    pub(crate) fn wait(&mut self, millis: u64) {
        self.before = self.lab.now() + Duration::from_millis(millis);
        self.go(self.before).expect("bounded work");
        self.sent.clear();
    }

    /// A call that may fail.
    pub(crate) fn attempt(&mut self, call: &str) {
        let line = script::read(call).lines.pop().expect("a call");
        let _ = self.act(&line);
        self.wait(0);
    }

    /// What the host holds for its programs fits its buffers.
    pub(crate) fn assert_bounded(&self) {
        for stream in self.connections.values().filter_map(|it| it.stream.as_ref()) {
            let Ok(info) = stream.info() else { continue };
            let (send, receive) = (info.send_queue.unwrap_or(0) as usize, info.receive_queue.unwrap_or(0) as usize);
            assert!(send <= self.options.send_buffer, "{send} bytes wait to be sent");
            assert!(receive <= self.options.receive_buffer, "{receive} bytes wait to be read");
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), Wrong> {
        let (first, last) = match line.time {
            When::At(first, last) => (Time::ZERO + first, Time::ZERO + last),
            When::After(first, last) => (self.before + first, self.before + last),
        };
        if let Verb::Out(segment) = &line.verb {
            return self.expect(line.port, segment, (first, last));
        }
        if first < self.before {
            return Err(format!("{first} is before the line before, {}", self.before));
        }
        self.go(first)?;
        self.before = first;
        self.act(line)?;
        // What the call or the segment sets off is sent at once.
        self.go(first)
    }

    /// Lets the lab's clock go on, and hears what the host sends.
    fn go(&mut self, until: Time) -> Result<(), Wrong> {
        self.lab.advance(until).map_err(|it| it.to_string())?;
        self.hear()
    }

    fn hear(&mut self) -> Result<(), Wrong> {
        for arrived in self.lab.take_out(self.door) {
            let Some(seen) = seen(&arrived.packet) else { continue };
            let connection = self.connections.entry(seen.peer_port).or_default();
            connection.bases.port = seen.host_port;
            if seen.tcp.syn {
                connection.bases.host = seen.tcp.sequence_number;
            }
            if let Some(value) = seen.options(connection.bases).iter().find_map(stamp) {
                connection.bases.stamp = value;
            }
            self.sent.push_back((arrived.at, seen));
        }
        Ok(())
    }

    pub(crate) fn bases(&mut self, port: u16) -> Bases {
        let connection = self.connections.entry(port).or_default();
        if connection.bases.port == 0 {
            connection.bases.port = SERVICE;
        }
        connection.bases
    }

    /// The next segment of the host is this one, and comes at this time.
    fn expect(&mut self, port: u16, expected: &Segment, (first, last): (Time, Time)) -> Result<(), Wrong> {
        while self.sent.is_empty() && self.lab.next_at().is_some_and(|at| at <= last) {
            let at = self.lab.next_at().expect("seen a moment ago");
            self.go(at)?;
        }
        let Some((at, seen)) = self.sent.pop_front() else {
            self.lab.advance(last).map_err(|it| it.to_string())?;
            return Err(format!("the host has sent nothing until {last}"));
        };
        let bases = self.bases(seen.peer_port);
        if at < first || at > last {
            let due = if first == last { first.to_string() } else { format!("{first} to {last}") };
            return Err(format!("due at {due}, sent at {at}: {}", seen.text(bases)));
        }
        self.before = at;
        compare(port, expected, &seen, bases).map_err(|what| format!("{what}; sent: {}", seen.text(bases)))
    }

    fn silence(&mut self) -> Result<(), Wrong> {
        let Some((at, seen)) = self.sent.pop_front() else { return Ok(()) };
        let bases = self.bases(seen.peer_port);
        Err(format!("nobody expects what was sent at {at}: {}", seen.text(bases)))
    }

    fn act(&mut self, line: &Line) -> Result<(), Wrong> {
        let port = line.port;
        match &line.verb {
            Verb::Out(_) => unreachable!("expected, not done"),
            Verb::Open { window, options, rtt } => self.open(port, *window, options, *rtt),
            Verb::In(segment) => {
                self.send(port, segment);
                Ok(())
            }
            Verb::Icmp { kind, quote } => {
                let packet = icmp(*kind, *quote, port, self.bases(port));
                self.lab.hand_in(self.door, packet);
                Ok(())
            }
            Verb::Isn(number) => {
                self.bases(port);
                let connection = self.connections.entry(port).or_default();
                connection.bases.peer = *number;
                Ok(())
            }
            Verb::Quiet => self.silence(),
            Verb::Listen { backlog } => self.listen(*backlog),
            Verb::Unlisten => self.listener.take().map(drop).ok_or_else(|| "nobody listens".to_owned()),
            Verb::Accept => self.accept(port),
            Verb::AcceptNone => match self.try_accept()? {
                Poll::Pending => Ok(()),
                Poll::Ready(outcome) => Err(format!("accept returns {:?}", outcome.map(|it| it.peer_address()))),
            },
            Verb::Connect => self.connect(port),
            Verb::Connected => self.connected(port),
            Verb::ConnectFails(kind) => self.connect_fails(port, kind),
            Verb::Info { field, op, value } => self.info(port, field, op, value),
            call => self.call(port, call),
        }
    }

    /// A three-way handshake, and the program's `accept`.
    fn open(&mut self, port: u16, window: u16, options: &[Opt], rtt: Duration) -> Result<(), Wrong> {
        if self.listener.is_none() {
            self.listen(None)?;
        }
        let stamped = |it: &Opt| matches!(it, Opt::Stamp(..));
        let syn =
            Segment { flags: "S".into(), window: Some(window), options: Some(options.to_vec()), ..Segment::default() };
        self.send(port, &syn);
        self.go(self.before)?;
        let answer = Segment { flags: "S.".into(), ack: Some(1), ..Segment::default() };
        self.expect(port, &answer, (self.before, self.before))?;
        self.before = self.before + rtt;
        self.go(self.before)?;
        let stamp = options.iter().any(stamped).then(|| vec![Opt::Stamp(options.iter().find_map(stamp), None)]);
        let ack = Segment {
            flags: ".".into(),
            from: 1,
            ack: Some(1),
            window: Some(window),
            options: stamp,
            ..Segment::default()
        };
        self.send(port, &ack);
        self.go(self.before)?;
        self.accept(port)
    }

    fn send(&mut self, port: u16, segment: &Segment) {
        let packet = packet(segment, port, self.bases(port));
        self.lab.hand_in(self.door, packet);
    }

    fn listen(&mut self, backlog: Option<usize>) -> Result<(), Wrong> {
        let at = SocketAddr::from((HOST, SERVICE));
        let options = SocketOptions { backlog, ..SocketOptions::default() };
        self.listener = Some(self.net.open_listener(at, options).map_err(|it| it.to_string())?);
        Ok(())
    }

    fn try_accept(&self) -> Result<Poll<io::Result<LabStream>>, Wrong> {
        let listener = self.listener.as_ref().ok_or("nobody listens")?;
        let outcome = once(pin!(listener.accept()));
        Ok(outcome.map(|it| it.map(|(stream, _)| stream)))
    }

    fn accept(&mut self, port: u16) -> Result<(), Wrong> {
        match self.try_accept()? {
            Poll::Pending => Err("no connection waits for accept".to_owned()),
            Poll::Ready(Err(error)) => Err(format!("accept: {error}")),
            Poll::Ready(Ok(stream)) if stream.peer_address().port() != port => {
                Err(format!("accept gives the connection of port {}", stream.peer_address().port()))
            }
            Poll::Ready(Ok(stream)) => {
                let connection = self.connections.entry(port).or_default();
                (connection.stream, connection.written, connection.read) = (Some(stream), 0, 0);
                Ok(())
            }
        }
    }

    fn connect(&mut self, port: u16) -> Result<(), Wrong> {
        let net = self.net.clone();
        let mut connecting: Connecting = Box::pin(async move { net.connect(SocketAddr::from((PEER, port))).await });
        let connection = self.connections.entry(port).or_default();
        (connection.written, connection.read) = (0, 0);
        match once(connecting.as_mut()) {
            Poll::Ready(Err(error)) => return Err(format!("connect: {error}")),
            Poll::Ready(Ok(stream)) => connection.stream = Some(stream),
            Poll::Pending => connection.connecting = Some(connecting),
        }
        Ok(())
    }

    /// What `connect` has to say by now.
    fn outcome(&mut self, port: u16) -> Result<io::Result<LabStream>, Wrong> {
        let connection = self.connections.entry(port).or_default();
        let mut connecting = connection.connecting.take().ok_or("the program does not connect")?;
        match once(connecting.as_mut()) {
            Poll::Ready(outcome) => Ok(outcome),
            Poll::Pending => {
                connection.connecting = Some(connecting);
                Err("connect has not returned".to_owned())
            }
        }
    }

    fn connected(&mut self, port: u16) -> Result<(), Wrong> {
        let stream = self.outcome(port)?.map_err(|it| format!("connect: {it}"))?;
        self.connections.entry(port).or_default().stream = Some(stream);
        Ok(())
    }

    fn connect_fails(&mut self, port: u16, kind: &str) -> Result<(), Wrong> {
        fails(self.outcome(port)?.map(|_| "a stream"), kind)
    }

    /// A call on a connected socket.
    fn call(&mut self, port: u16, call: &Verb) -> Result<(), Wrong> {
        let connection = self.connections.get_mut(&port).ok_or("there is no such connection")?;
        if let Verb::Close | Verb::Abort = call {
            let stream = connection.stream.take().ok_or("the program holds no stream")?;
            if matches!(call, Verb::Abort) {
                stream.abort()
            } else {
                drop(stream)
            }
            return Ok(());
        }
        match call {
            Verb::Write(bytes) => connection.write(*bytes),
            Verb::WriteFails(kind) => {
                let outcome = connection.poll_write(b"x")?;
                ready(outcome).and_then(|it| fails(it.map(|it| format!("{it} bytes")), kind))
            }
            Verb::Read(bytes) => connection.read(*bytes),
            Verb::ReadNone => match connection.poll_read(1)? {
                Poll::Pending => Ok(()),
                Poll::Ready(outcome) => Err(format!("read returns {outcome:?}")),
            },
            Verb::ReadEnd => match ready(connection.poll_read(1)?)? {
                Ok(bytes) if bytes.is_empty() => Ok(()),
                outcome => Err(format!("read returns {outcome:?}")),
            },
            Verb::ReadFails(kind) => {
                let outcome = ready(connection.poll_read(1)?)?;
                fails(outcome.map(|it| format!("{} bytes", it.len())), kind)
            }
            Verb::Shutdown => {
                let stream = connection.stream.as_mut().ok_or("the program holds no stream")?;
                let mut cx = Context::from_waker(Waker::noop());
                ready(Pin::new(stream).poll_shutdown(&mut cx))?.map_err(|it| it.to_string())
            }
            _ => unreachable!("not a call on a stream"),
        }
    }

    fn info(&self, port: u16, field: &str, op: &str, value: &str) -> Result<(), Wrong> {
        let connection = self.connections.get(&port).ok_or("there is no such connection")?;
        let info = connection.stream.as_ref().ok_or("the program holds no stream")?.info();
        let info = info.map_err(|it| it.to_string())?;
        if field == "state" {
            let state = info.state.to_string();
            return if state == value { Ok(()) } else { Err(format!("the state is {state}")) };
        }
        let found = match field {
            "cwnd" => Some(info.cwnd),
            "ssthresh" => info.ssthresh,
            "mss" => Some(info.mss),
            "pipe" => Some(info.pipe),
            "peer_window" => info.peer_window,
            "window" => info.window,
            "send_queue" => info.send_queue,
            "receive_queue" => info.receive_queue,
            "retransmissions" => Some(info.retransmissions),
            "rto_ms" => u32::try_from(info.rto.as_millis()).ok(),
            "srtt_ms" => info.srtt.and_then(|it| u32::try_from(it.as_millis()).ok()),
            _ => return Err(format!("info has no {field}")),
        };
        let found = found.ok_or_else(|| format!("{field} is not known"))?;
        let value: u32 = value.parse().map_err(|_| format!("{value} is no number"))?;
        let holds = match op {
            "=" => found == value,
            "<=" => found <= value,
            ">=" => found >= value,
            _ => return Err(format!("{op} is none of = <= >=")),
        };
        if holds { Ok(()) } else { Err(format!("{field} is {found}")) }
    }
}

impl Connection {
    fn stream(&mut self) -> Result<Pin<&mut LabStream>, Wrong> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| "the program holds no stream".to_owned())
    }

    fn poll_write(&mut self, bytes: &[u8]) -> Result<Poll<io::Result<usize>>, Wrong> {
        Ok(self.stream()?.poll_write(&mut Context::from_waker(Waker::noop()), bytes))
    }

    fn write(&mut self, count: usize) -> Result<(), Wrong> {
        let mut bytes = &content(self.written, u32::try_from(count).expect("a small number"))[..];
        while !bytes.is_empty() {
            let taken = ready(self.poll_write(bytes)?)?.map_err(|it| format!("write: {it}"))?;
            self.written += u32::try_from(taken).expect("a small number");
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    fn poll_read(&mut self, room: usize) -> Result<Poll<io::Result<Vec<u8>>>, Wrong> {
        let mut buffer = vec![0; room];
        let mut buffer = ReadBuf::new(&mut buffer);
        let outcome = self.stream()?.poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
        Ok(outcome.map(|it| it.map(|()| buffer.filled().to_vec())))
    }

    fn read(&mut self, count: usize) -> Result<(), Wrong> {
        let end = self.read + u32::try_from(count).expect("a small number");
        while self.read < end {
            let place = self.read;
            let missing = format!("only {} of {count} bytes are there", count - (end - place) as usize);
            let Poll::Ready(outcome) = self.poll_read((end - place) as usize)? else { return Err(missing) };
            let bytes = outcome.map_err(|it| format!("read: {it}"))?;
            if bytes.is_empty() {
                return Err(format!("{missing}, then the stream ends"));
            }
            if (place..).zip(&bytes).any(|(place, it)| byte(place) != *it) {
                return Err(format!("the bytes after {place} are others than were sent"));
            }
            self.read += u32::try_from(bytes.len()).expect("a small number");
        }
        Ok(())
    }
}

/// Polls a future once, without anybody to wake.
fn once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<T>(poll: Poll<T>) -> Result<T, Wrong> {
    match poll {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => Err("the call has not returned".to_owned()),
    }
}

/// Whether a call failed as the script says: `reset`, `refused`, ...
fn fails<T: std::fmt::Debug>(outcome: io::Result<T>, kind: &str) -> Result<(), Wrong> {
    let expected = match kind {
        "reset" => io::ErrorKind::ConnectionReset,
        "refused" => io::ErrorKind::ConnectionRefused,
        "timeout" => io::ErrorKind::TimedOut,
        "pipe" => io::ErrorKind::BrokenPipe,
        "host-unreachable" => io::ErrorKind::HostUnreachable,
        "not-connected" => io::ErrorKind::NotConnected,
        _ => return Err(format!("no such failure: {kind}")),
    };
    match outcome {
        Err(error) if error.kind() == expected => Ok(()),
        other => Err(format!("the call returns {other:?}")),
    }
}

fn stamp(option: &Opt) -> Option<u32> {
    match option {
        Opt::Stamp(value, _) => *value,
        _ => None,
    }
}

/// Compares what a script says with what was sent.
fn compare(port: u16, expected: &Segment, seen: &Seen, bases: Bases) -> Result<(), Wrong> {
    let tcp = &seen.tcp;
    let differs = |what: &str, found: &dyn std::fmt::Display| Err(format!("{what} is {found}"));
    if seen.peer_port != port {
        return differs("the peer's port", &seen.peer_port);
    }
    let sorted = |flags: &str| {
        let mut letters: Vec<_> = flags.chars().filter(|it| *it != 'P' || expected.flags.contains('P')).collect();
        letters.sort_unstable();
        letters
    };
    if sorted(&expected.flags) != sorted(&seen.flags()) {
        return differs("the set of flags", &seen.flags());
    }
    let from = tcp.sequence_number.wrapping_sub(bases.host);
    if from != expected.from {
        return differs("the sequence number", &from);
    }
    if seen.payload.len() != expected.length as usize {
        return differs("the length", &seen.payload.len());
    }
    if expected.length > 1 && seen.payload != content(from.wrapping_sub(1), expected.length) {
        return Err("the bytes are others than were written".to_owned());
    }
    let ack = tcp.ack.then(|| tcp.acknowledgment_number.wrapping_sub(bases.peer));
    if ack != expected.ack {
        return differs("the acknowledgment", &ack.map_or("none".to_owned(), |it| it.to_string()));
    }
    if expected.window.is_some_and(|it| it != tcp.window_size) {
        return differs("the window", &tcp.window_size);
    }
    if expected.ecn.is_some_and(|it| it != seen.ecn) {
        return differs("the ECN field", &seen.ecn);
    }
    if expected.dont_fragment && !seen.dont_fragment {
        return differs("DF", &0);
    }
    compare_options(expected, &seen.options(bases))
}

fn compare_options(expected: &Segment, found: &[Opt]) -> Result<(), Wrong> {
    let Some(options) = &expected.options else { return Ok(()) };
    let fits = |pair: (&Opt, &Opt)| match pair {
        (Opt::Stamp(None, None), Opt::Stamp(..)) => true,
        (Opt::Stamp(Some(echo), None), Opt::Stamp(_, found)) => Some(*echo) == *found,
        (expected, found) => expected == found,
    };
    let everywhere = options.iter().all(|it| found.iter().any(|found| fits((it, found))));
    if everywhere && options.len() == found.len() {
        return Ok(());
    }
    let texts: Vec<_> = found.iter().map(ToString::to_string).collect();
    Err(format!("the options are <{}>", texts.join(", ")))
}
