//! A connection followed: what its two ends said, in the order it could be read.
use std::net::IpAddr;

use super::study::Study;
use crate::quantity::counted;
use crate::wire::analysis::Flow;
use crate::wire::opened::{Opened, Plain, Secrets, open_tls};

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// The bytes of TCP's stream.
    Tcp,
    /// What was said inside TLS, opened with its keys.
    Tls,
}

/// What two ends said to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    pub client: (IpAddr, u16),
    pub server: (IpAddr, u16),
    pub said: Vec<Said>,
}

/// Bytes that one end said at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub from_server: bool,
    /// The packet with which they could be read: the last of those that brought them, or what stood before them.
    pub packet: u32,
    /// Bytes before these that are not in the capture: they did not pass here, or were cut off.
    pub missing: u32,
    pub bytes: Vec<u8>,
}

/// Why there is nothing to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    #[error("the capture has no TCP connection of that number; its connections are numbered from 0 (tcp.stream)")]
    NoConnection,
    #[error(
        "nothing of that connection could be opened: it is no TLS, or its keys are neither in the capture nor in --keys"
    )]
    Sealed,
}

/// What one end said before the other answered, or until something is missing: a segment may end within a character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub from_server: bool,
    /// Bytes before it that are not in the capture.
    pub missing: u32,
    /// The packets with which its first and its last bytes could be read.
    pub packets: (u32, u32),
    pub bytes: Vec<u8>,
}

impl Talk {
    /// What was said, turn by turn.
    pub fn turns(&self) -> impl Iterator<Item = Turn> {
        let turns = self.said.chunk_by(|one, next| one.from_server == next.from_server && next.missing == 0);
        turns.map(|said| Turn {
            from_server: said[0].from_server,
            missing: said[0].missing,
            packets: (said[0].packet, said[said.len() - 1].packet),
            bytes: said.iter().flat_map(|it| &it.bytes).copied().collect(),
        })
    }
}

impl Turn {
    /// Who said it.
    #[must_use]
    pub const fn who(&self) -> &'static str {
        if self.from_server { "server" } else { "client" }
    }

    /// The packets it came in: `packet 4`, `packets 4 to 9`.
    #[must_use]
    pub fn came_in(&self) -> String {
        match self.packets {
            (one, same) if one == same => format!("packet {one}"),
            (from, to) => format!("packets {from} to {to}"),
        }
    }

    /// In a line of its own, what is missing before it.
    #[must_use]
    pub fn lacks(&self) -> Option<String> {
        let missing = counted(self.missing as usize, "byte");
        let are = if self.missing == 1 { "is" } else { "are" };
        (self.missing > 0).then(|| format!("[{missing} of the {} {are} not in the capture]", self.who()))
    }
}

impl Study {
    /// Follows the TCP connection of that number (`tcp.stream`).
    ///
    /// # Errors
    /// When there is no such connection, or nothing of its TLS could be opened.
    pub fn follow(&self, stream: usize, inside: Inside) -> Result<Talk, Silence> {
        let flow = self.flow(stream).ok_or(Silence::NoConnection)?;
        let mut said = match inside {
            Inside::Tcp => carried(&flow),
            Inside::Tls => opened(&flow, &self.secrets()).ok_or(Silence::Sealed)?,
        };
        said.sort_by_key(|it| it.packet);
        Ok(Talk { client: flow.client, server: flow.server, said })
    }
}

fn carried(flow: &Flow) -> Vec<Said> {
    let mut all = Vec::new();
    for (from_server, stream) in [false, true].into_iter().zip(&flow.streams) {
        let (mut packet, mut next) = (0, 0);
        for piece in stream.passed() {
            packet = piece.n.max(packet);
            let kept = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
            let missing = piece.offsets.end.saturating_sub(kept) - next;
            next = piece.offsets.end;
            all.push(Said { from_server, packet, missing, bytes: piece.bytes.to_vec() });
        }
    }
    all
}

fn opened(flow: &Flow, secrets: &Secrets) -> Option<Vec<Said>> {
    let dialogue = open_tls(flow, secrets, &mut Opened::default())?;
    let mut all = Vec::new();
    for (from_server, side) in [false, true].into_iter().zip(&dialogue.sides) {
        let mut packet = 0;
        for (bytes, came) in Plain::pieces(side) {
            packet = came.iter().copied().max().unwrap_or_default().max(packet);
            all.push(Said { from_server, packet, missing: 0, bytes: bytes.to_vec() });
        }
    }
    (!all.is_empty()).then_some(all)
}
