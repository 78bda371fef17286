//! Why a connection was broken off, as far as the segments before it tell.

/// What was seen when an end sent RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reset {
    /// It answers a SYN.
    Refused,
    /// Its sender had said nothing in this connection, the other end more than a SYN.
    Unknown,
    /// Its sender had closed.
    AfterClose,
    /// The other end had closed.
    InsteadOfClose,
    /// Neither had.
    Aborted,
}

impl Reset {
    /// What likely caused it, in a sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Refused => {
                "The SYN is refused: nobody listens at that port, or something on the way answers in its name (RFC 9293 §3.5.2)."
            }
            Self::Unknown => {
                "This end knows no such connection: it was started anew, or has forgotten it (RFC 9293 §3.5.1)."
            }
            Self::AfterClose => {
                "This end had closed, and something came that no program reads any more: the other end is told that it is lost \
                 (RFC 9293 §3.6.1)."
            }
            Self::InsteadOfClose => {
                "The other end had closed. This one breaks off instead of closing: its program had not read all, or asked for it \
                 (RFC 9293 §3.6.1)."
            }
            Self::Aborted => {
                "It is broken off in the middle: the program ended, gave up, or closed before it had read all that came; or \
                 something on the way cut the connection. What was not delivered is lost (RFC 9293 §3.5.3)."
            }
        }
    }
}
