//! Why there is no answer over HTTP/3, in words for a person.
use h3::error::{ConnectionError, StreamError};

use crate::services::quic::{self, QuicError};
use crate::wire::text::visible_start;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum H3Error {
    #[error(transparent)]
    Quic(#[from] QuicError),
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("the other end gave the request up: {0}")]
    Refused(String),
    #[error("no answer: {0}")]
    Broken(String),
    #[error("the body is larger than {} MiB", super::BODY_LIMIT >> 20)]
    Large,
}

fn said(text: impl ToString) -> String {
    visible_start(text.to_string(), 200)
}

impl H3Error {
    /// The reason of the connection's end, where it has ended: HTTP/3's own errors do not name it.
    pub(super) fn on(self, connection: &quic::Connection) -> Self {
        match (self, connection.close_reason()) {
            (Self::Broken(_), Some(reason)) => Self::Quic(reason.into()),
            (other, _) => other,
        }
    }
}

impl From<StreamError> for H3Error {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::RemoteTerminate { code, .. } => Self::Refused(said(code)),
            other => Self::Broken(said(other)),
        }
    }
}

impl From<ConnectionError> for H3Error {
    fn from(error: ConnectionError) -> Self {
        Self::Broken(said(error))
    }
}
