//! This machine's network with a memory: socket calls, states and what the kernel knew of each connection are written
//! down, so that a run on real sockets leaves what a run in the lab leaves; all but the packets.
mod log;
mod sampler;
mod stream;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use crate::net::host::{HostDatagrams, HostListener, HostNet};
use crate::net::{Answer, Datagrams, Listener, Net, Probe, Probes, SocketOptions, Stream};
use crate::recording::{Event, EventKind, Series, Time};
use log::Log;
use sampler::Sampler;
use stream::Call;
pub use stream::LiveStream;

/// Curves and states are read this often; a call that opens or closes a connection reads them too.
const PERIOD: Duration = Duration::from_millis(2);

/// What a program of a live run holds: this machine's network, under the name of one node. Cheap to clone.
#[derive(Clone)]
pub struct LiveNet {
    net: HostNet,
    /// The node its calls belong to.
    node: usize,
    shared: Rc<Shared>,
}

/// What all nodes of a run write into.
struct Shared {
    log: RefCell<Log>,
    sampler: RefCell<Sampler>,
}

/// What was written down, each in its order.
#[derive(Debug, Default)]
pub struct Written {
    pub events: Vec<Event>,
    pub series: Vec<Series>,
    /// Where the first listener stood.
    pub listened: Option<SocketAddr>,
    pub end: Time,
}

impl LiveNet {
    /// The networks of so many nodes, named for the curves. A task reads states and curves until the world ends.
    #[must_use]
    pub fn nodes<const N: usize>(net: HostNet, names: [&'static str; N]) -> [Self; N] {
        let shared = Rc::new(Shared { log: RefCell::default(), sampler: RefCell::new(Sampler::new(&names)) });
        let reading = Rc::clone(&shared);
        net.spawn(async move {
            loop {
                net.sleep(PERIOD).await;
                reading.sample(net.now());
            }
        });
        std::array::from_fn(|node| Self { net, node, shared: Rc::clone(&shared) })
    }

    /// How many calls were made so far, and the last of them.
    #[must_use]
    pub fn progress(&self) -> (usize, String) {
        self.shared.log.borrow().progress()
    }

    /// Whether any program had a connection.
    #[must_use]
    pub fn has_connected(&self) -> bool {
        self.shared.sampler.borrow().has_followed()
    }

    /// What was written down until now; calls that have not returned say so.
    #[must_use]
    pub fn written(&self) -> Written {
        let now = self.net.now();
        self.shared.sample(now);
        let (events, listened) = self.shared.log.borrow_mut().take(now);
        let series = self.shared.sampler.borrow_mut().take(now);
        Written { events, series, listened, end: now }
    }

    fn begin(&self, call: String) -> Call {
        Call::begin(self.clone(), call)
    }

    /// A connection is open: its curves begin. Asking the kernel takes a moment, and who opened it goes on first.
    fn opened(&self, stream: &impl Stream) {
        if let (Ok(local), Ok(peer)) = (stream.local(), stream.peer()) {
            self.shared.sampler.borrow_mut().follow(self.node, local, peer);
            let (net, shared) = (self.net, Rc::clone(&self.shared));
            self.net.spawn(async move { shared.sample(net.now()) });
        }
    }
}

impl Shared {
    fn sample(&self, now: Time) {
        let states = self.sampler.borrow_mut().sample(now);
        let mut log = self.log.borrow_mut();
        states.into_iter().for_each(|event| log.record(event));
    }
}

impl Net for LiveNet {
    type Stream = LiveStream;
    type Listener = LiveListener;
    type Datagrams = LiveDatagrams;

    async fn connect_with(&self, to: SocketAddr, options: SocketOptions) -> io::Result<LiveStream> {
        let mut call = self.begin(format!("connect({to})"));
        let outcome = self.net.connect_with(to, options).await;
        if let Ok(stream) = &outcome {
            call.text = format!("connect(fd {}, {to})", stream.as_raw_fd());
        }
        call.end(&outcome, |_| "0".to_owned());
        let stream = outcome?;
        self.opened(&stream);
        Ok(LiveStream::new(self.clone(), stream))
    }

    async fn listen_with(&self, at: SocketAddr, options: SocketOptions) -> io::Result<LiveListener> {
        let mut call = self.begin(format!("listen({at})"));
        let outcome = self.net.listen_with(at, options).await.and_then(|listener| {
            let local = listener.local()?;
            Ok((listener, local))
        });
        if let Ok((listener, local)) = &outcome {
            call.text = format!("listen(fd {}, {at})", listener.as_raw_fd());
            self.shared.log.borrow_mut().listened.get_or_insert(*local);
        }
        call.end(&outcome, |(_, local)| if *local == at { "0".to_owned() } else { format!("0 ({local})") });
        Ok(LiveListener { net: self.clone(), inner: outcome?.0 })
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<LiveDatagrams> {
        let call = self.begin(format!("bind({at})"));
        let outcome = self.net.bind(at).await;
        call.end(&outcome, |_| "0".to_owned());
        Ok(LiveDatagrams { net: self.clone(), inner: outcome? })
    }

    same_world!(net);

    fn note(&self, text: String) {
        let event = Event { at: self.now(), until: None, node: self.node, kind: EventKind::Note { text } };
        self.shared.log.borrow_mut().record(event);
    }
}

impl Probes for LiveNet {
    async fn probe(&self, probe: Probe, patience: Duration) -> io::Result<Option<Answer>> {
        let call = self.begin(format!("{probe}"));
        let outcome = self.net.probe(probe, patience).await;
        call.end(&outcome, |it| it.map_or("no answer".to_owned(), |it| it.to_string()));
        outcome
    }
}

/// A listening TCP socket whose calls are written down.
pub struct LiveListener {
    net: LiveNet,
    inner: HostListener,
}

impl Listener for LiveListener {
    type Stream = LiveStream;

    async fn accept(&self) -> io::Result<(LiveStream, SocketAddr)> {
        let call = self.net.begin(format!("accept(fd {})", self.inner.as_raw_fd()));
        let outcome = self.inner.accept().await;
        call.end(&outcome, |(stream, peer)| format!("fd {}, {peer}", stream.as_raw_fd()));
        let (stream, peer) = outcome?;
        self.net.opened(&stream);
        Ok((LiveStream::new(self.net.clone(), stream), peer))
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local()
    }
}

/// A UDP socket whose calls are written down.
pub struct LiveDatagrams {
    net: LiveNet,
    inner: HostDatagrams,
}

impl Datagrams for LiveDatagrams {
    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        let call = self.net.begin(format!("sendto({} bytes, {to})", bytes.len()));
        let outcome = self.inner.send_to(bytes, to).await;
        call.end(&outcome, |()| bytes.len().to_string());
        outcome
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let call = self.net.begin(format!("recvfrom({})", buffer.len()));
        let outcome = self.inner.receive(buffer).await;
        call.end(&outcome, |(bytes, from)| format!("{bytes}, from {from}"));
        outcome
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local()
    }
}
