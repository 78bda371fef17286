//! What a program asks of a socket. Put into words when somebody asks: a transfer has many calls, a learner looks at few.
use std::fmt;

use crate::lab::host::Fd;

/// A socket call, as `strace` would write it.
#[derive(Debug)]
pub(crate) enum SocketCall {
    Receive {
        fd: Fd,
        room: usize,
    },
    Send {
        fd: Fd,
        bytes: usize,
    },
    /// One of those that come once or a few times.
    Other(String),
}

impl fmt::Display for SocketCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receive { fd, room } => write!(f, "recv(fd {fd}, {room})"),
            Self::Send { fd, bytes } => write!(f, "send(fd {fd}, {bytes} bytes)"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<String> for SocketCall {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}
