//! What is modelled about a link, and how it is said to a person.
use std::time::Duration;

use crate::lab::link::CoDel;
use crate::lab::loss::Loss;
use crate::quantity::{Quantity, Unit};

/// What is modelled about a link. The default is an ideal cable: no delay, any rate, nothing lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    pub(super) delay: Duration,
    pub(super) jitter: Duration,
    pub(super) rate: Option<u64>,
    pub(super) queue: Option<usize>,
    pub(super) codel: Option<CoDel>,
    pub(super) record_queue: bool,
    /// From the first end to the second, and back.
    pub(super) losses: [Vec<Loss>; 2],
    pub(super) duplicate: u32,
    pub(super) reorder: Option<(u32, Duration)>,
    mtu: u16,
    /// From when to when nothing gets through.
    pub(super) cut: Option<(Duration, Duration)>,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            rate: None,
            queue: None,
            codel: None,
            record_queue: false,
            losses: [Vec::new(), Vec::new()],
            duplicate: 0,
            reorder: None,
            mtu: 1500,
            cut: None,
        }
    }
}

impl LinkOptions {
    /// How long a bit takes from end to end (one way).
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Up to this much is added to the delay of each packet, evenly; packets stay in order.
    #[must_use]
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Bits per second, counted over the frame as captured (no preamble, no FCS, no gap between frames). 0 is no limit.
    #[must_use]
    pub const fn rate(mut self, bits_per_second: u64) -> Self {
        self.rate = if bits_per_second == 0 { None } else { Some(bits_per_second) };
        self
    }

    /// Bytes that may wait in front of the link while another frame is sent; one more is dropped
    /// (drop-tail). Without this the queue has no end.
    #[must_use]
    pub const fn queue(mut self, bytes: usize) -> Self {
        self.queue = Some(bytes);
        self
    }

    /// Manages both directions' queues by how long packets wait. A limit set with [`Self::queue`] stays.
    #[must_use]
    pub const fn codel(mut self, codel: CoDel) -> Self {
        self.codel = Some(codel);
        self
    }

    /// Records how many bytes wait in front of the link, as a curve for each direction in which any did:
    /// `r queue to server`.
    #[must_use]
    pub const fn record_queue(mut self) -> Self {
        self.record_queue = true;
        self
    }

    /// Adds a way to lose packets, in both directions.
    #[must_use]
    pub fn loss(self, loss: Loss) -> Self {
        self.loss_there(loss).loss_back(loss)
    }

    /// Adds a way to lose packets from the first end to the second.
    #[must_use]
    pub fn loss_there(mut self, loss: Loss) -> Self {
        self.losses[0].push(loss);
        self
    }

    /// Adds a way to lose packets from the second end to the first.
    #[must_use]
    pub fn loss_back(mut self, loss: Loss) -> Self {
        self.losses[1].push(loss);
        self
    }

    /// This share of packets (ppm) arrives twice.
    #[must_use]
    pub const fn duplicate(mut self, ppm: u32) -> Self {
        self.duplicate = ppm;
        self
    }

    /// This share of packets (ppm) is held back by `by`, so that later ones overtake it.
    #[must_use]
    pub const fn reorder(mut self, ppm: u32, by: Duration) -> Self {
        self.reorder = Some((ppm, by));
        self
    }

    /// Cuts the cable at an instant of the run, for this long: what is sent in the meantime is lost, and nobody is told.
    #[must_use]
    pub const fn cut(mut self, at: Duration, length: Duration) -> Self {
        self.cut = Some((at, at.saturating_add(length)));
        self
    }

    /// The largest IP packet the link carries, in bytes; at least 68 (RFC 791 §3.1).
    #[must_use]
    pub const fn mtu(mut self, bytes: u16) -> Self {
        self.mtu = if bytes < 68 { 68 } else { bytes };
        self
    }

    /// The largest IP packet the link carries, in bytes.
    #[must_use]
    pub(crate) const fn largest_packet(&self) -> u16 {
        self.mtu
    }

    /// What is modelled, as text for a person.
    pub(crate) fn properties(&self) -> Vec<String> {
        let mut texts = vec![Quantity::time(self.delay).to_string()];
        if self.jitter > Duration::ZERO {
            texts.push(format!("jitter up to {}", Quantity::time(self.jitter)));
        }
        if let Some(rate) = self.rate {
            let rate = i64::try_from(rate).unwrap_or(i64::MAX);
            texts.push(Quantity::new(rate, Unit::BitsPerSecond).to_string());
        }
        if let Some(bytes) = self.queue {
            texts.push(format!("queue {}", Quantity::bytes(bytes)));
        }
        if let Some(codel) = self.codel {
            let (target, interval) = (Quantity::time(codel.target), Quantity::time(codel.interval));
            let ecn = if codel.ecn { ", marks ECN" } else { "" };
            texts.push(format!("CoDel {target} in {interval}{ecn}"));
        }
        texts.extend(self.loss_properties());
        if self.duplicate > 0 {
            texts.push(format!("duplicates {}", ppm(self.duplicate)));
        }
        if let Some((share, by)) = self.reorder {
            texts.push(format!("holds {} back by {}", ppm(share), Quantity::time(by)));
        }
        if let Some((from, to)) = self.cut {
            let end = if to == Duration::MAX { String::new() } else { format!(" to {}", Quantity::time(to)) };
            texts.push(format!("cut from {}{end}", Quantity::time(from)));
        }
        if self.mtu != 1500 {
            texts.push(format!("MTU {} B", self.mtu));
        }
        texts
    }

    fn loss_properties(&self) -> Vec<String> {
        let [there, back] = &self.losses;
        let text = |losses: &[Loss], suffix: &str| -> Vec<String> {
            losses.iter().map(|loss| format!("{}{suffix}", loss.property())).collect()
        };
        if there == back { text(there, "") } else { [text(there, " (there)"), text(back, " (back)")].concat() }
    }
}

fn ppm(share: u32) -> Quantity {
    Quantity::new(i64::from(share), Unit::PartsPerMillion)
}
