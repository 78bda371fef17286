//! Packets off a link of this machine, as they come: where the system gives this user the right to see them.
//!
//! ```text
//! kernel's buffer ── thread ── batches, a few at most ── who takes them
//! ```
//!
//! Who takes them too slowly lets the kernel's buffer run full: it drops packets and counts them. No memory fills.
mod interfaces;
mod reading;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod system;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[path = "nowhere.rs"]
mod system;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::wire::link::LinkType;
use crate::wire::pcapng::Direction;
pub use interfaces::{Interface, interfaces};

/// Of a packet that is longer only the start is kept, as tcpdump does by default.
pub const LONGEST: u32 = 262_144;

/// So many batches wait at most to be taken.
const AHEAD: usize = 16;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The interface's name.
    pub interface: String,
    /// Whether the card also hands up frames that are for other stations.
    pub promiscuous: bool,
    /// How long it goes on; without it, until it is stopped.
    pub lasts: Option<Duration>,
    /// Nanoseconds since 1970: asked where the kernel gives a packet no time.
    pub now_ns: fn() -> u64,
}

/// A packet as it passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Nanoseconds since 1970, by the kernel's clock.
    pub at_ns: u64,
    pub direction: Option<Direction>,
    /// How long it was, of which `bytes` may be the start.
    pub length: u32,
    pub bytes: Vec<u8>,
}

/// What the kernel counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Packets that were seen, those that were dropped among them.
    pub received: u64,
    /// Those for which there was no room.
    pub dropped: u64,
}

/// What comes of a capture.
#[derive(Debug)]
pub enum Told {
    /// Packets, in order.
    Packets(Vec<Packet>),
    /// Nothing came for a while.
    Quiet,
    /// It is over, and nothing more comes: what the kernel counted where it does, and why it ended, if by itself.
    Ended(Option<Counts>, Option<io::Error>),
}

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No interface has this name.
    #[error("there is no interface {0}")]
    Unknown(String),
    /// This user may not: what to do is the text.
    #[error("{0}")]
    NoRight(&'static str),
    /// The interface is not up: what to do is in the text.
    #[error("{0}")]
    Down(String),
    /// Anything else.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

/// A capture that goes on until it is stopped, ends or is dropped.
#[derive(Debug)]
pub struct Capture {
    link: LinkType,
    told: Receiver<Told>,
    stop: Arc<AtomicBool>,
}

impl Capture {
    /// Begins one.
    ///
    /// # Errors
    /// As [`Refused`] says.
    pub fn begin(wish: &Wish) -> Result<Self, Refused> {
        let source = system::Source::open(wish)?;
        let link = reading::Source::link(&source);
        let stop = Arc::new(AtomicBool::new(false));
        let (send, told) = sync_channel(AHEAD);
        let (is_over, lasts) = (Arc::clone(&stop), wish.lasts);
        let thread = thread::Builder::new().name("capture".to_owned());
        thread.spawn(move || reading::read(source, lasts, &is_over, &send))?;
        Ok(Self { link, told, stop })
    }

    /// What its packets begin with.
    #[must_use]
    pub const fn link(&self) -> LinkType {
        self.link
    }

    /// Asks it to end: what was read before still comes.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The next of it; [`Told::Quiet`] when nothing comes in this time.
    #[must_use]
    pub fn next(&self, patience: Duration) -> Told {
        match self.told.recv_timeout(patience) {
            Ok(told) => told,
            Err(RecvTimeoutError::Timeout) => Told::Quiet,
            Err(RecvTimeoutError::Disconnected) => Told::Ended(None, None),
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop();
    }
}
