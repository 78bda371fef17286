//! The server's opening handshake (RFC 6455 §4.2), and a server that sends back what it gets.
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::accepted;
use super::error::WebSocketError;
use super::socket::{Options, Socket};
use crate::net::{Listener, Net};
use crate::services::http::Request;
use crate::services::tls;
use crate::services::{Crowd, within};

/// The request's head at the most.
const HEAD_LIMIT: usize = 32 << 10;
/// Connections that are served at once; one more is closed.
const CONNECTIONS: usize = 1000;
/// The handshake has this long, and so has the end.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection on which nothing comes for this long is closed.
const IDLE: Duration = Duration::from_secs(300);

/// A stream under a WebSocket, with TLS or without.
pub trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire for S {}

/// Answers a client's opening handshake on a new connection. `allow` sees the request (its Origin, §10.2) and says what refuses it.
///
/// # Errors
/// When the client asked for something else, was refused, or the connection broke. It was then answered in HTTP.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    options: Options,
    allow: impl Fn(&Request) -> Result<(), StatusCode>,
) -> Result<(Socket<S>, Request), WebSocketError> {
    let asked: RefCell<Option<Result<Request, StatusCode>>> = RefCell::new(None);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (parts, _) = request.into_parts();
        let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let request = Request { method: parts.method, path, headers: parts.headers, body: Bytes::new() };
        let answer = key(&request).and_then(|key| allow(&request).map(|()| key));
        let response = match &answer {
            Ok(key) => switching(key),
            Err(status) => refusing(*status),
        };
        *asked.borrow_mut() = Some(answer.map(|_| request));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    // No Date field: it would bring the wall clock into a run.
    let mut builder = http1::Builder::new();
    builder.auto_date_header(false).max_buf_size(HEAD_LIMIT).half_close(true);
    let parts = builder.serve_connection(TokioIo::new(stream), service).without_shutdown().await?;
    let (io, ahead) = (parts.io, parts.read_buf);
    match asked.take() {
        Some(Ok(request)) => Ok((Socket::new(io.into_inner(), ahead.to_vec(), None, options), request)),
        Some(Err(status)) => {
            drop(tokio::io::AsyncWriteExt::shutdown(&mut io.into_inner()).await);
            Err(WebSocketError::NotAsked(status))
        }
        None => Err(WebSocketError::Ended),
    }
}

/// The client's key, or the status that refuses what it asked for. RFC 6455 §4.2.1, §4.4.
fn key(request: &Request) -> Result<String, StatusCode> {
    let has = |name, token: &str| request.header(name).split(',').any(|it| it.trim().eq_ignore_ascii_case(token));
    if !has("upgrade", "websocket") || request.header("sec-websocket-version").trim() != "13" {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = request.header(SEC_WEBSOCKET_KEY.as_str()).trim().to_owned();
    let is_key = data_encoding::BASE64.decode(key.as_bytes()).is_ok_and(|it| it.len() == 16);
    if request.method != Method::GET || !has("connection", "upgrade") || !is_key {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(key)
}

type Answer = hyper::Response<Empty<Bytes>>;

fn answer(status: StatusCode, fields: &[(HeaderName, &str)]) -> Answer {
    let mut answer = hyper::Response::new(Empty::new());
    *answer.status_mut() = status;
    let written = fields.iter().filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_str(value).ok()?)));
    *answer.headers_mut() = HeaderMap::from_iter(written);
    answer
}

/// RFC 6455 §4.2.2.
fn switching(key: &str) -> Answer {
    let proof = accepted(key);
    let fields = [(UPGRADE, "websocket"), (CONNECTION, "Upgrade"), (SEC_WEBSOCKET_ACCEPT, proof.as_str())];
    answer(StatusCode::SWITCHING_PROTOCOLS, &fields)
}

/// RFC 6455 §4.4: who came with another version, or with none, is told the right one.
fn refusing(status: StatusCode) -> Answer {
    let asks = status == StatusCode::UPGRADE_REQUIRED;
    let fields = [(CONNECTION, "close"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];
    answer(status, if asks { &fields } else { &fields[..1] })
}

/// Sends every message back, until the listening socket fails.
///
/// # Errors
/// The listening socket's.
pub async fn serve_echo<N: Net>(
    net: N,
    listener: N::Listener,
    tls: Option<tls::Server>,
    options: Options,
) -> io::Result<()> {
    let (tls, crowd) = (Rc::new(tls), Crowd::default());
    loop {
        let (stream, _) = listener.accept().await?;
        if crowd.size() >= CONNECTIONS {
            continue;
        }
        let (own, tls, member) = (net.clone(), Rc::clone(&tls), crowd.join());
        net.spawn(async move {
            // A client that breaks off is no failure of the server.
            drop(echo(&own, stream, tls.as_ref().as_ref(), options).await);
            drop(member);
        });
    }
}

async fn echo<N: Net>(
    net: &N,
    stream: N::Stream,
    tls: Option<&tls::Server>,
    options: Options,
) -> Result<(), WebSocketError> {
    let opening = async {
        let stream: Box<dyn Wire> = match tls {
            Some(tls) => Box::new(tls.accept(net, stream).await.map_err(io::Error::from)?),
            None => Box::new(stream),
        };
        accept(stream, options, |_| Ok(())).await
    };
    let (mut socket, _) = within(net, PATIENCE, opening).await.unwrap_or(Err(WebSocketError::Ended))?;
    loop {
        match within(net, IDLE, socket.receive()).await {
            Some(message) => {
                let message = message?;
                within(net, IDLE, socket.send(&message)).await.unwrap_or(Err(WebSocketError::Ended))?;
            }
            None => {
                let closed = within(net, PATIENCE, socket.close(1001, "nothing came")).await;
                return closed.unwrap_or(Err(WebSocketError::Ended)).map(drop);
            }
        }
    }
}
