//! How a resolver works, and how far it goes for one question.
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use hickory_proto::rr::Name;

use super::security::Trust;
use super::trace::{Families, Step};
use crate::services::dns::responder::EDNS_UDP;
use crate::services::dns::subnet::Told;
use crate::services::dns::{PORT, Transport};

/// Where the servers of the root are: what a resolver is given before it knows anything (RFC 9609).
pub type Hints = Vec<(Name, Vec<IpAddr>)>;

/// Where a server's address is reached.
pub type Place = Rc<dyn Fn(IpAddr) -> SocketAddr>;

/// Who hears of each step.
pub type Tell = Rc<dyn Fn(&Step)>;

/// How a resolver works.
#[derive(Clone)]
pub struct Options {
    pub hints: Hints,
    /// What carries queries; a truncated answer is asked for over TCP whatever this says.
    pub transport: Transport,
    /// The largest datagram that is taken (RFC 6891 §6.2.3).
    pub payload: u16,
    /// Asks each zone's servers for no more labels than they need (RFC 9156).
    pub minimise: bool,
    /// Asks for the records of DNSSEC too (the DO bit, RFC 3225).
    pub dnssec: bool,
    /// Checks signatures from there on; `None` checks nothing.
    pub trust: Option<Trust>,
    /// An expired answer may be used for so long when nobody can be asked (RFC 8767); `None` never.
    pub serve_stale: Option<Duration>,
    pub families: Families,
    /// So much of a client's address is told to name servers (RFC 7871); `None` for nothing of it.
    pub tells: Option<Told>,
    /// Whether an answer begins each set with any of its records, and not always with the same (RFC 1794).
    pub turns: bool,
    pub limits: Limits,
    pub place: Place,
    /// Hears of each step as soon as it is over, so that a search that is stopped leaves what it saw.
    pub tell: Option<Tell>,
}

/// How far a resolver goes for one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    pub queries: u32,
    /// Bytes of all answers together.
    pub bytes: usize,
    pub aliases: usize,
    pub referrals: usize,
    /// Servers' addresses that need another server's address first.
    pub depth: u8,
    /// A server that was never heard of is given so long to answer.
    pub patience: Duration,
    /// How often the servers of a zone are asked, one after the other.
    pub rounds: u32,
    /// Records and delegations that are kept.
    pub cache: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(15),
            queries: 64,
            bytes: 1 << 20,
            aliases: 12,
            referrals: 24,
            depth: 4,
            patience: Duration::from_secs(1),
            rounds: 2,
            cache: 10_000,
        }
    }
}

impl Options {
    /// A resolver that begins at these servers of the root, at port 53, over UDP and IPv4.
    #[must_use]
    pub fn new(hints: Hints) -> Self {
        Self {
            hints,
            transport: Transport::Udp,
            payload: EDNS_UDP,
            minimise: false,
            dnssec: false,
            trust: None,
            serve_stale: None,
            families: Families { v4: true, v6: false },
            tells: None,
            turns: true,
            limits: Limits::default(),
            place: Rc::new(|address| SocketAddr::new(address, PORT)),
            tell: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("hints", &self.hints).finish_non_exhaustive()
    }
}
