//! Why a WebSocket is no more, in words for a person.
use std::fmt;
use std::io;

use hyper::StatusCode;

use crate::wire::text::visible_start;
use crate::wire::websocket::names;

/// Why there is no WebSocket, or no longer one.
#[derive(Debug, thiserror::Error)]
pub enum WebSocketError {
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("no HTTP came back: {0}")]
    Http(#[from] hyper::Error),
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    /// The server answered HTTP and went on with that.
    #[error("the server opened no WebSocket: it answered {}", .0.as_u16())]
    Refused(StatusCode),
    /// The client's request opens none.
    #[error("the client asked for no WebSocket: it was answered {}", .0.as_u16())]
    NotAsked(StatusCode),
    #[error("the server's answer opens no WebSocket: {0}")]
    Answer(&'static str),
    /// What the other end sent breaks the rules: it was told so with a close frame of this code.
    #[error("the other end broke the protocol: {why} (closed with {code})")]
    Fault { code: u16, why: &'static str },
    #[error("{0}")]
    Closed(Closed),
    #[error("the connection ended without a close frame (1006)")]
    Ended,
    #[error("code {0} must not be sent (RFC 6455 §7.4), or its reason is longer than 123 bytes")]
    Unsendable(u16),
}

/// How the other end closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// RFC 6455 §7.4; none where it gave none.
    pub code: Option<u16>,
    pub reason: String,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "the other end closed: {code}, {}", names::close(code))?,
            None => write!(f, "the other end closed and gave no code")?,
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", visible_start(&self.reason, 130))?;
        }
        Ok(())
    }
}
