//! Why there is no QUIC connection, or no longer one, in words for a person.
use std::io;

use quinn::{ApplicationClose, ConnectError, ConnectionClose, ConnectionError};

use crate::services::tls::TlsError;
use crate::wire::text::visible_start;

/// What a peer says is shown up to this length.
const LONGEST: usize = 200;

/// Why a connection was not made, or ended.
#[derive(Debug, thiserror::Error)]
pub enum QuicError {
    #[error("no socket: {0}")]
    Socket(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("`{0}` is no name of a server")]
    Name(String),
    #[error("no QUIC connection can be begun: {0}")]
    Begin(String),
    #[error("nothing came back, or nothing for too long: UDP may be blocked on the way")]
    Time,
    #[error("the other end closed the connection: {0}")]
    Closed(String),
    #[error("the other end forgot the connection (stateless reset, RFC 9000 section 10.3)")]
    Reset,
    #[error("the other end speaks another version of QUIC")]
    Version,
    #[error("QUIC: {0}")]
    Other(String),
}

impl From<ConnectError> for QuicError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::InvalidServerName(name) => Self::Name(visible_start(name, 80)),
            other => Self::Begin(other.to_string()),
        }
    }
}

impl From<ConnectionError> for QuicError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::TimedOut => Self::Time,
            ConnectionError::Reset => Self::Reset,
            ConnectionError::VersionMismatch => Self::Version,
            ConnectionError::ConnectionClosed(ConnectionClose { error_code, reason, .. }) => {
                Self::Closed(said(format!("{error_code}"), &reason))
            }
            ConnectionError::ApplicationClosed(ApplicationClose { error_code, reason }) => {
                Self::Closed(said(format!("application code {:#x}", error_code.into_inner()), &reason))
            }
            // A handshake that this end broke off: what TLS found is the reason.
            ConnectionError::TransportError(error) => Self::Other(visible_start(error.to_string(), LONGEST)),
            other => Self::Other(visible_start(other.to_string(), LONGEST)),
        }
    }
}

fn said(code: String, reason: &[u8]) -> String {
    let reason = visible_start(reason, LONGEST);
    if reason.is_empty() { code } else { format!("{code} ({reason})") }
}
