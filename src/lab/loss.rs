//! How a link loses packets: models as small values, each with the words for what it did.
use std::time::Duration;

use crate::lab::random::Dice;
use crate::lab::sniff;
use crate::recording::Time;

/// A way to lose packets. Each direction of a link counts and rolls for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Each packet by itself, with this probability in parts per million.
    Random { ppm: u32 },
    /// Gilbert-Elliott: a link that is now good, now bad, and loses packets only while bad. Probabilities in ppm per packet.
    Burst { to_bad: u32, to_good: u32, loss_in_bad: u32 },
    /// Exactly the `k`-th packet of this direction, counted from 1, whatever it is.
    Nth { k: u32 },
    /// Exactly the `k`-th packet of this direction that carries a program's bytes over TCP or UDP, counted from 1.
    NthWithData { k: u32 },
    /// Not a loss but a filter: everything over TCP to this port, without a word to the sender.
    ToPort { port: u16 },
    /// A filter that begins to drop every SYN, without a word to the sender, at an instant of the run.
    SynFrom { at: Duration },
}

/// How the property of a link begins that loses by chance.
pub(crate) const CHANCE: &str = "loss ";

/// What is said of a packet that was lost by chance, alone or in a burst.
const RANDOM: &str = "random loss";
const BURST: &str = "burst loss";

/// Whether chance took the packet of which this is said, and no filter, count or queue.
pub(crate) fn is_by_chance(model: &str) -> bool {
    [RANDOM, BURST].contains(&model)
}

impl Loss {
    /// Loses a share of all packets, each independently of the others (10 000 ppm are 1 %).
    #[must_use]
    pub const fn random(ppm: u32) -> Self {
        Self::Random { ppm }
    }

    /// Loses the same share, but in runs of `length` packets on average (Gilbert's model). A share of 100 % or
    /// more loses everything.
    #[must_use]
    pub fn burst(ppm: u32, length: u32) -> Self {
        // In balance the bad state holds to_bad / (to_bad + to_good) of the packets, and lasts 1 / to_good of them.
        let to_good = 1_000_000 / length.max(1);
        let good = 1_000_000_u32.saturating_sub(ppm);
        if good == 0 {
            return Self::Burst { to_bad: 1_000_000, to_good: 0, loss_in_bad: 1_000_000 };
        }
        let to_bad = u64::from(to_good) * u64::from(ppm) / u64::from(good);
        let to_bad = u32::try_from(to_bad.min(1_000_000)).expect("at most a million");
        Self::Burst { to_bad, to_good, loss_in_bad: 1_000_000 }
    }

    /// Loses the `k`-th packet, counted from 1.
    #[must_use]
    pub const fn nth(k: u32) -> Self {
        Self::Nth { k }
    }

    /// Loses the `k`-th packet that carries a program's bytes (not a SYN, an ACK, an ARP), counted from 1.
    #[must_use]
    pub const fn nth_with_data(k: u32) -> Self {
        Self::NthWithData { k }
    }

    /// A filter that silently drops everything over TCP to this port.
    #[must_use]
    pub const fn to_port(port: u16) -> Self {
        Self::ToPort { port }
    }

    /// A filter that silently drops every SYN from that instant on: open connections stay.
    #[must_use]
    pub const fn syn_from(at: Duration) -> Self {
        Self::SynFrom { at }
    }

    /// What is modelled, for a person: `loss 1 %`.
    #[must_use]
    pub fn property(self) -> String {
        match self {
            Self::Random { ppm } => format!("{CHANCE}{}", share(ppm)),
            Self::Burst { to_bad, to_good, .. } => {
                format!("{CHANCE}in bursts: goes bad {} and good {} of packets", share(to_bad), share(to_good))
            }
            Self::Nth { k } => format!("loses the {}", ordinal(k, "packet")),
            Self::NthWithData { k } => format!("loses the {}", ordinal(k, "packet with data")),
            Self::ToPort { port } => format!("a filter drops TCP to port {port}"),
            Self::SynFrom { at } => format!("a filter drops SYNs from {} on", crate::quantity::Quantity::time(at)),
        }
    }
}

fn share(ppm: u32) -> String {
    crate::quantity::Quantity::new(i64::from(ppm), crate::quantity::Unit::PartsPerMillion).to_string()
}

fn ordinal(k: u32, what: &str) -> String {
    let ending = match (k % 10, k % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{k}{ending} {what}")
}

/// One model at work in one direction of one link.
#[derive(Clone, Debug)]
pub(crate) struct Losing {
    model: Loss,
    dice: Dice,
    seen: u32,
    bad: bool,
}

impl Losing {
    pub(crate) fn new(model: Loss, dice: Dice) -> Self {
        Self { model, dice, seen: 0, bad: false }
    }

    /// Why this frame is lost, if it is. To be asked once for every frame, whatever else happens to it.
    pub(crate) fn takes(&mut self, now: Time, frame: &[u8]) -> Option<String> {
        match self.model {
            Loss::Random { ppm } => self.dice.chance(ppm).then(|| RANDOM.to_owned()),
            Loss::Burst { to_bad, to_good, loss_in_bad } => {
                let turn = if self.bad { to_good } else { to_bad };
                self.bad ^= self.dice.chance(turn);
                let lost = self.dice.chance(loss_in_bad);
                (self.bad && lost).then(|| BURST.to_owned())
            }
            Loss::Nth { k } => {
                self.seen += 1;
                (self.seen == k).then(|| ordinal(k, "packet"))
            }
            Loss::NthWithData { k } => {
                self.seen += u32::from(sniff::carries_data(frame));
                (self.seen == k && sniff::carries_data(frame)).then(|| ordinal(k, "packet with data"))
            }
            Loss::ToPort { port } => {
                (sniff::tcp_port(frame) == Some(port)).then(|| format!("a filter: TCP port {port}"))
            }
            Loss::SynFrom { at } => {
                (now - Time::ZERO >= at && sniff::is_syn(frame)).then(|| "a filter: SYN".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(model: Loss, packets: usize) -> Vec<bool> {
        let mut losing = Losing::new(model, Dice::new(42, "loss"));
        (0..packets).map(|_| losing.takes(Time::ZERO, &[]).is_some()).collect()
    }

    fn lost(run: &[bool]) -> usize {
        run.iter().filter(|it| **it).count()
    }

    #[test]
    fn random_loss_keeps_its_share() {
        let run = losses(Loss::random(30_000), 100_000);
        assert!((2800..3200).contains(&lost(&run)), "{}", lost(&run));
    }

    #[test]
    fn burst_loss_keeps_its_share_and_its_length() {
        let run = losses(Loss::burst(50_000, 4), 200_000);
        assert!((9_000..11_000).contains(&lost(&run)), "{}", lost(&run));
        let bursts = run.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        let length = lost(&run) as f64 / bursts as f64;
        assert!((3.6..4.4).contains(&length), "bursts of {length}");
    }

    #[test]
    fn the_kth_packet_is_lost_and_no_other() {
        let run = losses(Loss::nth(3), 10);
        assert_eq!(run.iter().position(|it| *it), Some(2));
        assert_eq!(lost(&run), 1);
        assert_eq!(lost(&losses(Loss::burst(1_000_000, 4), 100)), 100);
    }

    #[test]
    fn numbers_are_said_as_people_say_them() {
        let said: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 102].map(|k| ordinal(k, "packet")).to_vec();
        insta::assert_snapshot!(said.join(", "), @"1st packet, 2nd packet, 3rd packet, 4th packet, 11th packet, 12th packet, 13th packet, 21st packet, 102nd packet");
    }
}
