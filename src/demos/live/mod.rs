//! A demo on this machine's sockets: the same programs as in the lab, against a server of their own on loopback or a host
//! the user named. What it leaves is a [`Recording`] without packets.
mod target;
#[cfg(test)]
mod tests;
mod trouble;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

pub use target::{Host, NotATarget, Target};
pub use trouble::Trouble;

use crate::demos::{Demo, Knob, Knobs};
use crate::net::Net;
use crate::net::host::HostNet;
use crate::net::live::{LiveNet, Written};
use crate::quantity::Quantity;
use crate::recording::{
    self, Event, EventKind, Interface, Link, LinkEnd, Node, NodeKind, Recording, Run, Time, Topology,
};

/// How a demo runs on real sockets.
#[derive(Debug)]
pub struct Live {
    /// What the two ends are called: the one that connects, then the one that is connected to.
    pub nodes: [&'static str; 2],
    /// The port of a host named without one.
    pub port: u16,
    /// Whether the script looks up the host's name itself: then nobody does before it.
    pub looks_up: bool,
    /// Whether it asks the host for a certificate: then whom else to trust can be said.
    pub trusts: bool,
    /// Words that stand for no host but for something the script knows, each with what it means.
    pub words: &'static [(&'static str, &'static str)],
    /// What a run in the lab takes other settings for when it is to stand beside this live one.
    pub lab: fn(&mut Knobs),
    /// The knobs that also hold here: those of its programs. The others describe a network, and here the path is as it is.
    pub knobs: &'static [&'static str],
    /// The curves of the kernel that are kept, by name: `client cwnd`. Those its own reading finds come beside them.
    pub curves: &'static [&'static str],
    /// A run is ended after this long.
    pub limit: Duration,
    /// What is played on the networks it is given.
    pub script: fn(Stand) -> Script,
}

/// A script on its way. What its programs do on the networks of their [`Stand`] is written down.
pub struct Script {
    /// The programs; over when the client is done. Dropped where it stands when the run is stopped.
    pub play: Pin<Box<dyn Future<Output = io::Result<()>>>>,
    /// Reads measurements, markers and spans off the recording, and off what the programs noted for it.
    pub found: Box<dyn FnOnce(&mut Recording)>,
}

/// What a script is given.
#[derive(Clone)]
pub struct Stand {
    pub knobs: Knobs,
    /// Where chance comes from.
    pub seed: u64,
    pub client: LiveNet,
    /// `None` when the user named a host: then the server is there already.
    pub server: Option<LiveNet>,
    /// The word of [`Live::words`] that stands in the host's place.
    pub word: Option<&'static str>,
    /// The host that the user named.
    pub host: Option<Host>,
    /// Where to connect (nowhere for a word, and where the script looks up the name), or, with a server of the script's own, where it listens first (loopback, port 0).
    pub at: SocketAddr,
}

/// Which live run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub knobs: Knobs,
    pub target: Target,
    /// Where a script's chance comes from; a network's cannot be chosen.
    pub seed: u64,
}

/// Ends a run from another thread.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the run to end; it does within a fraction of a second.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether both end the same run.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What a signal handler sets to end the run.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Since the run began.
    pub elapsed: Duration,
    /// Socket calls so far.
    pub calls: usize,
    /// What it is about: the last call, or that a name is looked up.
    pub doing: String,
}

/// A run, and what went wrong in it.
#[derive(Debug)]
pub struct Ran {
    pub recording: Recording,
    /// In words for a person; `None` when the script ended as it should.
    pub trouble: Option<String>,
}

/// Why there is no run at all; the message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error("{demo} runs in the lab only; these also run live: {live}")]
    LabOnly { demo: &'static str, live: String },
    #[error("`{knob}` describes the lab's network, and a live run takes the path as it is; {demo} live has {known}")]
    LabKnob { demo: &'static str, knob: String, known: String },
    #[error("{0}")]
    Unresolved(String),
    #[error("the run was stopped before it began")]
    Stopped,
    #[error("this machine gives no sockets to wait on: {0}")]
    System(#[source] io::Error),
}

/// A run asks this often whether it shall stop, and tells how far it is.
const PULSE: Duration = Duration::from_millis(20);

/// After the script the programs have this long to see the end of the connections they had.
const GRACE: Duration = Duration::from_millis(60);

/// How a run ended.
enum Ended {
    Script(io::Result<()>),
    Limit,
    Stopped,
}

/// Runs a demo live. Blocks until it is over; `tell` hears how far it is, `stop` ends it.
///
/// # Errors
/// When nothing could be run: the demo has no live side, the host has no address.
pub fn run(
    demo: &'static Demo,
    request: &Request,
    stop: &Stop,
    tell: &mut dyn FnMut(&Progress),
) -> Result<Ran, LiveError> {
    let live = demo.live.as_ref().ok_or_else(|| lab_only(demo))?;
    let watch = Watch { limit: live.limit, stop, tell };
    let played = HostNet::run(|net| play(net, live, request, watch)).map_err(LiveError::System)??;
    Ok(ran(demo, request, played))
}

/// What a script left behind.
struct Played {
    written: Written,
    ended: Ended,
    /// When the script ended; its programs saw the end of the connection a little later.
    over: Time,
    address: SocketAddr,
    found: Box<dyn FnOnce(&mut Recording)>,
}

async fn play(net: HostNet, live: &Live, request: &Request, mut watch: Watch<'_>) -> Result<Played, LiveError> {
    let word = live.word(&request.target);
    let host = request.target.host().cloned();
    let address = match word {
        Some(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), live.port),
        None if live.looks_up && host.is_some() => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), live.port),
        None => watch.resolve(&net, &request.target, live.port).await?,
    };
    let net = net.restarted();
    let [client, server] = LiveNet::nodes(net, live.nodes);
    let server = matches!(request.target, Target::Own).then_some(server);
    let Script { play, found } = (live.script)(Stand {
        knobs: request.knobs.clone(),
        seed: request.seed,
        client: client.clone(),
        server,
        word,
        host,
        at: address,
    });
    let ended = watch.wait(&net, play, || client.progress()).await.map_or_else(|ended| ended, Ended::Script);
    let over = net.now();
    if client.has_connected() {
        net.sleep(GRACE).await;
    }
    Ok(Played { written: client.written(), ended, over, address, found })
}

/// How long something may take, who may end it sooner, and who hears how far it is.
struct Watch<'a> {
    limit: Duration,
    stop: &'a Stop,
    tell: &'a mut dyn FnMut(&Progress),
}

impl Watch<'_> {
    /// Where the script's connections go.
    async fn resolve(&mut self, net: &HostNet, target: &Target, port: u16) -> Result<SocketAddr, LiveError> {
        let Target::Host(host) = target else { return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)) };
        let doing = format!("looking up {}", host.written());
        match self.wait(net, host.resolve(port), || (0, doing.clone())).await {
            Ok(resolved) => resolved.map_err(LiveError::Unresolved),
            Err(Ended::Stopped) => Err(LiveError::Stopped),
            Err(_) => {
                let limit = Quantity::time(self.limit);
                let text = format!("this system's resolver said nothing of {} for {limit}", host.written());
                Err(LiveError::Unresolved(text))
            }
        }
    }

    /// What the work comes to, unless the limit is over or a stop is asked for first.
    async fn wait<T>(
        &mut self,
        net: &HostNet,
        work: impl Future<Output = T>,
        doing: impl Fn() -> (usize, String),
    ) -> Result<T, Ended> {
        let began = net.now();
        let mut work = pin!(work);
        let mut pulse = Box::pin(net.sleep(PULSE));
        poll_fn(|context| {
            if let Poll::Ready(value) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(value));
            }
            while pulse.as_mut().poll(context).is_ready() {
                pulse = Box::pin(net.sleep(PULSE));
                let elapsed = net.now() - began;
                if self.stop.is_asked() {
                    return Poll::Ready(Err(Ended::Stopped));
                }
                if elapsed >= self.limit {
                    return Poll::Ready(Err(Ended::Limit));
                }
                let (calls, doing) = doing();
                (self.tell)(&Progress { elapsed, calls, doing });
            }
            Poll::Pending
        })
        .await
    }
}

fn lab_only(demo: &Demo) -> LiveError {
    let live: Vec<&str> = super::all().iter().filter(|it| it.live.is_some()).map(|it| it.name).collect();
    LiveError::LabOnly { demo: demo.name, live: live.join(", ") }
}

impl Live {
    /// The word that stands in the host's place, if it is one.
    fn word(&self, target: &Target) -> Option<&'static str> {
        let written = target.host()?.written();
        self.words.iter().map(|(word, _)| *word).find(|word| *word == written)
    }

    /// What may be named, in a sentence for who is asked for it.
    #[must_use]
    pub fn whom(&self) -> String {
        let port = self.port;
        let host = format!("a name or address, :PORT where it is not {port}");
        self.words
            .iter()
            .map(|(word, about)| format!("`{word}` ({about})"))
            .chain([host])
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// Whether a knob holds here.
    #[must_use]
    pub fn has(&self, knob: &Knob) -> bool {
        self.knobs.contains(&knob.name)
    }
}

/// Refuses a setting that describes the lab's network.
///
/// # Errors
/// When the demo has no live side, or the knob does not hold there.
pub fn allow<'a>(demo: &Demo, mut settings: impl Iterator<Item = &'a str>) -> Result<(), LiveError> {
    let live = demo.live.as_ref().ok_or_else(|| lab_only(demo))?;
    let Some(knob) = settings.find(|name| !live.knobs.contains(name)) else { return Ok(()) };
    let names: Vec<String> = live.knobs.iter().map(|it| format!("`{it}`")).collect();
    let known = if names.is_empty() { "no knobs".to_owned() } else { names.join(", ") };
    Err(LiveError::LabKnob { demo: demo.name, knob: knob.to_owned(), known })
}

/// The knobs of the lab's run that stands beside a live one: `turned` as they are, with those of the live run.
#[must_use]
pub fn beside(demo: &Demo, turned: &Knobs, live: &Run) -> Knobs {
    let mut knobs = turned.clone();
    for (name, text) in &live.knobs {
        // A file may say what this demo does not know; the lab then runs as it was turned.
        drop(knobs.set(name, text));
    }
    if let Some(side) = &demo.live {
        (side.lab)(&mut knobs);
    }
    knobs
}

/// The recording of what was written down.
fn ran(demo: &'static Demo, request: &Request, played: Played) -> Ran {
    let live = demo.live.as_ref().expect("it just ran live");
    let Played { mut written, ended, over, address, found } = played;
    let end = cut(&mut written, over);
    let address = match address.port() {
        0 => written.listened.unwrap_or(SocketAddr::new(address.ip(), live.port)),
        _ => address,
    };
    let trouble = match ended {
        Ended::Script(Ok(())) => None,
        Ended::Script(Err(error)) => Some(trouble::of(&error, address)),
        Ended::Limit => Some(trouble::limit(&named(request, address), live.limit)),
        Ended::Stopped => Some("the run was stopped before its end".to_owned()),
    };
    let note = |text| Event { at: end, until: None, node: 0, kind: EventKind::Note { text } };
    written.events.extend(trouble.clone().map(note));
    let mut all = request.knobs.as_text();
    all.retain(|name, _| live.knobs.contains(&name.as_str()));
    let (nodes, curves) = (live.nodes, live.curves);
    let live = recording::Live { host: request.target.host().map(|it| it.written().to_owned()), address };
    let topology = topology(&live, nodes);
    let run = Run { demo: demo.name.to_owned(), knobs: all, seed: request.seed, live: Some(live), ..Run::default() };
    let (packets, steps, spans, measurements, tables, markers, secrets) = Default::default();
    let Written { events, series, .. } = written;
    let mut recording =
        Recording { run, topology, packets, events, steps, spans, series, measurements, tables, markers, end, secrets };
    let read: BTreeSet<String> = recording.series.iter().map(|it| it.name.clone()).collect();
    found(&mut recording);
    recording.series.retain(|it| !read.contains(&it.name) || curves.contains(&it.name.as_str()));
    Ran { recording, trouble }
}

/// Whom the run speaks to: the host's name, while its address is not known.
fn named(request: &Request, address: SocketAddr) -> String {
    let host = request.target.host().filter(|_| address.ip().is_unspecified());
    host.map_or_else(|| address.to_string(), |it| it.written().to_owned())
}

/// Ends the recording with the last thing that happened, and nothing before something did.
fn cut(written: &mut Written, over: Time) -> Time {
    let last = |event: &Event| event.until.filter(|until| *until < written.end).unwrap_or(event.at);
    let end = written.events.iter().map(last).fold(over.max(Time(1)), Time::max);
    for event in &mut written.events {
        event.until = event.until.map(|until| until.min(end));
    }
    for (at, _) in written.series.iter_mut().flat_map(|it| &mut it.points) {
        *at = (*at).min(end);
    }
    end
}

/// A script that looks up names itself says whom it spoke to.
pub(super) fn spoke_to(recording: &mut Recording, peer: SocketAddr) {
    let (Some(live), [client, server]) = (&mut recording.run.live, recording.topology.nodes.as_slice()) else { return };
    live.address = peer;
    let (client, server) = (client.name.clone(), server.name.clone());
    recording.topology = topology(live, [&client, &server]);
}

/// Two ends and what is known of the path between them: nothing but its name.
fn topology(live: &recording::Live, [client, server]: [&str; 2]) -> Topology {
    let node = |name: &str, column, addresses| Node {
        name: name.to_owned(),
        kind: NodeKind::Host,
        interfaces: vec![Interface { name: "socket".to_owned(), mac: None, addresses }],
        place: (column, 0),
    };
    let path = if live.address.ip().is_loopback() { "loopback" } else { "the network as it is" };
    let ends = [LinkEnd { node: 0, interface: 0 }, LinkEnd { node: 1, interface: 0 }];
    let link = Link { name: format!("{client}-{server}"), ends, properties: vec![path.to_owned()] };
    let ip = live.address.ip();
    let own = if ip.is_loopback() { vec![ip] } else { Vec::new() };
    // Whom the script will speak to is not known before it has looked the name up.
    let peer = if ip.is_unspecified() { Vec::new() } else { vec![ip] };
    Topology { nodes: vec![node(client, 0, own), node(server, 2, peer)], links: vec![link] }
}
