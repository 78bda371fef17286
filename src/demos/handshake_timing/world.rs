//! The hosts of the visits: a client, its resolver, a server that proves who it is, over TCP and over QUIC.
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use crate::demos::Knobs;
use crate::demos::web::BUFFERS;
use crate::lab::tcp::TcpSettings;
use crate::lab::{Lab, LabNet, LinkOptions, Loss};
use crate::net::Net;
use crate::recording::Time;
use crate::services::dns::{self, Answers, Asker, Authority as Zones, world::SITES};
use crate::services::http::{Handler, Request, Response, ServerOptions, serve_with};
use crate::services::tls::{self, Authority, Ground, H2, HTTP_1_1, TlsError, Version};
use crate::services::{h3, quic};

use super::{HOST, PATIENCE};

/// The hosts, and what stands on them.
pub(super) struct World {
    pub(super) client: LabNet,
    server: LabNet,
    resolver: LabNet,
    pub(super) ground: Ground,
    pub(super) authority: Authority,
    /// From when to when the server thought, each time.
    thought: Thought,
}

type Thought = Rc<RefCell<Vec<(Time, Time)>>>;

/// Where the resolver is.
pub(super) const RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 53)), dns::PORT);
/// The server's networks, whose addresses the shop's zone names.
const SERVER: [&str; 2] = ["203.0.113.80/24", "2001:db8:80::80/64"];
/// The router's addresses towards the client, the resolver and the server.
const CORE: [&str; 5] = ["192.0.2.1/27", "2001:db8:a::1/64", "192.0.2.33/27", "203.0.113.1/24", "2001:db8:80::1/64"];
const HTTPS: u16 = 443;
const HTTP: u16 = 80;
/// HTTP/3 in a list of protocols (RFC 9114 §3.1).
pub(super) const H3: &[&[u8]] = &[b"h3"];
/// Early data that the server takes: a request, and no upload.
const EARLY: u32 = 16_384;
/// Bytes that each further name adds to a certificate: `s0000.shop.example`, its tag and its length (RFC 5280 §4.2.1.6).
const NAME: u64 = 20;
/// A certificate for one name is about so long.
const ONE: u64 = 430;

/// A resolver that has the answer in its cache: it speaks for no zone, and offers to search (RFC 1035 §4.1.1).
struct Cached(Zones);

impl Answers for Cached {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        let mut reply = self.0.answer(&query, asker)?;
        if let [_, _, first, second, ..] = &mut reply[..] {
            (*first, *second) = (*first & !0x04, *second | 0x80);
        }
        Some(reply)
    }
}

impl World {
    pub(super) fn build(lab: &mut Lab, knobs: &Knobs, seed: u64) -> Result<Self, TlsError> {
        let has_ipv6 = knobs.choice("ipv6") != "none";
        let window = u32::try_from(knobs.number("iw")).expect("the knob's limit is small");
        let settings = TcpSettings { initial_window: window, ..TcpSettings::default() };
        let client = lab.host("client").at(0, 0).address("192.0.2.10/27").gateway("192.0.2.1").trace_calls(false);
        let client = if has_ipv6 { client.address("2001:db8:a::10/64").gateway("2001:db8:a::1") } else { client };
        let client = client.receive_buffer(BUFFERS.0).add();
        let resolver = lab.host("resolver").at(1, 2).address("192.0.2.53/27").gateway("192.0.2.33");
        let resolver = resolver.trace_calls(false).add();
        let server = lab.host("server").at(2, 0).address(SERVER[0]).gateway("203.0.113.1").tcp(settings);
        let server =
            if knobs.choice("ipv6") == "works" { server.address(SERVER[1]).gateway("2001:db8:80::1") } else { server };
        let server = server.send_buffer(BUFFERS.1).trace_calls(false).add();
        let core = lab.router("core").at(1, 0).interface(CORE[0]);
        let core = if has_ipv6 { core.address(CORE[1]) } else { core };
        let core = core.interface(CORE[2]).interface(CORE[3]);
        let core = if has_ipv6 { core.address(CORE[4]) } else { core };
        let core = core.add();
        lab.link(client, core, LinkOptions::default());
        lab.link(resolver, core, LinkOptions::default().delay(knobs.time("near") / 2));
        lab.link(server, core, way(knobs));
        lab.introduce_everybody();
        let (client, server, resolver) = (lab.net(client), lab.net(server), lab.net(resolver));
        let ground = Ground::lab(&client, seed);
        let authority = Authority::new(&ground, "Roundtrip lab")?;
        Ok(Self { client, server, resolver, ground, authority, thought: Thought::default() })
    }

    /// What deciphers the captures.
    pub(super) fn secrets(&self) -> String {
        self.ground.keys().map(tls::Keys::text).unwrap_or_default()
    }

    /// From when to when the server thought, each time.
    pub(super) fn thought(&self) -> Vec<(Time, Time)> {
        self.thought.borrow().clone()
    }

    /// Starts the resolver and the server.
    pub(super) async fn serve(&self, knobs: &Knobs) -> Result<(), String> {
        let shop = SITES.iter().find(|it| it.host == "ns1-shop").expect("a server of the lab");
        let cached = Cached(Zones::new(shop.zones()));
        dns::serve(&self.resolver, RESOLVER, cached).await.map_err(|it| it.to_string())?;
        let names = names(knobs);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if knobs.choice("http") == "3" {
            return self.serve_quic(knobs, &names).await.map_err(|it| it.to_string());
        }
        let secure = knobs.choice("tls") != "none";
        let tls = secure.then(|| self.tls(knobs, &names)).transpose().map_err(|it| it.to_string())?;
        let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, if secure { HTTPS } else { HTTP }));
        let at = if knobs.choice("ipv6") == "works" { SocketAddr::from(([0_u16; 8], at.port())) } else { at };
        let listener = self.server.listen(at).await.map_err(|it| it.to_string())?;
        let options = ServerOptions { tls, ..ServerOptions::default() };
        let serving = serve_with(self.server.clone(), listener, options, self.handler(knobs));
        self.server.spawn(async move { drop(serving.await) });
        Ok(())
    }

    /// Thinks, then answers; the same over every version of HTTP.
    fn handler(&self, knobs: &Knobs) -> impl Handler + use<> {
        let (think, net) = (knobs.time("think"), self.server.clone());
        let size = usize::try_from(knobs.number("size")).expect("the knob's limit is small");
        let thought = Rc::clone(&self.thought);
        move |_: Request| {
            let (net, thought) = (net.clone(), Rc::clone(&thought));
            async move {
                let from = net.now();
                net.sleep(think).await;
                thought.borrow_mut().push((from, net.now()));
                Response::ok("application/octet-stream", vec![b'.'; size])
            }
        }
    }

    fn tls(&self, knobs: &Knobs, names: &[&str]) -> Result<tls::Server, TlsError> {
        let options = tls::ServerOptions {
            protocols: &[H2, HTTP_1_1],
            version: Some(if knobs.choice("tls") == "1.2" { Version::Tls12 } else { Version::Tls13 }),
            early_data: if knobs.choice("session") == "0-rtt" { EARLY } else { 0 },
            record: Some(usize::try_from(knobs.number("record")).expect("the knob's limit is small")),
            ..tls::ServerOptions::default()
        };
        Ok(tls::Server::with(&self.ground, self.authority.issue(names)?, options)?.patient(PATIENCE))
    }

    async fn serve_quic(&self, knobs: &Knobs, names: &[&str]) -> Result<(), quic::QuicError> {
        let identity = self.authority.issue(names)?;
        let early = knobs.choice("session") == "0-rtt";
        let any = if knobs.choice("ipv6") == "works" { Ipv6Addr::UNSPECIFIED.into() } else { IpAddr::from([0; 4]) };
        let at = SocketAddr::new(any, HTTPS);
        let proof = (identity, H3, early);
        let server = quic::Server::open(&self.server, &self.ground, at, proof, &quic::Options::default()).await?;
        let serving = h3::serve_with(self.server.clone(), server, self.handler(knobs));
        self.server.spawn(serving);
        Ok(())
    }
}

/// The way to the server.
fn way(knobs: &Knobs) -> LinkOptions {
    let way = LinkOptions::default().delay(knobs.time("rtt") / 2);
    let way = if knobs.number("rate") > 0 { way.rate(knobs.number("rate")) } else { way };
    let loss = u32::try_from(knobs.number("loss")).expect("a share is at most a million ppm");
    if loss > 0 { way.loss(Loss::random(loss)) } else { way }
}

/// The names of the certificate: the host's, and as many more as give it its length.
fn names(knobs: &Knobs) -> Vec<String> {
    let more = knobs.number("chain").saturating_sub(ONE) / NAME;
    std::iter::once(HOST.to_owned()).chain((0..more).map(|number| format!("s{number:04}.shop.example"))).collect()
}
