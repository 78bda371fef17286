//! What the demos of the web share: two hosts, a site with a certificate, and where in a capture an exchange lies.
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::capture::Sight;
use crate::demos::findings::Findings;
use crate::demos::frame::Content;
use crate::lab::{HostBuilder, Lab, LabNet, LinkOptions};
use crate::quantity::Quantity;
use crate::recording::{Fact, Recording, Step, Time};
use crate::services::http::{Bytes, Client, Version};
use crate::services::tls::{self, Authority, Ground, TlsError};

/// The site's name.
pub(super) const SITE: &str = "www.shop.example";

/// What a receive and a send buffer of a current Linux host grow to (the third numbers of `net.ipv4.tcp_rmem` and `tcp_wmem`):
/// so the windows of TCP are not what bounds a page.
pub(super) const BUFFERS: (usize, usize) = (6 << 20, 4 << 20);

/// A client and a server beside each other.
pub(super) struct Hosts {
    pub(super) client: LabNet,
    pub(super) server: LabNet,
    /// Where the server listens: 443 with TLS, 80 without.
    pub(super) at: SocketAddr,
}

/// A client and a server beside each other that know each other's MAC address, both made in the same way; socket calls are not
/// written down.
pub(super) fn pair(
    lab: &mut Lab,
    link: LinkOptions,
    made: impl for<'a> Fn(HostBuilder<'a>) -> HostBuilder<'a>,
) -> [LabNet; 2] {
    let mut host = |name: &str, column, address: &str| {
        made(lab.host(name).at(column, 0).address(address).trace_calls(false)).add()
    };
    let (client, server) = (host("client", 0, "10.0.0.1/24"), host("server", 1, "10.0.0.2/24"));
    lab.link(client, server, link);
    lab.introduce_everybody();
    [lab.net(client), lab.net(server)]
}

/// The two of a site.
pub(super) fn hosts(lab: &mut Lab, link: LinkOptions, port: u16) -> Hosts {
    let [client, server] = pair(lab, link, |it| it.receive_buffer(BUFFERS.0).send_buffer(BUFFERS.1));
    Hosts { client, server, at: SocketAddr::from(([10, 0, 0, 2], port)) }
}

/// Both ends of a site's TLS.
#[derive(Clone)]
pub(super) struct Certified {
    pub(super) client: tls::Client,
    pub(super) server: tls::Server,
    pub(super) ground: Ground,
    pub(super) authority: Rc<Authority>,
}

impl Certified {
    /// A new authority, a certificate for these names, a client that trusts it.
    pub(super) fn new(net: &LabNet, seed: u64, names: &[&str]) -> Result<Self, TlsError> {
        let ground = Ground::lab(net, seed);
        let authority = Authority::new(&ground, "Roundtrip lab")?;
        let server = tls::Server::new(&ground, authority.issue(names)?, &[tls::H2, tls::HTTP_1_1])?;
        let client = tls::Client::new(&ground, &[authority.certificate()], &[tls::H2])?;
        Ok(Self { client, server, ground, authority: Rc::new(authority) })
    }

    /// What deciphers the capture.
    pub(super) fn secrets(&self) -> String {
        self.ground.keys().map(tls::Keys::text).unwrap_or_default()
    }
}

/// A client of the site, over its TLS where it has some; it waits long, as a browser does.
pub(super) fn client(version: Version, at: SocketAddr, tls: Option<&Certified>) -> Client {
    let client = Client { patience: Duration::from_secs(600), ..Client::new(version, at, SITE) };
    match tls {
        Some(tls) => client.over(&tls.client),
        None => client,
    }
}

/// The packets that carried what a client sent first from an instant on, and what it had got last at another.
pub(super) fn ends(sights: &[Sight<'_>], local: Option<SocketAddr>, from: Time, to: Time) -> Option<(u32, u32)> {
    let sent = sights.iter().find(|it| it.sent && it.at >= from && carries(it, local))?;
    let got = sights.iter().rfind(|it| !it.sent && it.at <= to && it.at >= from && carries(it, local))?;
    Some((sent.packet.n, got.packet.n))
}

/// The packets with data that came between two instants: the first and the last.
pub(super) fn came(sights: &[Sight<'_>], local: Option<SocketAddr>, from: Time, to: Time) -> Option<(u32, u32)> {
    let mut all = sights.iter().filter(|it| !it.sent && it.at >= from && it.at <= to && carries(it, local));
    let first = all.next()?;
    Some((first.packet.n, all.next_back().unwrap_or(first).packet.n))
}

fn is_of(sight: &Sight<'_>, local: Option<SocketAddr>) -> bool {
    match sight.content {
        Content::Tcp(segment) => Some(if sight.sent { segment.from } else { segment.to }) == local,
        // A UDP socket that is bound to no address of its own is known by its port.
        Content::Udp { from, to, .. } => local.is_some_and(|it| it.port() == if sight.sent { from } else { to }.port()),
        _ => false,
    }
}

fn carries(sight: &Sight<'_>, local: Option<SocketAddr>) -> bool {
    (sight.data() > 0 || sight.udp().is_some()) && is_of(sight, local)
}

/// The paths that a body names: what stands in quotes and begins with `/`.
pub(super) fn named(body: &Bytes) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    text.split('"').skip(1).step_by(2).filter(|it| it.starts_with('/')).map(str::to_owned).collect()
}

/// What a browser did with one page: an exchange, or why there was none.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) case: &'static str,
    pub(super) at: Time,
    pub(super) until: Time,
    pub(super) local: Option<SocketAddr>,
    pub(super) status: Option<u16>,
    /// Fields of the answer that matter here.
    pub(super) hears: Vec<String>,
}

impl Told {
    /// Nothing was sent.
    pub(super) const fn nothing(case: &'static str, at: Time, until: Time) -> Self {
        Self { case, at, until, local: None, status: None, hears: Vec::new() }
    }

    /// What was sent, heard, and how long it took.
    pub(super) fn facts(&self, sent: Vec<String>) -> Vec<Fact> {
        let took = Quantity::time(self.until - self.at);
        let heard = [Fact::list("answer_says", self.hears.clone()), Fact::quantity("took", took)];
        [Fact::list("sent", sent)].into_iter().chain(heard.into_iter().filter(|_| self.status.is_some())).collect()
    }

    /// Its row, with the packets of its connection in that time.
    pub(super) fn step(
        &self,
        recording: &Recording,
        sights: &[Sight<'_>],
        (kind, title): (&str, String),
        facts: impl IntoIterator<Item = Fact>,
        why: String,
    ) -> Step {
        Step {
            at: self.at,
            until: self.until,
            node: recording.node("browser").unwrap_or_default(),
            depth: 0,
            kind: kind.to_owned(),
            title,
            facts: [Fact::text("case", self.case)].into_iter().chain(facts).collect(),
            why,
            packets: during(sights, self.local, self.at, self.until),
        }
    }
}

/// The rows of a browser, each with its bar; `group` is whose colour it has.
pub(super) fn story(findings: &mut Findings, steps: Vec<Step>, group: impl Fn(usize, &Step) -> String) {
    for (number, it) in steps.iter().enumerate() {
        let lane = format!("{:>2} {}", number + 1, it.title);
        let packets = it.packets.first().copied().zip(it.packets.last().copied());
        findings.span_of(&lane, group(number, it), (it.at, it.until), packets);
    }
    findings.steps(steps);
}

/// Every packet of a connection between two instants: numbers for a step.
pub(super) fn during(sights: &[Sight<'_>], local: Option<SocketAddr>, from: Time, to: Time) -> Vec<u32> {
    let ours = |it: &&Sight<'_>| is_of(it, local) && it.at >= from && it.at <= to;
    // What came at the first instant belongs to what was before, what is sent at the last to what follows.
    let inside = |it: &&Sight<'_>| (it.at > from || it.sent) && (it.at < to || !it.sent);
    sights.iter().filter(ours).filter(inside).map(|it| it.packet.n).collect()
}
