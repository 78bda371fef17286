//! Each protocol's server, and the client's end of a conversation with it.
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Protocol;
use super::script::{BROWSER, Conversation, Stand};
use crate::demos::web::{SITE, client};
use crate::lab::{LabDatagrams, LabNet};
use crate::net::Net;
use crate::services::http::{self, Bytes, Request, Response, ServerOptions, Version};
use crate::services::tls::{H3, HTTP_1_1};
use crate::services::websocket::{self, Masks, Message, Opening, Socket, Wire};
use crate::services::{Crowd, both, h3, quic, within};

/// A message of our own over TCP is no longer than this.
const MOST: usize = 1 << 16;
/// A datagram that did not come back by then, on top of the round trips, is lost.
const LOST: Duration = Duration::from_secs(1);

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Datagrams; nothing says that one was lost.
pub(super) struct Datagrams {
    net: LabNet,
    socket: LabDatagrams,
    at: SocketAddr,
    patience: Duration,
}

pub(super) async fn udp(stand: &Stand) -> Result<Datagrams, String> {
    let at = stand.at(Protocol::Udp);
    let served = stand.server.bind(at).await.map_err(said)?;
    stand.server.spawn(async move {
        let mut buffer = vec![0; MOST];
        while let Ok((length, from)) = served.receive(&mut buffer).await {
            drop(served.send_to(&buffer[..length], from).await);
        }
    });
    let socket = stand.client.bind(SocketAddr::from(([0, 0, 0, 0], 0))).await.map_err(said)?;
    Ok(Datagrams { net: stand.client.clone(), socket, at, patience: LOST + (stand.patience() / 10) })
}

impl Conversation for Datagrams {
    async fn exchange(&mut self, bodies: &[Bytes]) -> Result<usize, String> {
        for body in bodies {
            self.socket.send_to(body, self.at).await.map_err(said)?;
        }
        let mut buffer = vec![0; MOST];
        let mut got = 0;
        while got < bodies.len() {
            match within(&self.net, self.patience, self.socket.receive(&mut buffer)).await {
                Some(came) => {
                    let (length, _) = came.map_err(said)?;
                    got += usize::from(bodies.iter().any(|it| it[..] == buffer[..length]));
                }
                None => {
                    self.net.note(format!("{} datagrams have no answer: UDP sends nothing again", bodies.len() - got));
                    break;
                }
            }
        }
        Ok(got)
    }

    async fn close(self) {}
}

/// Messages over a stream, each behind its length in 4 bytes.
pub(super) struct Prefixed(Box<dyn Wire>);

pub(super) async fn tcp(stand: &Stand) -> Result<Prefixed, String> {
    let at = stand.at(Protocol::Tcp);
    let listener = stand.server.listen(at).await.map_err(said)?;
    let (net, tls) = (stand.server.clone(), stand.tls.then(|| stand.certified.server.clone()));
    stand.server.spawn(async move {
        let Ok((stream, _)) = listener.accept().await else { return };
        let stream: Option<Box<dyn Wire>> = match &tls {
            Some(tls) => tls.accept(&net, stream).await.ok().map(|it| Box::new(it) as Box<dyn Wire>),
            None => Some(Box::new(stream)),
        };
        let Some(mut stream) = stream else { return };
        while let Ok(message) = read(&mut stream).await {
            if stream.write_all(&prefixed(&message)).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
        drop(stream.shutdown().await);
    });
    stream(stand, at, &[]).await.map(Prefixed)
}

/// A connection, over TLS where the knob says so.
async fn stream(stand: &Stand, at: SocketAddr, speaks: &[&[u8]]) -> Result<Box<dyn Wire>, String> {
    let stream = stand.client.connect(at).await.map_err(said)?;
    if !stand.tls {
        return Ok(Box::new(stream));
    }
    let tls = stand.certified.client.speaking(speaks);
    Ok(Box::new(tls.connect(&stand.client, stream, SITE).await.map_err(said)?))
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("the knob's limit is small");
    [&length.to_be_bytes(), message].concat()
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
    if length > MOST {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

impl Conversation for Prefixed {
    async fn exchange(&mut self, bodies: &[Bytes]) -> Result<usize, String> {
        let (mut reading, mut writing) = tokio::io::split(&mut self.0);
        let write = async {
            for body in bodies {
                writing.write_all(&prefixed(body)).await?;
            }
            writing.flush().await
        };
        let read = async {
            let mut got = 0;
            for body in bodies {
                got += usize::from(read(&mut reading).await?[..] == body[..]);
            }
            Ok::<_, std::io::Error>(got)
        };
        let (written, got) = both(write, read).await;
        written.and(got).map_err(said)
    }

    async fn close(mut self) {
        drop(AsyncWriteExt::shutdown(&mut self.0).await);
        drop(self.0.read(&mut [0; 16]).await);
    }
}

pub(super) async fn websocket(stand: &Stand) -> Result<Socket<Box<dyn Wire>>, String> {
    let at = stand.at(Protocol::WebSocket);
    let listener = stand.server.listen(at).await.map_err(said)?;
    let tls = stand.tls.then(|| stand.certified.server.clone());
    let served = websocket::serve_echo(stand.server.clone(), listener, tls, websocket::Options::default());
    stand.server.spawn(async move { drop(served.await) });
    let mut opening = Opening { host: SITE.to_owned(), path: "/messages".to_owned(), ..Opening::default() };
    if stand.browser {
        let request = BROWSER.iter().fold(Request::get("/"), |it, (name, value)| it.with(name, value));
        opening.headers = request.headers;
    }
    let stream = stream(stand, at, &[HTTP_1_1]).await?;
    websocket::connect(stream, &opening, Masks::seeded(stand.seed), websocket::Options::default()).await.map_err(said)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation for Socket<S> {
    async fn exchange(&mut self, bodies: &[Bytes]) -> Result<usize, String> {
        for body in bodies {
            self.put(&Message::Text(String::from_utf8_lossy(body).into_owned()));
        }
        let mut got = 0;
        for body in bodies {
            got += usize::from(self.receive().await.map_err(said)?.bytes() == &body[..]);
        }
        Ok(got)
    }

    async fn close(mut self) {
        drop(Self::close(&mut self, 1000, "").await);
    }
}

/// What answers in HTTP, whatever the version: the body comes back.
async fn echo(request: Request) -> Response {
    Response::ok("text/plain", request.body)
}

/// HTTP/1.1 or HTTP/2 on one connection.
pub(super) struct Http {
    net: LabNet,
    stand: Stand,
    connection: http::Connection<LabNet>,
}

pub(super) async fn http(stand: &Stand, protocol: Protocol) -> Result<Http, String> {
    let at = stand.at(protocol);
    let listener = stand.server.listen(at).await.map_err(said)?;
    let options = ServerOptions { tls: stand.tls.then(|| stand.certified.server.clone()), ..ServerOptions::default() };
    let served = http::serve_with(stand.server.clone(), listener, options, echo);
    stand.server.spawn(async move { drop(served.await) });
    let version = if protocol == Protocol::Http2 { Version::Http2 } else { Version::Http11 };
    let asks = client(version, at, stand.tls.then_some(&stand.certified));
    let connection = asks.open(&stand.client).await.map_err(said)?;
    Ok(Http { net: stand.client.clone(), stand: stand.clone(), connection })
}

impl Conversation for Http {
    async fn exchange(&mut self, bodies: &[Bytes]) -> Result<usize, String> {
        let mut got = 0;
        let Some(_) = self.connection.share().filter(|_| bodies.len() > 1) else {
            // HTTP/1.1 answers one request at a time: the next waits for it.
            for body in bodies {
                let answer = self.connection.ask(self.stand.request(body.clone())).await.map_err(said)?;
                got += usize::from(answer.response.body == body);
            }
            return Ok(got);
        };
        let (crowd, came) = (Crowd::default(), Rc::new(Cell::new(0)));
        for body in bodies {
            let Some(mut connection) = self.connection.share() else { break };
            let (request, body, member, came) =
                (self.stand.request(body.clone()), body.clone(), crowd.join(), Rc::clone(&came));
            self.net.spawn(async move {
                let answer = connection.ask(request).await;
                came.set(came.get() + usize::from(answer.is_ok_and(|it| it.response.body == body)));
                drop(member);
            });
        }
        crowd.gone().await;
        Ok(came.get())
    }

    async fn close(self) {}
}

/// HTTP/3 on one connection.
pub(super) struct Http3 {
    stand: Stand,
    client: quic::Client,
    connection: h3::Connection<LabNet>,
}

pub(super) async fn http3(stand: &Stand) -> Result<Http3, String> {
    let (at, options) = (stand.at(Protocol::Http3), quic::Options::default());
    let (ground, authority) = (&stand.certified.ground, &stand.certified.authority);
    let identity = authority.issue(&[SITE]).map_err(said)?;
    let served =
        quic::Server::open(&stand.server, ground, at, (identity, &[H3], true), &options).await.map_err(said)?;
    stand.server.spawn(h3::serve_with(stand.server.clone(), served, echo));
    let (any, trusted) = (SocketAddr::from(([0, 0, 0, 0], 0)), [authority.certificate()]);
    let client = quic::Client::open(&stand.client, ground, any, (&trusted, &[H3]), &options).await.map_err(said)?;
    let quic = client.connect(at, SITE).await.map_err(said)?;
    let connection = h3::Connection::begin(&stand.client, quic).await.map_err(said)?;
    Ok(Http3 { stand: stand.clone(), client, connection })
}

impl Conversation for Http3 {
    async fn exchange(&mut self, bodies: &[Bytes]) -> Result<usize, String> {
        let (crowd, came, failed) = (Crowd::default(), Rc::new(Cell::new(0)), Rc::new(Cell::new(None)));
        for body in bodies {
            let (connection, request, body) = (self.connection.clone(), self.stand.request(body.clone()), body.clone());
            let (member, came, failed) = (crowd.join(), Rc::clone(&came), Rc::clone(&failed));
            self.stand.client.spawn(async move {
                match connection.ask(SITE, request).await {
                    Ok(it) => came.set(came.get() + usize::from(it.response.body == body)),
                    Err(error) => failed.set(Some(error.to_string())),
                }
                drop(member);
            });
        }
        crowd.gone().await;
        failed.take().map_or(Ok(came.get()), Err)
    }

    async fn close(self) {
        drop(self.connection);
        self.client.closed().await;
    }
}
