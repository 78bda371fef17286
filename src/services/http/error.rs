//! Why there is no answer, in words for a person.
use std::error::Error;
use std::io;
use std::time::Duration;

use super::message::{BODY_LIMIT, shown};
use crate::quantity::Quantity;
use crate::services::tls::TlsError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("no connection: {0}")]
    Connect(#[from] io::Error),
    #[error("no TLS: {0}")]
    Tls(#[from] TlsError),
    #[error("the server did not agree to {0} (ALPN)")]
    Version(&'static str),
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("no answer: {}", why(.0))]
    Exchange(#[from] hyper::Error),
    #[error("no whole body: {}", body(.0.as_ref()))]
    Body(Box<dyn Error + Send + Sync>),
    #[error("no whole body: it is larger than {} MiB", BODY_LIMIT >> 20)]
    TooLarge,
    #[error("no answer: {}", frames(.0))]
    Frames(#[from] h2::Error),
    #[error("no answer within {}", Quantity::time(*.0))]
    Time(Duration),
    #[error("the answer began, and was not whole within {}", Quantity::time(*.0))]
    Stalled(Duration),
    #[error("the answer began, and then nothing came of it for {}", Quantity::time(*.0))]
    Silent(Duration),
}

impl HttpError {
    /// What reading a limited body ended with.
    pub(crate) fn of_body(error: Box<dyn Error + Send + Sync>) -> Self {
        if error.is::<http_body_util::LengthLimitError>() { Self::TooLarge } else { Self::Body(error) }
    }

    /// Whether the request was certainly not processed, so that it may be sent again whatever its method (RFC 9110 §9.2.2).
    #[must_use]
    pub fn unprocessed(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Tls(_) | Self::Version(_) | Self::Request(_) => true,
            // hyper: the connection was gone before the request was taken.
            Self::Exchange(error) if error.is_canceled() || error.is_closed() => true,
            // RFC 9113 §8.7: REFUSED_STREAM says that nothing was done.
            Self::Exchange(error) => {
                source(error).is_some_and(|it| it.reason() == Some(h2::Reason::REFUSED_STREAM) && it.is_remote())
            }
            Self::Frames(error) => error.reason() == Some(h2::Reason::REFUSED_STREAM) && error.is_remote(),
            Self::Body(_) | Self::TooLarge | Self::Time(_) | Self::Stalled(_) | Self::Silent(_) => false,
        }
    }
}

/// What HTTP/2 said, where it stands behind an error.
fn source(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

fn why(error: &hyper::Error) -> String {
    if let Some(error) = source(error) {
        return frames(error);
    }
    if let Some(error) = error.source().and_then(|it| it.downcast_ref::<io::Error>()) {
        return format!("the connection broke: {error}");
    }
    match () {
        () if error.is_parse_too_large() => "its header section is larger than is taken".to_owned(),
        () if error.is_parse_version_h2() => "the server speaks HTTP/2, and HTTP/1.1 was begun".to_owned(),
        () if error.is_parse() => format!("what came is no HTTP: {}", shown(&error.to_string())),
        () if error.is_incomplete_message() => {
            "the server closed the connection before its answer was whole".to_owned()
        }
        () if error.is_canceled() || error.is_closed() => {
            "the connection was closed before the request was sent".to_owned()
        }
        () => shown(&error.to_string()),
    }
}

fn body(error: &(dyn Error + Send + Sync + 'static)) -> String {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_body_write_aborted() || error.source().is_none() => shown(&error.to_string()),
        Some(error) => match source(error) {
            Some(error) => frames(error),
            None => format!("{}: {}", error, error.source().map(|it| shown(&it.to_string())).unwrap_or_default()),
        },
        None => shown(&error.to_string()),
    }
}

/// RFC 9113 §5.4: a stream is reset, or the connection is told to go away; both with a code of §7.
fn frames(error: &h2::Error) -> String {
    let who = if error.is_remote() { "the server" } else { "this client" };
    let code = error.reason().map(|it| format!("{it:?}")).unwrap_or_default();
    match () {
        () if error.is_reset() => format!("{who} reset the stream (RST_STREAM, {code})"),
        () if error.is_go_away() => format!("{who} ended the connection (GOAWAY, {code})"),
        () if error.is_io() => match error.get_io() {
            Some(error) => format!("the connection broke: {error}"),
            None => "the connection broke".to_owned(),
        },
        () => shown(&error.to_string()),
    }
}
