//! The client's side: what is heard before the answer, and promises that are taken or refused.
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::client::{Builder, PushPromises, PushedResponseFuture, SendRequest};
use hyper::HeaderMap;
use hyper::body::Bytes;

use super::{read, write};
use crate::net::Net;
use crate::recording::Time;
use crate::services;
use crate::services::http::client::{AGENT, Exchange, Opened};
use crate::services::http::{Client, HttpError, Request, Response};

/// The header section of a response at the most.
const HEAD_LIMIT: u32 = 64 << 10;
/// What a stream and the connection may bring before it is read, as hyper's client has it. With RFC 9113's own 64 KiB a push that
/// nobody reads yet holds back the answer itself.
const WINDOWS: (u32, u32) = (2 << 20, 5 << 20);
/// Promises of one connection at the most; RFC 9113 §8.4.2 lets a client refuse more.
const MOST_PUSHED: u32 = 100;

/// A connection that hears hints and promises. Clones share it.
pub struct Asker<N> {
    net: N,
    sender: SendRequest<Bytes>,
    host: String,
    opened: Opened,
    patience: Duration,
}

/// What comes before the answer.
pub enum Heard<N> {
    /// 103 Early Hints: its Link fields.
    Hint(Vec<String>),
    Promise(Promise<N>),
    /// The answer's fields: its body follows.
    Head(HeaderMap),
}

/// An answer that the server will send though nobody asked.
pub struct Promise<N> {
    net: N,
    /// What it answers.
    pub path: String,
    promised: Time,
    response: PushedResponseFuture,
    patience: Duration,
}

impl<N: Net> Asker<N> {
    /// Opens a connection over the client's TLS, and says whether pushes are taken.
    ///
    /// # Errors
    /// When TCP or TLS fails, or the server speaks no HTTP/2.
    pub async fn open(net: &N, client: &Client, pushes: bool) -> Result<Self, HttpError> {
        let (stream, opened) = client.secured(net).await?;
        let mut builder = Builder::new();
        builder.enable_push(pushes).max_header_list_size(HEAD_LIMIT);
        builder.initial_window_size(WINDOWS.0).initial_connection_window_size(WINDOWS.1);
        if pushes {
            builder.max_concurrent_streams(MOST_PUSHED);
        }
        let (sender, connection) = builder.handshake::<_, Bytes>(stream).await?;
        net.spawn(async move { drop(connection.await) });
        let (host, patience) = (client.host.clone(), client.patience);
        Ok(Self { net: net.clone(), sender, host, opened, patience })
    }

    /// How opening went.
    #[must_use]
    pub const fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Asks, tells what is heard before the answer, and waits for the whole answer.
    ///
    /// # Errors
    /// When the connection or the stream ends before the answer does, or nothing comes of it for as long as the client waits.
    pub async fn ask(&self, request: Request, mut heard: impl FnMut(Heard<N>)) -> Result<Exchange, HttpError> {
        let last = services::Heard::default();
        let hear = |it| {
            last.at(self.net.now());
            heard(it);
        };
        let exchange = self.exchange(request, hear, &last);
        unless_silent(&self.net, self.patience, &last, exchange).await
    }

    async fn exchange(
        &self,
        request: Request,
        mut heard: impl FnMut(Heard<N>),
        last: &services::Heard,
    ) -> Result<Exchange, HttpError> {
        let asked = self.net.now();
        let mut written = hyper::Request::builder()
            .method(request.method)
            .uri(format!("https://{}{}", self.host, request.path))
            .header("user-agent", AGENT)
            .body(())?;
        written.headers_mut().extend(request.headers);
        let mut sender = self.sender.clone().ready().await?;
        let (mut response, stream) = sender.send_request(written, request.body.is_empty())?;
        if !request.body.is_empty() {
            write(stream, request.body).await?;
        }
        let mut promises = response.push_promises();
        let answer = poll_fn(|cx| {
            loop {
                if let Poll::Ready(Some(Ok(hint))) = response.poll_informational(cx) {
                    heard(Heard::Hint(links(&hint)));
                    continue;
                }
                match self.promised(&mut promises, cx) {
                    Some(promise) => heard(Heard::Promise(promise)),
                    None => break Pin::new(&mut response).poll(cx),
                }
            }
        });
        let (parts, body) = answer.await?.into_parts();
        let head = self.net.now();
        heard(Heard::Head(parts.headers.clone()));
        let body = read(body, || last.at(self.net.now())).await?;
        let response = Response { status: parts.status, headers: parts.headers, body };
        Ok(Exchange { asked, head, done: self.net.now(), response })
    }

    fn promised(&self, promises: &mut PushPromises, cx: &mut Context<'_>) -> Option<Promise<N>> {
        let Poll::Ready(Some(Ok(promise))) = promises.poll_push_promise(cx) else { return None };
        let (request, response) = promise.into_parts();
        let path = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Some(Promise { net: self.net.clone(), path, promised: self.net.now(), response, patience: self.patience })
    }
}

impl<N: Net> Clone for Asker<N> {
    fn clone(&self) -> Self {
        let (net, sender) = (self.net.clone(), self.sender.clone());
        Self { net, sender, host: self.host.clone(), opened: self.opened.clone(), patience: self.patience }
    }
}

impl<N: Net> Promise<N> {
    /// Waits for the whole answer. It counts as asked for when it was promised.
    ///
    /// # Errors
    /// When the connection or the stream ends before the answer does, or nothing comes of it for as long as the client waits.
    pub async fn take(self) -> Result<Exchange, HttpError> {
        let (net, last, asked) = (self.net, services::Heard::default(), self.promised);
        let exchange = async {
            let (parts, body) = self.response.await?.into_parts();
            let head = net.now();
            last.at(head);
            let body = read(body, || last.at(net.now())).await?;
            let response = Response { status: parts.status, headers: parts.headers, body };
            Ok(Exchange { asked, head, done: net.now(), response })
        };
        unless_silent(&net, self.patience, &last, exchange).await
    }

    /// Refuses it: RST_STREAM with CANCEL (RFC 9113 §8.4.2).
    pub fn refuse(self) {
        // h2 resets a stream that nobody holds.
        drop(self.response);
    }
}

/// What an exchange comes to, unless nothing is heard of it for too long.
async fn unless_silent<N: Net>(
    net: &N,
    patience: Duration,
    last: &services::Heard,
    exchange: impl Future<Output = Result<Exchange, HttpError>>,
) -> Result<Exchange, HttpError> {
    let late = || if last.first().is_some() { HttpError::Silent(patience) } else { HttpError::Time(patience) };
    last.or_silence(net, patience, exchange).await.unwrap_or_else(|| Err(late()))
}

fn links(hint: &hyper::Response<()>) -> Vec<String> {
    hint.headers().get_all("link").iter().map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned()).collect()
}
