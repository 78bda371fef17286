//! A service whose answers take the time and have the size that the request asks for, over HTTP/1.1 on kept connections.
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONNECTION, HOST};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;

use crate::net::{Listener, Net, SocketOptions};
use crate::recording::Time;
use crate::services::http::HttpError;
use crate::services::pool::Manage;
use crate::services::{Crowd, Member, within};

/// More than this of a body is an error, not memory.
const BODY_LIMIT: usize = 16 << 20;

/// What one request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// How long the server works on it.
    pub time: Duration,
    /// Bytes of the answer's body.
    pub bytes: usize,
}

/// How the server treats its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerOptions {
    /// It closes a connection without a request for this long; `None` never does.
    pub idle: Option<Duration>,
    /// It works to the end on what nobody waits for any more, as a thread that blocks does; otherwise a client that is gone
    /// ends the work.
    pub works_on: bool,
    pub socket: SocketOptions,
}

/// A request the server worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// The number the client gave it.
    pub number: u32,
    pub from: Time,
    /// When the work was done or broken off; `None` while it goes on.
    pub until: Option<Time>,
}

/// All of them, in their order of arrival; shared, so that it outlives the server.
pub type ServerLog = Rc<RefCell<Vec<Served>>>;

/// Serves until the listening socket fails.
///
/// # Errors
/// The listening socket's.
pub async fn serve<N: Net>(net: N, at: SocketAddr, options: ServerOptions, log: ServerLog) -> io::Result<()> {
    let listener = net.listen_with(at, options.socket).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        net.spawn(converse(net.clone(), stream, options, Rc::clone(&log)));
    }
}

/// One client, to the end of its connection.
pub async fn converse<N: Net>(net: N, stream: N::Stream, options: ServerOptions, log: ServerLog) {
    let (at_work, last) = (Rc::new(Cell::new(0_usize)), Rc::new(Cell::new(net.now())));
    let (working, rested, own) = (Rc::clone(&at_work), Rc::clone(&last), net.clone());
    let answer = service_fn(move |request: Request<Incoming>| {
        let (net, log, at_work, last) = (own.clone(), Rc::clone(&log), Rc::clone(&working), Rc::clone(&rested));
        at_work.set(at_work.get() + 1);
        async move {
            let response = work(&net, request.uri().query(), options.works_on, &log).await;
            at_work.set(at_work.get() - 1);
            last.set(net.now());
            Ok::<_, Infallible>(response)
        }
    });
    // No Date header: it would bring the wall clock into a run (RFC 9110 §6.6.1 allows a server without a clock).
    let connection =
        server::conn::http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let Some(limit) = options.idle else { return drop(connection.await) };
    loop {
        let due = (last.get() + limit) - net.now();
        // A client that breaks off is no failure of the server.
        if within(&net, due.max(Duration::from_nanos(1)), connection.as_mut()).await.is_some() {
            return;
        }
        if at_work.get() == 0 && net.now() - last.get() >= limit {
            connection.as_mut().graceful_shutdown();
            return drop(connection.await);
        }
        if at_work.get() > 0 {
            last.set(net.now());
        }
    }
}

/// Works as long as the request's query asks: `n=3&us=20000&bytes=500`.
async fn work<N: Net>(net: &N, query: Option<&str>, works_on: bool, log: &ServerLog) -> Response<Full<Bytes>> {
    let value = |name: &str| {
        let mut pairs = query.unwrap_or("").split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).and_then(|(_, text)| text.parse::<u32>().ok())
    };
    let Some((micros, bytes)) = value("us").zip(value("bytes")).filter(|(_, bytes)| *bytes as usize <= BODY_LIMIT)
    else {
        return Response::new(Full::new(Bytes::new()));
    };
    let entry = Entry::new(net.clone(), value("n").unwrap_or(0), log);
    let time = Duration::from_micros(u64::from(micros));
    if works_on {
        let (done, own) = (Crowd::default(), net.clone());
        let member = done.join();
        net.spawn(async move {
            own.sleep(time).await;
            drop((entry, member));
        });
        done.gone().await;
    } else {
        net.sleep(time).await;
        drop(entry);
    }
    let body = Bytes::from(b"work done ".repeat((bytes as usize).div_ceil(10)));
    Response::new(Full::new(body.slice(..bytes as usize)))
}

/// A line of the server's log, completed when the work ends, however that is.
struct Entry<N: Net> {
    net: N,
    log: ServerLog,
    place: usize,
}

impl<N: Net> Entry<N> {
    fn new(net: N, number: u32, log: &ServerLog) -> Self {
        let place = log.borrow().len();
        log.borrow_mut().push(Served { number, from: net.now(), until: None });
        Self { net, log: Rc::clone(log), place }
    }
}

impl<N: Net> Drop for Entry<N> {
    fn drop(&mut self) {
        self.log.borrow_mut()[self.place].until = Some(self.net.now());
    }
}

/// A client's connection, for one request after another.
pub struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
    /// The last request was sent, and the server asked to close behind its answer.
    server_closes: Rc<Cell<bool>>,
    _held: Member,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// The socket's, and hyper's when the connection ends at once.
    pub async fn open<N: Net>(net: &N, to: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        let stream = net.connect_with(to, options).await?;
        let (sender, connection) =
            client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let (server_closes, held) = (Rc::new(Cell::new(false)), Crowd::default());
        let (last, held_by_us) = (Rc::clone(&server_closes), held.join());
        net.spawn(async move {
            let mut ended = pin!(connection.without_shutdown());
            // Whoever lets go of it closes it, also in the middle of an answer.
            let mut dropped = pin!(held.gone());
            let outcome = poll_fn(|cx| match ended.as_mut().poll(cx) {
                Poll::Pending if !last.get() => dropped.as_mut().poll(cx).map(|()| None),
                other => other.map(Some),
            });
            // What goes wrong with the connection reaches the exchange as its error.
            let Some(Ok(parts)) = outcome.await else { return };
            let mut stream = parts.io.into_inner();
            // hyper is done when the answer is; who asked the server to close leaves it to the server.
            while last.get() && stream.read(&mut [0; 512]).await.is_ok_and(|bytes| bytes > 0) {}
        });
        Ok(Self { sender, host: to.to_string(), server_closes, _held: held_by_us })
    }

    /// Whether neither end was seen to close it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends request `number` and reads the whole answer; gives the bytes of its body. `last` asks the server to close.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub async fn ask(&mut self, number: u32, work: Work, last: bool) -> Result<usize, HttpError> {
        self.server_closes.set(last);
        let path = format!("/work?n={number}&us={}&bytes={}", work.time.as_micros(), work.bytes);
        self.exchange(&path, last).await
    }

    /// Whether the other end answers to a request without work.
    pub async fn ping(&mut self) -> bool {
        self.exchange("/ping", false).await.is_ok()
    }

    async fn exchange(&mut self, path: &str, last: bool) -> Result<usize, HttpError> {
        let request = Request::get(path).header(HOST, &self.host);
        let request = if last { request.header(CONNECTION, "close") } else { request };
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Empty::new())?).await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Body(format!("the server answered {}", response.status()).into()));
        }
        let body = Limited::new(response.into_body(), BODY_LIMIT).collect().await.map_err(HttpError::of_body)?;
        Ok(body.to_bytes().len())
    }
}

/// Connections to one server, for a pool.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    pub to: SocketAddr,
    pub options: SocketOptions,
    /// How long validation waits for an answer.
    pub patience: Duration,
}

impl<N: Net> Manage<N> for Connections {
    type Connection = Connection;

    fn open(&self, net: &N) -> impl Future<Output = io::Result<Connection>> {
        Connection::open(net, self.to, self.options)
    }

    fn is_open(&self, connection: &Connection) -> bool {
        connection.is_open()
    }

    async fn ping(&self, net: &N, connection: &mut Connection) -> bool {
        within(net, self.patience, connection.ping()).await.unwrap_or(false)
    }
}
