//! Was it a loss at all? When all that was sent again had arrived the first time, the window comes back.
use std::time::Duration;

use crate::lab::tcp::sender::rack::TICK;
use crate::lab::tcp::sender::ranges::Range;
use crate::lab::tcp::seq::Seq;
use crate::recording::Time;

/// What was sent again since the window was last lowered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Undo {
    /// The episode's range of sequence numbers.
    from: Seq,
    to: Seq,
    first_again_at: Option<Time>,
    /// Retransmissions not yet reported as duplicates.
    unexplained: u32,
}

impl Undo {
    pub(crate) const fn new(from: Seq, to: Seq) -> Self {
        Self { from, to, first_again_at: None, unexplained: 0 }
    }

    /// Repeats of an earlier episode are still on their way: an ACK for one of them echoes their time, which denies nothing.
    pub(crate) fn after(mut self, on_their_way: impl Iterator<Item = Time>) -> Self {
        for at in on_their_way {
            self.first_again_at = Some(self.first_again_at.map_or(at, |first| first.min(at)));
            self.unexplained += 1;
        }
        self
    }

    /// A segment leaves again.
    pub(crate) fn on_sent_again(&mut self, now: Time) {
        self.first_again_at.get_or_insert(now);
        self.unexplained += 1;
    }

    /// RFC 3522 (Eifel): the ACK that moves the left edge echoes a timestamp older than the first retransmission.
    pub(crate) fn is_denied_by_echo(&self, now: Time, echoed: Option<Duration>) -> bool {
        let (Some(again), Some(age)) = (self.first_again_at, echoed) else { return false };
        again + age >= now + TICK
    }

    /// RFC 3708: every retransmission was reported as a duplicate (D-SACK, RFC 2883).
    pub(crate) fn is_denied_by_duplicates(&mut self, duplicate: Range) -> bool {
        if self.first_again_at.is_none() || !duplicate.0.is_within(self.from, self.to) {
            return false;
        }
        self.unexplained = self.unexplained.saturating_sub(1);
        self.unexplained == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_old_echo_denies_the_loss_and_a_new_one_does_not() {
        let mut undo = Undo::new(Seq(0), Seq(9000));
        assert!(!undo.is_denied_by_echo(Time(300 * MS), Some(Duration::from_millis(300))), "nothing was sent again");
        undo.on_sent_again(Time(240 * MS));
        assert!(undo.is_denied_by_echo(Time(300 * MS), Some(Duration::from_millis(300))));
        assert!(!undo.is_denied_by_echo(Time(300 * MS), Some(Duration::from_millis(60))));
        assert!(!undo.is_denied_by_echo(Time(300 * MS + MS / 2), Some(Duration::from_millis(60))), "within a tick");
    }

    #[test]
    fn the_echo_of_an_earlier_episodes_repeat_denies_nothing() {
        // Sent again at 240 ms, still on its way when another loss is found and sent again at 300 ms.
        let mut undo = Undo::new(Seq(0), Seq(9000)).after([Time(260 * MS), Time(240 * MS)].into_iter());
        undo.on_sent_again(Time(300 * MS));
        assert!(!undo.is_denied_by_echo(Time(350 * MS), Some(Duration::from_millis(110))), "its own echo");
        assert!(undo.is_denied_by_echo(Time(350 * MS), Some(Duration::from_millis(200))), "older than any repeat");
        assert!(!undo.is_denied_by_duplicates((Seq(1000), Seq(2000))), "one of three");
    }

    #[test]
    fn all_retransmissions_must_have_been_duplicates() {
        let mut undo = Undo::new(Seq(0), Seq(9000));
        undo.on_sent_again(Time(240 * MS));
        undo.on_sent_again(Time(240 * MS));
        assert!(!undo.is_denied_by_duplicates((Seq(0), Seq(1000))));
        assert!(!undo.is_denied_by_duplicates((Seq(9000), Seq(9100))), "not of this episode");
        assert!(undo.is_denied_by_duplicates((Seq(1000), Seq(2000))));
    }
}
