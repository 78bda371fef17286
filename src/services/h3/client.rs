//! The client's side: a connection, and requests on parallel streams of it.
use std::future::poll_fn;

use h3::client::SendRequest;
use h3_quinn::OpenStreams;
use hyper::Request;
use hyper::body::{Buf, Bytes};
use hyper::header::{ACCEPT, CONTENT_LENGTH, HeaderValue, USER_AGENT};

use super::{BODY_LIMIT, H3Error, MOST_HEAD};
use crate::net::Net;
use crate::recording::Time;
use crate::services::http;
use crate::services::{Heard, quic};

/// HTTP/3 on a QUIC connection. Clones send on the same connection; when the last is dropped it is closed (`H3_NO_ERROR`).
#[derive(Clone)]
pub struct Connection<N> {
    net: N,
    quic: quic::Connection,
    sender: SendRequest<OpenStreams, Bytes>,
    heard: Heard,
}

/// How an answer came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub response: http::Response,
    /// The request was handed over.
    pub asked: Time,
    /// The head of the answer is here.
    pub head: Time,
    /// The last byte is here.
    pub done: Time,
}

impl<N: Net> Connection<N> {
    /// Begins HTTP/3; that costs no round trip. A task sees to the connection's own streams until it ends.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn begin(net: &N, quic: quic::Connection) -> Result<Self, H3Error> {
        // No greasing (RFC 9114 §7.2.8): its frames come from another chance than the run's seed.
        let mut builder = h3::client::builder();
        builder.send_grease(false).max_field_section_size(MOST_HEAD);
        let (mut driver, sender) = builder.build(h3_quinn::Connection::new(quic.clone())).await?;
        // What goes wrong with the connection reaches every request as its error.
        net.spawn(async move { drop(poll_fn(|cx| driver.poll_close(cx)).await) });
        Ok(Self { net: net.clone(), quic, sender, heard: Heard::default() })
    }

    /// The connection under it.
    #[must_use]
    pub const fn quic(&self) -> &quic::Connection {
        &self.quic
    }

    /// When something of any answer came in.
    #[must_use]
    pub const fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Sends `GET path` on a stream of its own and reads the whole answer.
    ///
    /// # Errors
    /// When the stream or the connection breaks, or the body is larger than 16 MiB.
    pub async fn get(&self, host: &str, path: &str) -> Result<Fetched, H3Error> {
        self.ask(host, http::Request::get(path)).await
    }

    /// Sends a request with its body on a stream of its own and reads the whole answer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn ask(&self, host: &str, request: http::Request) -> Result<Fetched, H3Error> {
        self.fetch(host, request).await.map_err(|error| error.on(&self.quic))
    }

    async fn fetch(&self, host: &str, asks: http::Request) -> Result<Fetched, H3Error> {
        let uri = format!("https://{}{}", host.trim_end_matches('.'), asks.path);
        let mut request = Request::builder().method(asks.method).uri(uri).body(())?;
        let fields = request.headers_mut();
        fields.insert(USER_AGENT, HeaderValue::from_static(concat!("roundtrip/", env!("CARGO_PKG_VERSION"))));
        fields.insert(ACCEPT, HeaderValue::from_static("*/*"));
        // RFC 9110 §8.6: who sends a body says how long it is.
        if !asks.body.is_empty() {
            fields.insert(CONTENT_LENGTH, asks.body.len().into());
        }
        for name in asks.headers.keys() {
            fields.remove(name);
        }
        fields.extend(asks.headers);
        let (asked, mut sender) = (self.net.now(), self.sender.clone());
        let mut stream = sender.send_request(request).await?;
        if !asks.body.is_empty() {
            stream.send_data(asks.body).await?;
        }
        stream.finish().await?;
        let (parts, ()) = stream.recv_response().await?.into_parts();
        let head = self.net.now();
        self.heard.at(head);
        let mut body = Vec::new();
        while let Some(mut piece) = stream.recv_data().await? {
            let bytes = piece.copy_to_bytes(piece.remaining());
            if body.len() + bytes.len() > BODY_LIMIT {
                return Err(H3Error::Large);
            }
            self.heard.at(self.net.now());
            body.extend_from_slice(&bytes);
        }
        let response = http::Response { status: parts.status, headers: parts.headers, body: Bytes::from(body) };
        Ok(Fetched { response, asked, head, done: self.net.now() })
    }
}
