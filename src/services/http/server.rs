//! A server: the version ALPN agreed on or the client begins with; every limit that keeps a hostile client from costing much.
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use super::Tasks;
use super::message::{Request, Response};
use super::watched::{Watch, begins_http2, watched};
use crate::net::{Listener, Net, Stream};
use crate::services::ahead::Ahead;
use crate::services::parting::Partings;
use crate::services::tls::{self, H2};
use crate::services::{Crowd, Heard, within};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;

/// Connections that are served at once; one more is closed.
const CONNECTIONS: usize = 1000;
/// The header section of a request at the most: then 431, or a reset stream.
const HEAD_LIMIT: u32 = 32 << 10;
/// Streams that a client opened and reset before the server came to them; more ends the connection (CVE-2023-44487).
const RESETS: usize = 20;
/// Looks at what a client has taken, in the time of silence after which it is given up.
const LOOKS: u32 = 4;
/// A connection that is told to go has this long to end its requests.
const GRACE: Duration = Duration::from_secs(1);

/// What answers requests. It may sleep for the time it needs to think.
pub trait Handler: 'static {
    fn answer(&self, request: Request) -> impl Future<Output = Response>;
}

impl<F: Fn(Request) -> A + 'static, A: Future<Output = Response>> Handler for F {
    fn answer(&self, request: Request) -> impl Future<Output = Response> {
        self(request)
    }
}

/// How a server serves.
#[derive(Clone)]
pub struct ServerOptions {
    /// None speaks cleartext.
    pub tls: Option<tls::Server>,
    /// HTTP/1.1: whether a connection stays open after an answer.
    pub keep_alive: bool,
    /// In cleartext: whether HTTP/2 may begin without a word before (RFC 9113 §3.3); else nothing is read to find out.
    pub prior_knowledge: bool,
    /// A connection on which nothing moves and nothing is worked on for this long is closed. What the other end acknowledges of an
    /// answer moves. A request whose body stops for this long is answered 408.
    pub idle: Duration,
    /// HTTP/2: requests of one connection at once (`SETTINGS_MAX_CONCURRENT_STREAMS`).
    pub streams: u32,
    /// HTTP/2: bytes of header fields that clients may make it remember (`SETTINGS_HEADER_TABLE_SIZE`); 4096 if none is said.
    pub header_table: Option<u32>,
    /// Bytes of a request's body; one more is 413.
    pub body: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            tls: None,
            keep_alive: true,
            prior_knowledge: true,
            idle: Duration::from_secs(60),
            streams: 100,
            header_table: None,
            body: 1 << 20,
        }
    }
}

/// Serves every connection that comes until the listening socket fails.
///
/// # Errors
/// The listening socket's.
pub async fn serve_with<N: Net>(
    net: N,
    listener: impl Listener<Stream = N::Stream>,
    options: ServerOptions,
    handler: impl Handler,
) -> io::Result<()> {
    let handler = Rc::new(handler);
    serve_each(net, listener, options, move |_| Same(Rc::clone(&handler))).await
}

/// The same, where who answers is made for each connection: it may look at what the handshake came to.
///
/// # Errors
/// The listening socket's.
pub async fn serve_each<N: Net, H: Handler>(
    net: N,
    listener: impl Listener<Stream = N::Stream>,
    options: ServerOptions,
    meet: impl Fn(Met) -> H + 'static,
) -> io::Result<()> {
    let (meet, crowd, partings) = (Rc::new(meet), Crowd::default(), Partings::default());
    loop {
        let (stream, _) = listener.accept().await?;
        if crowd.size() >= CONNECTIONS {
            continue;
        }
        let (own, options, meet, member) = (net.clone(), options.clone(), Rc::clone(&meet), crowd.join());
        let partings = partings.clone();
        net.spawn(async move {
            connection(&own, stream, (&options, &partings), &*meet).await;
            drop(member);
        });
    }
}

/// A connection before its first request.
#[derive(Clone, Debug)]
pub struct Met {
    pub is_http2: bool,
    /// What becomes of its handshake; none in cleartext.
    pub tls: Option<Rc<tls::Told>>,
}

/// One handler of every connection.
struct Same<H>(Rc<H>);

impl<H: Handler> Handler for Same<H> {
    fn answer(&self, request: Request) -> impl Future<Output = Response> {
        self.0.answer(request)
    }
}

/// One connection to its end. A client that breaks off is no failure of the server.
async fn connection<N: Net, H: Handler>(
    net: &N,
    stream: N::Stream,
    (options, partings): (&ServerOptions, &Partings),
    meet: &impl Fn(Met) -> H,
) {
    let Some(tls) = &options.tls else {
        let mut stream = Ahead::new(stream);
        let is_http2 = if options.prior_knowledge {
            let Some(Ok(is_http2)) = within(net, options.idle, begins_http2(&mut stream)).await else { return };
            is_http2
        } else {
            false
        };
        let handler = Rc::new(meet(Met { is_http2, tls: None }));
        return speak(net, stream, is_http2, (options, partings), handler).await;
    };
    let Ok(stream) = tls.accept(net, stream).await else { return };
    let is_http2 = stream.protocol() == Some(H2);
    let handler = Rc::new(meet(Met { is_http2, tls: Some(stream.told()) }));
    speak(net, Ahead::new(stream), is_http2, (options, partings), handler).await;
}

async fn speak<N: Net, S: Stream>(
    net: &N,
    stream: Ahead<S>,
    http2: bool,
    (options, partings): (&ServerOptions, &Partings),
    handler: Rc<impl Handler>,
) {
    let (busy, limit) = (Crowd::default(), options.body);
    let (stream, watch) = watched(net, stream);
    let idle = Idle { net: net.clone(), limit: options.idle, watch, busy: busy.clone() };
    let patience = options.idle;
    let own = net.clone();
    let service = service_fn(move |request| {
        let (net, handler, member) = (own.clone(), Rc::clone(&handler), busy.join());
        let is_head = request.method() == Method::HEAD;
        async move {
            let response = match whole(&net, patience, request, limit).await {
                Some(Ok(request)) => handler.answer(request).await,
                Some(Err(status)) => Response::new(status),
                None => Response::new(StatusCode::REQUEST_TIMEOUT),
            };
            drop(member);
            Ok::<_, Infallible>(written(response, is_head && http2))
        }
    });
    let stream = TokioIo::new(stream);
    // No Date field: it would bring the wall clock into a run (RFC 9110 §6.6.1 allows a server without a clock).
    if http2 {
        let mut builder = http2::Builder::new(Tasks::of(net));
        builder.auto_date_header(false).max_concurrent_streams(options.streams).max_header_list_size(HEAD_LIMIT);
        builder.max_pending_accept_reset_streams(RESETS).header_table_size(options.header_table);
        let connection = pin!(builder.serve_connection(stream, service));
        idle.watch(connection, http2::Connection::graceful_shutdown).await;
    } else {
        let mut builder = http1::Builder::new();
        builder.auto_date_header(false).keep_alive(options.keep_alive).max_buf_size(HEAD_LIMIT as usize);
        // Who closes in order is answered in order.
        builder.half_close(true);
        let mut connection = builder.serve_connection(stream, service);
        let ended = idle.watch(Pin::new(&mut connection), http1::Connection::graceful_shutdown).await;
        // A request that could not be read was answered before all of it was here.
        if let Some(Err(_)) = ended {
            partings.close(net, connection.into_parts().io.into_inner());
        }
    }
}

/// A request with its whole body, or the status that refuses it; nothing where nothing comes for longer than `patience`.
async fn whole(
    net: &impl Net,
    patience: Duration,
    request: hyper::Request<Incoming>,
    limit: usize,
) -> Option<Result<Request, StatusCode>> {
    let (parts, body) = request.into_parts();
    let heard = Heard::default();
    let body = Limited::new(body, limit).map_frame(|it| {
        heard.at(net.now());
        it
    });
    let body = heard.or_silence(net, patience, body.collect()).await?.map_err(|error| {
        if error.is::<LengthLimitError>() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    });
    let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    Some(body.map(|it| Request { method: parts.method, path, headers: parts.headers, body: it.to_bytes() }))
}

/// The response for hyper. RFC 9110 §9.3.2: an answer to HEAD has the fields of the page and no body; over HTTP/1.1 hyper itself
/// sees to that.
fn written(response: Response, without_body: bool) -> hyper::Response<Full<Bytes>> {
    let Response { status, headers, body } = response.framed(without_body);
    let mut written = hyper::Response::new(Full::new(if without_body { Bytes::new() } else { body }));
    (*written.status_mut(), *written.headers_mut()) = (status, headers);
    written
}

/// When a connection is given up.
struct Idle<N, S> {
    net: N,
    limit: Duration,
    watch: Watch<N, S>,
    busy: Crowd,
}

impl<N: Net, S: Stream> Idle<N, S> {
    /// Drives a connection until it ends, and says how; or was idle for too long: then it is ended in order.
    async fn watch<C: Future>(&self, mut connection: Pin<&mut C>, end: impl Fn(Pin<&mut C>)) -> Option<C::Output> {
        loop {
            let now = self.net.now();
            // Who works on an answer is asked again after a whole limit.
            let from = if self.busy.size() > 0 { now } else { self.watch.moved() };
            let left = (from + self.limit).0.saturating_sub(now.0);
            if left == 0 {
                break;
            }
            let until = Duration::from_nanos(left).min(self.limit / LOOKS);
            if let Some(ended) = within(&self.net, until, connection.as_mut()).await {
                return Some(ended);
            }
            self.watch.look();
        }
        end(connection.as_mut());
        within(&self.net, GRACE, connection).await
    }
}
