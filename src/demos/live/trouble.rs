//! What goes wrong on a real network, in words that say what to do.
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// What a script itself says of its trouble; it is shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        Self::other(trouble)
    }
}

/// Why the script could not go on.
pub(super) fn of(error: &Error, peer: SocketAddr) -> String {
    if let Some(said) = error.get_ref().and_then(|it| it.downcast_ref::<Trouble>()) {
        return said.to_string();
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!("{peer} refused the connection: nothing listens on that port (a RST answered the SYN)")
        }
        ErrorKind::ConnectionReset => {
            format!("{peer} reset the connection: its program or a box on the way wants no more of it")
        }
        ErrorKind::BrokenPipe => format!("{peer} had closed the connection already when more was sent"),
        ErrorKind::TimedOut => format!("{peer} does not answer: it is down, or something on the way drops packets"),
        ErrorKind::HostUnreachable => format!("{peer} is unreachable: the last router finds no such host"),
        ErrorKind::NetworkUnreachable => format!("this machine has no route to {peer}"),
        ErrorKind::UnexpectedEof => format!("{peer} closed the connection before it had answered"),
        ErrorKind::PermissionDenied => format!("this machine does not let the run speak to {peer}: {error}"),
        ErrorKind::Unsupported => error.to_string(),
        _ => format!("speaking to {peer} failed: {error}"),
    }
}

/// Why the run was cut off.
pub(super) fn limit(peer: &str, limit: Duration) -> String {
    let limit = crate::quantity::Quantity::time(limit);
    let most = "as long as a live run of this demo may take";
    format!("the run was cut off after {limit}, {most}: {peer} does not answer, or the knobs ask for more than fits")
}
