//! What a node does when it is given a frame or the time: frames out of its interfaces, and events worth recording.
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use crate::lab::frame::Mac;
use crate::lab::route::Network;
use crate::lab::switch;
use crate::lab::tcp::output::Sample;
use crate::lab::tcp::reason::Reason;
use crate::quantity::Quantity;
use crate::recording::EventKind;

/// Why a frame is sent. Put into words when the run is over: a run has many frames, a learner looks at few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Text(String),
    Tcp(Reason),
    /// A router sends it on, by this route.
    Forwarded {
        to: IpAddr,
        route: Network,
        via: Option<IpAddr>,
        ttl: u8,
    },
    /// A switch sends it on, out of the port where the receiver was last heard.
    Switched {
        to: Mac,
        port: usize,
    },
    /// The link made it of another packet.
    Copied {
        of: u32,
    },
    /// It was sent for a reason of its own; a managed queue then marked it.
    Marked {
        sent: Option<Box<Self>>,
        waited: Quantity,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Tcp(reason) => reason.fmt(f),
            Self::Forwarded { to, route, via, ttl } => {
                write!(f, "forwarded to {to}: route {route} ")?;
                match via {
                    Some(via) => write!(f, "via {via}")?,
                    None => f.write_str("directly")?,
                }
                let name = if to.is_ipv4() { "TTL" } else { "hop limit" };
                write!(f, ", {name} {ttl} to {}", ttl.saturating_sub(1))
            }
            Self::Switched { to, port } => write!(f, "forwarded: {to} was last heard on {}", switch::name(*port)),
            Self::Marked { sent, waited } => {
                if let Some(sent) = sent {
                    write!(f, "{sent}; ")?;
                }
                write!(f, "CoDel marks it: congestion experienced, after {waited} in the queue")
            }
            Self::Copied { of } => write!(f, "the link made this copy of packet {of}"),
        }
    }
}

impl Why {
    /// The sentence of a reason.
    pub(crate) fn into_words(self) -> String {
        if let Self::Text(text) = self {
            return text;
        }
        // Room for most of them: a run has one for each packet.
        let mut words = String::with_capacity(80);
        write!(words, "{self}").expect("a String takes all text");
        words
    }
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A frame on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) interface: usize,
    pub(crate) frame: Vec<u8>,
    /// Why it is sent, where that is known.
    pub(crate) why: Option<Why>,
}

/// Frames and events, in order.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) frames: Vec<Outgoing>,
    pub(crate) events: Vec<EventKind>,
    /// Points of curves.
    pub(crate) samples: Vec<Sample>,
    /// Points of a node's own curves: what is counted, and how many there are now.
    pub(crate) levels: Vec<(&'static str, usize)>,
}

impl Output {
    pub(crate) fn send(&mut self, interface: usize, frame: Vec<u8>, why: Option<Why>) {
        self.frames.push(Outgoing { interface, frame, why });
    }

    /// Notes how many there are of something, for a curve named after the node: `nat mappings`.
    pub(crate) fn level(&mut self, what: &'static str, count: usize) {
        self.levels.push((what, count));
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.events.push(EventKind::Note { text: text.into() });
    }

    /// A state machine of the node, by its name, goes from one state to another.
    pub(crate) fn state(&mut self, machine: String, from: impl Into<String>, to: impl Into<String>) {
        self.events.push(EventKind::State { machine, from: from.into(), to: to.into() });
    }

    pub(crate) fn decide(&mut self, text: impl Into<String>) {
        self.events.push(EventKind::Decision { text: text.into() });
    }
}
