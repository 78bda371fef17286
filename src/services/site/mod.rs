//! The lab's web site on this machine's loopback, for programs that are not ours: HTTP/1.1 and 2 over TLS, HTTP/3 over QUIC at
//! the same port, and a plain port that sends everybody to them.
mod pages;
#[cfg(test)]
mod tests;
mod way;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use hyper::StatusCode;

use crate::net::{Listener, Net};
use crate::services::dns::loopback::NotUp;
use crate::services::http::{self, Met, Request, Response, ServerOptions};
use crate::services::quic::QuicError;
use crate::services::tls::{self, Authority, Clients, Ground, H2, H3, HTTP_1_1, Identity, TlsError};
use crate::services::{h3, quic};
pub use pages::PATHS;
use pages::Pages;
use way::Way;

/// The names that the site can prove to have.
pub const NAMES: [&str; 4] = ["localhost", "www.shop.example", "127.0.0.1", "::1"];
/// HTTP/1.0 in a list of protocols, which curl offers when it is told to speak it (IANA's ALPN registry).
const HTTP_1_0: &[u8] = b"http/1.0";
/// Bytes of early data on a resumed connection: a request or two.
const EARLY_DATA: u32 = 16 << 10;
/// Free ports that are tried before one is found that is free for TCP and UDP.
const TRIES: usize = 20;

/// Where the site shall be, and for whom; a port of 0 takes a free one.
#[derive(Clone, Debug)]
pub struct Place {
    pub at: IpAddr,
    /// Here as well, where there is such an address and the ports are free: a browser tries ::1 first for localhost.
    pub also: Option<IpAddr>,
    /// TLS over TCP, and QUIC over UDP.
    pub port: u16,
    pub plain_port: u16,
    pub clients: Clients,
}

/// Where the site is.
#[derive(Clone, Copy, Debug)]
pub struct Up {
    pub secure: SocketAddr,
    pub plain: SocketAddr,
    /// Whether the site is at the other address too, at the same ports.
    pub is_also_there: bool,
}

/// Starts the site, which proves itself with a certificate of this authority, and serves until the world ends.
///
/// # Errors
/// When one of the addresses cannot be had.
pub async fn start<N: Net>(net: &N, (ground, authority): (&Ground, &Authority), place: &Place) -> Result<Up, NotUp> {
    let at = SocketAddr::new(place.at, place.port);
    let prepared = prepare(ground, authority, &place.clients).map_err(io::Error::from);
    let (identity, tls) = prepared.map_err(not_up("the web site", at))?;
    let site = Site { ground, identity, tls, clients: &place.clients };
    let sockets = site.open(net, at).await.map_err(not_up("the web site", at))?;
    let secure = sockets.0.local().map_err(not_up("the web site", at))?;
    let pages = Rc::new(Pages::new(net, ground, secure.port()));
    site.serve(net, sockets, &pages);
    let at = SocketAddr::new(place.at, place.plain_port);
    let plain = redirect(net, at, secure.port()).await.map_err(not_up("the web site over plain HTTP", at))?;
    let mut is_also_there = false;
    if let Some(also) = place.also {
        let [second, second_plain] = [secure, plain].map(|it| SocketAddr::new(also, it.port()));
        if let Ok(sockets) = site.open(net, second).await {
            is_also_there = redirect(net, second_plain, secure.port()).await.is_ok();
            site.serve(net, sockets, &pages);
        }
    }
    Ok(Up { secure, plain, is_also_there })
}

/// What every address of the site has.
struct Site<'a> {
    ground: &'a Ground,
    identity: Identity,
    tls: tls::Server,
    clients: &'a Clients,
}

impl Site<'_> {
    /// The same port for TCP and for UDP.
    async fn open<N: Net>(&self, net: &N, at: SocketAddr) -> io::Result<(N::Listener, quic::Server)> {
        let options = quic::Options { mtu_discovery: true, clients: self.clients.clone(), ..quic::Options::default() };
        let mut tries = if at.port() == 0 { TRIES } else { 1 };
        loop {
            tries -= 1;
            let listener = net.listen(at).await?;
            let proof = (self.identity.clone(), &[H3][..], true);
            match quic::Server::open(net, self.ground, listener.local()?, proof, &options).await {
                Ok(quic) => return Ok((listener, quic)),
                Err(QuicError::Socket(error)) if tries > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
                Err(QuicError::Socket(error)) => return Err(error),
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
    }

    fn serve<N: Net>(&self, net: &N, (listener, quic): (N::Listener, quic::Server), pages: &Rc<Pages<N>>) {
        net.spawn(over_quic(net.clone(), quic, Rc::clone(pages)));
        let (options, pages) =
            (ServerOptions { tls: Some(self.tls.clone()), ..ServerOptions::default() }, Rc::clone(pages));
        let serving = http::serve_each(net.clone(), listener, options, move |met| {
            let pages = Rc::clone(&pages);
            move |request| over_tcp(Rc::clone(&pages), met.clone(), request)
        });
        net.spawn(async move { drop(serving.await) });
    }
}

fn not_up(host: &str, at: SocketAddr) -> impl FnOnce(io::Error) -> NotUp {
    let host = host.to_owned();
    move |source| NotUp { host, at, source }
}

fn prepare(ground: &Ground, authority: &Authority, clients: &Clients) -> Result<(Identity, tls::Server), TlsError> {
    let identity = authority.issue(&NAMES)?;
    let options = tls::ServerOptions {
        protocols: &[H2, HTTP_1_1, HTTP_1_0],
        early_data: EARLY_DATA,
        clients: clients.clone(),
        ..tls::ServerOptions::default()
    };
    Ok((identity.clone(), tls::Server::with(ground, identity, options)?))
}

async fn over_tcp<N: Net>(pages: Rc<Pages<N>>, met: Met, request: Request) -> Response {
    let response = pages.answer(&Way::over_tcp(&met), &request).await;
    // RFC 7838 §3: the same pages are at the same port over QUIC.
    response.with("alt-svc", &format!("h3=\":{}\"; ma=3600", pages.port()))
}

async fn over_quic<N: Net>(net: N, quic: quic::Server, pages: Rc<Pages<N>>) {
    h3::serve_each(net, quic, move |connection| {
        let (pages, connection) = (Rc::clone(&pages), connection.clone());
        move |request, early| {
            let (pages, way) = (Rc::clone(&pages), Way::over_quic(&connection, early));
            async move { pages.answer(&way, &request).await }
        }
    })
    .await;
}

/// Sends everybody to the site; gives where that is done.
async fn redirect<N: Net>(net: &N, at: SocketAddr, port: u16) -> io::Result<SocketAddr> {
    let listener = net.listen(at).await?;
    let at = listener.local()?;
    let answer = move |request: Request| async move {
        // Whatever a client writes into Host must not send anybody elsewhere.
        let host = request.header("host");
        let is_port = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host.as_str(), |(name, _)| name);
        let known = ["[::1]"].into_iter().chain(NAMES);
        let name = { known }.find(|it| it.eq_ignore_ascii_case(name)).unwrap_or(NAMES[0]);
        Response::new(StatusCode::PERMANENT_REDIRECT)
            .with("location", &format!("https://{name}:{port}{}", request.path))
    };
    let serving = http::serve_with(net.clone(), listener, ServerOptions::default(), answer);
    net.spawn(async move { drop(serving.await) });
    Ok(at)
}
