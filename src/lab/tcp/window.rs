//! The two windows of flow control: the one offered to the peer, and the one the peer offers (RFC 9293 §3.8.6).
use crate::lab::tcp::inbox::Inbox;
use crate::lab::tcp::seq::Seq;

/// The shift count that lets a buffer be offered whole (RFC 7323 §2.3).
pub(crate) fn shift_for(buffer: usize) -> u8 {
    (0..14).find(|shift| buffer >> shift <= usize::from(u16::MAX)).unwrap_or(14)
}

/// The window offered to the peer. Its right edge never moves left (RFC 9293 §3.8.6, SHLD-14).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    /// The first sequence number the peer may not send.
    edge: Seq,
    shift: u8,
}

impl Offer {
    /// `edge`: as far as the SYN, whose window is never scaled, has opened it.
    pub(crate) const fn new(edge: Seq, shift: u8) -> Self {
        Self { edge, shift }
    }

    pub(crate) const fn edge(&self) -> Seq {
        self.edge
    }

    /// What is left of what was offered.
    pub(crate) const fn left(&self, next: Seq) -> u32 {
        self.edge.since(next)
    }

    /// The window the next segment would offer.
    pub(crate) fn selected(&self, inbox: &Inbox, mss: u32) -> u32 {
        let (left, room) = (self.left(inbox.next()), inbox.room());
        // RFC 9293 §3.8.6.2.2: the edge moves by a full segment or half the buffer, or not at all.
        let step = mss.min(inbox.capacity() / 2).max(1);
        let unit = 1 << self.shift;
        let field = if room >= left.saturating_add(step) { room / unit } else { left.div_ceil(unit) };
        field.min(u32::from(u16::MAX)) * unit
    }

    /// The window field of a segment that leaves now.
    pub(crate) fn announce(&mut self, inbox: &Inbox, mss: u32) -> u16 {
        let window = self.selected(inbox, mss);
        self.edge = self.edge.max(inbox.next() + window);
        u16::try_from(window >> self.shift).expect("`selected` keeps within the field")
    }
}

/// The window the peer offers: `SND.WND` with what RFC 9293 §3.3.1 remembers of its last update.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerWindow {
    size: u32,
    shift: u8,
    /// `SND.WL1`, `SND.WL2`.
    from: (Seq, Seq),
    /// The largest it ever was (RFC 9293 §3.8.6.2.1).
    largest: u32,
}

impl PeerWindow {
    /// From a SYN, whose window is never scaled (RFC 7323 §2.2).
    pub(crate) fn new(field: u16, shift: u8, seq: Seq, ack: Seq) -> Self {
        let size = u32::from(field);
        Self { size, shift, from: (seq, ack), largest: size }
    }

    pub(crate) const fn size(&self) -> u32 {
        self.size
    }

    pub(crate) const fn largest(&self) -> u32 {
        self.largest
    }

    pub(crate) fn scaled(&self, field: u16) -> u32 {
        u32::from(field) << self.shift
    }

    /// RFC 9293 §3.10.7.4: only a segment newer than the last may change the window.
    pub(crate) fn update(&mut self, seq: Seq, ack: Seq, field: u16) {
        let (wl1, wl2) = self.from;
        if wl1.before(seq) || (wl1 == seq && wl2.at_or_before(ack)) {
            self.size = self.scaled(field);
            self.largest = self.largest.max(self.size);
            self.from = (seq, ack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_gets_the_shift_it_needs() {
        assert_eq!([0, 65_535, 65_536, 131_072, 1 << 24, usize::MAX].map(shift_for), [0, 0, 1, 2, 9, 14]);
    }

    #[test]
    fn the_right_edge_never_moves_left_and_moves_only_by_full_segments() {
        let mut inbox = Inbox::new(10_000, Seq(0));
        let mut offer = Offer::new(Seq(10_000), 0);
        inbox.take(Seq(0), &[0; 4000]);
        assert_eq!(offer.announce(&inbox, 1000), 6000);
        inbox.read(&mut [0; 999]);
        assert_eq!(offer.announce(&inbox, 1000), 6000);
        inbox.read(&mut [0; 1]);
        assert_eq!(offer.announce(&inbox, 1000), 7000);
        assert_eq!(offer.edge(), Seq(11_000));
        inbox.take(Seq(4000), &[0; 7000]);
        assert_eq!(offer.announce(&inbox, 1000), 0);
        inbox.read(&mut [0; 4999]);
        assert_eq!(offer.announce(&inbox, 1000), 4999);
    }

    #[test]
    fn a_scaled_window_is_rounded_so_that_the_edge_stays() {
        let mut inbox = Inbox::new(100_000, Seq(0));
        let mut offer = Offer::new(Seq(50_001), 4);
        assert_eq!(u32::from(offer.announce(&inbox, 1000)) << 4, 100_000);
        inbox.take(Seq(0), &[0; 50_001]);
        let field = offer.announce(&inbox, 1000);
        assert!(Seq(50_001) + (u32::from(field) << 4) == offer.edge(), "{field}");
        assert!(offer.edge().at_or_after(Seq(100_000)));
    }

    #[test]
    fn an_old_segment_does_not_change_the_peers_window() {
        let mut window = PeerWindow::new(500, 2, Seq(10), Seq(20));
        window.update(Seq(11), Seq(21), 1000);
        assert_eq!(window.size(), 4000);
        window.update(Seq(10), Seq(30), 7);
        window.update(Seq(11), Seq(20), 7);
        assert_eq!(window.size(), 4000);
        window.update(Seq(11), Seq(21), 0);
        assert_eq!((window.size(), window.largest()), (0, 4000));
    }
}
