//! How much may leave on each ACK of a fast recovery: proportional rate reduction (RFC 6937, now RFC 9937).
//!
//! Where RFC 5681 is silent for half a round trip and then sends at the old rate, PRR sends on every ACK its share of the
//! lowered window, so that pipe reaches ssthresh just when the recovery ends.

/// One recovery's account, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Prr {
    ssthresh: u32,
    /// `RecoverFS` as RFC 6937 counts it: the flight when the recovery began, with what was SACKed before.
    recover_flight: u32,
    /// `prr_delivered`, `prr_out`.
    delivered: u32,
    out: u32,
    cwnd: u32,
}

/// What an ACK tells PRR, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) delivered: u32,
    pub(crate) pipe: u32,
    pub(crate) mss: u32,
    /// `SafeACK` (RFC 9937): the left edge moved and nothing more was found lost.
    pub(crate) safe: bool,
}

impl Prr {
    pub(crate) const fn new(ssthresh: u32, flight: u32) -> Self {
        let recover_flight = if flight == 0 { 1 } else { flight };
        Self { ssthresh, recover_flight, delivered: 0, out: 0, cwnd: 0 }
    }

    /// RFC 6937 §3: on every ACK of the recovery, the one that began it included.
    pub(crate) fn on_ack(&mut self, told: Told) {
        self.delivered = self.delivered.saturating_add(told.delivered);
        let unpaid = self.delivered.saturating_sub(self.out);
        let may_send = if told.pipe > self.ssthresh {
            self.share().saturating_sub(self.out)
        } else {
            // RFC 9937 §6.2: what was delivered may be replaced (PRR-CRB), and while the recovery goes well a segment more (PRR-SSRB).
            let growth = if told.safe { told.mss } else { 0 };
            (unpaid.max(told.delivered) + growth).min(self.ssthresh - told.pipe)
        };
        // The first retransmission does not wait.
        let may_send = if self.out == 0 { may_send.max(told.mss) } else { may_send };
        self.cwnd = told.pipe.saturating_add(may_send);
    }

    /// What of the delivered data the new rate would have sent.
    fn share(&self) -> u32 {
        let share = (u64::from(self.delivered) * u64::from(self.ssthresh)).div_ceil(u64::from(self.recover_flight));
        u32::try_from(share).unwrap_or(u32::MAX)
    }

    /// A segment left, new or again.
    pub(crate) fn on_sent(&mut self, len: u32) {
        self.out = self.out.saturating_add(len);
    }

    /// The window until the next ACK.
    pub(crate) const fn cwnd(&self) -> u32 {
        self.cwnd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MSS: u32 = 1000;

    /// Twenty segments in flight, the first lost; an ACK for each of the others: how many leave on each.
    fn leaves_per_ack(mut prr: Prr, mut pipe: u32, acks: u32) -> Vec<u32> {
        let mut counts = Vec::new();
        for _ in 0..acks {
            pipe -= MSS;
            prr.on_ack(Told { delivered: MSS, pipe, mss: MSS, safe: false });
            let mut count = 0;
            while pipe + MSS <= prr.cwnd() {
                prr.on_sent(MSS);
                pipe += MSS;
                count += 1;
            }
            counts.push(count);
        }
        counts
    }

    #[test]
    fn one_loss_in_twenty_sends_on_every_other_ack_and_ends_at_ssthresh() {
        let prr = Prr::new(10 * MSS, 20 * MSS);
        let counts = leaves_per_ack(prr, 19 * MSS, 19);
        assert_eq!(counts[..8], [1, 0, 0, 1, 0, 1, 0, 1], "the first at once, then every other");
        let sent: u32 = counts.iter().sum();
        assert_eq!(sent, 10, "pipe is ssthresh when the last ACK is in");
    }

    #[test]
    fn after_many_losses_only_what_was_delivered_is_replaced() {
        let prr = Prr::new(10 * MSS, 20 * MSS);
        assert_eq!(leaves_per_ack(prr, 6 * MSS, 4), [1, 1, 1, 1]);
    }

    #[test]
    fn a_recovery_that_goes_well_slow_starts_up_to_ssthresh() {
        let mut prr = Prr::new(10 * MSS, 20 * MSS);
        prr.on_ack(Told { delivered: MSS, pipe: 5 * MSS, mss: MSS, safe: true });
        assert_eq!(prr.cwnd(), 7 * MSS);
        prr.on_sent(2 * MSS);
        prr.on_ack(Told { delivered: 8 * MSS, pipe: 4 * MSS, mss: MSS, safe: true });
        assert_eq!(prr.cwnd(), 10 * MSS);
    }
}
