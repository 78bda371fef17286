//! The client's opening handshake. RFC 6455 §4.1.
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use http_body_util::Empty;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::accepted;
use super::error::WebSocketError;
use super::masks::Masks;
use super::socket::{Options, Socket};

/// The answer's head at the most.
const HEAD_LIMIT: usize = 64 << 10;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Name, and port where it is not the usual one.
    pub host: String,
    /// Path and query: `/chat`.
    pub path: String,
    /// Fields beside those of the protocol: Origin, Cookie, ...
    pub headers: HeaderMap,
    /// Subprotocols it speaks (`Sec-WebSocket-Protocol`), the best first.
    pub protocols: Vec<String>,
}

impl Opening {
    fn request(&self, key: &str) -> Result<hyper::Request<Empty<Bytes>>, hyper::http::Error> {
        let mut request = hyper::Request::get(self.path.as_str()).body(Empty::new())?;
        let fields = request.headers_mut();
        fields.insert(HOST, HeaderValue::from_str(&self.host)?);
        fields.extend(self.headers.clone());
        fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
        fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        fields.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(key)?);
        // RFC 6455 §4.1: the only version there is.
        fields.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        if !self.protocols.is_empty() {
            fields.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(&self.protocols.join(", "))?);
        }
        Ok(request)
    }

    /// Holds the answer against RFC 6455 §4.1.
    fn judge(&self, answer: &HeaderMap, key: &str) -> Result<(), WebSocketError> {
        let field = |name| answer.get(name).map(|it: &HeaderValue| String::from_utf8_lossy(it.as_bytes()).into_owned());
        let has = |name, token: &str| {
            field(name).is_some_and(|it: String| it.split(',').any(|it| it.trim().eq_ignore_ascii_case(token)))
        };
        let protocol = field(SEC_WEBSOCKET_PROTOCOL);
        match () {
            () if !has(UPGRADE, "websocket") => Err(WebSocketError::Answer("it goes on in another protocol")),
            () if !has(CONNECTION, "upgrade") => Err(WebSocketError::Answer("its Connection field lacks Upgrade")),
            () if field(SEC_WEBSOCKET_ACCEPT).as_deref().map(str::trim) != Some(&accepted(key)) => {
                Err(WebSocketError::Answer("its Sec-WebSocket-Accept does not answer the key"))
            }
            () if answer.contains_key(SEC_WEBSOCKET_EXTENSIONS) => {
                Err(WebSocketError::Answer("it agrees to an extension nobody asked for"))
            }
            () if protocol.is_some_and(|it| !self.protocols.contains(&it)) => {
                Err(WebSocketError::Answer("it chose a subprotocol nobody offered"))
            }
            () => Ok(()),
        }
    }
}

/// Opens a WebSocket on a stream that is connected, over TLS where the caller has put some on it: one round trip.
///
/// # Errors
/// When the server answers something else, the answer does not prove that it speaks WebSocket, or the connection breaks.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    opening: &Opening,
    mut masks: Masks,
    options: Options,
) -> Result<Socket<S>, WebSocketError> {
    let key = data_encoding::BASE64.encode(&masks.draw::<16>());
    let request = opening.request(&key)?;
    let mut builder = http1::Builder::new();
    let (mut sender, connection) = builder.max_buf_size(HEAD_LIMIT).handshake(TokioIo::new(stream)).await?;
    let mut connection = pin!(connection.without_shutdown());
    let mut answer = pin!(sender.send_request(request));
    let mut parts = None;
    let answer = poll_fn(|cx| {
        if parts.is_none()
            && let Poll::Ready(ended) = connection.as_mut().poll(cx)
        {
            parts = Some(ended);
        }
        answer.as_mut().poll(cx)
    })
    .await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(WebSocketError::Refused(answer.status()));
    }
    opening.judge(answer.headers(), &key)?;
    let parts = match parts {
        Some(parts) => parts?,
        None => connection.await?,
    };
    Ok(Socket::new(parts.io.into_inner(), parts.read_buf.to_vec(), Some(masks), options))
}
