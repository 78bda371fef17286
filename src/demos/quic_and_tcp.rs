//! One server of a page over HTTP/3, HTTP/2 and HTTP/1.1, and clients that each have a link of their own to it.
//!
//! ```text
//! client a ── own link ──┐
//!                        r ── server www.example 203.0.113.10
//! client b ── own link ──┘
//! ```
use std::cell::RefCell;
use std::future::ready;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::demos::capture::Sight;
use crate::demos::web::BUFFERS;
use crate::lab::tcp::TcpSettings;
use crate::lab::{Firewall, Lab, LabNet, LinkOptions};
use crate::net::{Net, Observed};
use crate::recording::Time;
use crate::services::http::{self, Request, Response, ServerOptions, StatusCode, Version};
use crate::services::quic::{self, Qlog, QuicError};
use crate::services::tls::{self, Authority, Ground, H2, H3, HTTP_1_1, TlsError};
use crate::services::{Crowd, Heard, h3};

pub(super) const NAME: &str = "www.example";
pub(super) const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10)), 443);
pub(super) const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// Early data that the server takes over TCP; requests are far smaller.
const EARLY: u32 = 16_384;
/// The largest page there is.
const MOST: usize = 1_000_000;
/// A handshake and an answer may take as long as something of them comes: who asks says how much silence is too much.
const WHOLE: Duration = Duration::from_secs(3600);

/// The hosts' networks: the clients in order, and the server.
pub(super) struct Hosts {
    pub(super) clients: Vec<LabNet>,
    pub(super) server: LabNet,
}

/// Lays the links: those of the clients as told, the server's ideal.
pub(super) fn build(
    lab: &mut Lab,
    clients: &[(&str, LinkOptions)],
    tcp: TcpSettings,
    firewall: Option<Firewall>,
) -> Hosts {
    let mut router = lab.router("r").at(1, 0).interface("203.0.113.1/24");
    for index in 0..clients.len() {
        router = router.interface(&format!("10.0.{index}.1/24"));
    }
    let router = if let Some(rules) = firewall { router.firewall(rules).add() } else { router.add() };
    let server = lab.host("server").at(2, 0).address("203.0.113.10/24").gateway("203.0.113.1").trace_calls(false);
    let server = server.tcp(tcp).receive_buffer(BUFFERS.0).send_buffer(BUFFERS.1).add();
    lab.link(router, server, LinkOptions::default());
    let mut nets = Vec::new();
    for (index, (name, link)) in (0_u8..).zip(clients) {
        let (address, gateway) = (format!("10.0.{index}.2/24"), format!("10.0.{index}.1"));
        let host = lab.host(name).at(0, index).address(&address).gateway(&gateway).trace_calls(false);
        let host = host.tcp(tcp).receive_buffer(BUFFERS.0).send_buffer(BUFFERS.1).add();
        lab.link(host, router, link.clone());
        nets.push(lab.net(host));
    }
    lab.introduce_everybody();
    Hosts { clients: nets, server: lab.net(server) }
}

/// Why the server could not be set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoServer {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Quic(#[from] QuicError),
    #[error(transparent)]
    Socket(#[from] std::io::Error),
}

/// The server's side: `/N` is N bytes, over UDP and TCP. With `early`, whoever comes again may send early data.
pub(super) async fn serve(net: &LabNet, ground: &Ground, early: bool) -> Result<Authority, NoServer> {
    let authority = Authority::new(ground, "Roundtrip lab")?;
    let (identity, options) = (authority.issue(&[NAME])?, quic::Options::default());
    let over_udp = quic::Server::open(net, ground, SERVER, (identity, &[H3], early), &options).await?;
    net.spawn(h3::serve_with(net.clone(), over_udp, |request: Request| ready(page(&request))));
    let early_data = if early { EARLY } else { 0 };
    let options = tls::ServerOptions { protocols: &[H2, HTTP_1_1], early_data, ..tls::ServerOptions::default() };
    let tls = tls::Server::with(ground, authority.issue(&[NAME])?, options)?.patient(WHOLE);
    let (own, listener) = (net.clone(), net.listen(SERVER).await?);
    let options = ServerOptions { tls: Some(tls), ..ServerOptions::default() };
    net.spawn(async move {
        drop(http::serve_with(own, listener, options, |request: Request| ready(page(&request))).await);
    });
    Ok(authority)
}

/// `/N`, up to a megabyte.
fn page(request: &Request) -> Response {
    let length = request.path.strip_prefix('/').and_then(|it| it.parse().ok()).filter(|it| *it <= MOST);
    match length {
        Some(length) => Response::ok("text/plain", vec![b'x'; length]),
        None => Response::new(StatusCode::NOT_FOUND),
    }
}

/// A QUIC client that trusts this authority.
pub(super) async fn quic_client(
    net: &impl Net,
    ground: &Ground,
    authority: &Authority,
    qlog: Option<Qlog>,
) -> Result<quic::Client, QuicError> {
    let options = quic::Options { qlog, ..quic::Options::default() };
    quic::Client::open(net, ground, ANY, (&[authority.certificate()], &[H3]), &options).await
}

/// A TCP client that trusts this authority.
pub(super) fn tcp_client(
    ground: &Ground,
    authority: &Authority,
    version: Version,
    early_data: bool,
) -> Result<http::Client, TlsError> {
    let options = tls::ClientOptions { early_data, ..tls::ClientOptions::default() };
    let tls = tls::Client::with(ground, &[authority.certificate()], options)?.patient(WHOLE);
    Ok(http::Client { patience: WHOLE, ..http::Client::new(version, SERVER, NAME) }.over(&tls))
}

/// One resource as its client got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Got {
    /// From 1.
    pub(super) number: usize,
    pub(super) asked: Time,
    pub(super) head: Time,
    pub(super) done: Time,
}

/// A connection that carries several requests at once.
#[derive(Clone)]
pub(super) enum Carrier {
    Three(h3::Connection<LabNet>),
    Two(Rc<http::Connection<Observed<LabNet>>>),
}

impl Carrier {
    /// Asks for the resources of these numbers at once, each of so many bytes, and waits for what comes, until nothing
    /// does for longer than `patience`.
    pub(super) async fn page(&self, net: &LabNet, numbers: &[usize], size: usize, patience: Duration) -> Vec<Got> {
        let (crowd, got) = (Crowd::default(), Rc::<RefCell<Vec<Got>>>::default());
        for number in numbers.iter().copied() {
            let (own, carrier, got, member) = (net.clone(), self.clone(), Rc::clone(&got), crowd.join());
            net.spawn(async move {
                let one = carrier.heard().or_silence(&own, patience, carrier.one(number, size)).await;
                got.borrow_mut().extend(one.flatten());
                drop(member);
            });
        }
        crowd.gone().await;
        got.take()
    }

    /// When something of any answer came in.
    pub(super) fn heard(&self) -> &Heard {
        match self {
            Self::Three(connection) => connection.heard(),
            Self::Two(connection) => connection.heard(),
        }
    }

    /// One resource, if it comes.
    pub(super) async fn one(&self, number: usize, size: usize) -> Option<Got> {
        let path = format!("/{size}");
        match self {
            Self::Three(connection) => {
                let it = connection.get(NAME, &path).await.ok()?;
                Some(Got { number, asked: it.asked, head: it.head, done: it.done })
            }
            Self::Two(connection) => {
                let it = connection.share()?.ask(Request::get(path)).await.ok()?;
                Some(Got { number, asked: it.asked, head: it.head, done: it.done })
            }
        }
    }
}

/// The packets that begin and end what a client did between two instants: its first one out, and the last that came in for it.
pub(super) fn packets(sights: &[Sight<'_>], from: Time, to: Time) -> Option<(u32, u32)> {
    let first = sights.iter().find(|it| it.sent && it.at >= from && it.at <= to)?;
    let last = sights.iter().rfind(|it| !it.sent && it.at >= from && it.at <= to)?;
    Some((first.packet.n, last.packet.n))
}
