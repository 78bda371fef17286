//! A stateful packet filter in a router: ordered rules for what begins, a memory of what was let through for what answers.
mod rule;
mod tracking;

use crate::lab::ip::{self, Packet};
use crate::lab::output::Output;
use crate::recording::Time;
pub use rule::{Action, Rule};
use tracking::{Flow, Tracking};

/// Rules in order, and what becomes of a packet that none is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    pub rules: Vec<Rule>,
    pub otherwise: Action,
    /// Packets of a flow that was let through, both ways, and ICMP errors about it, pass without a rule.
    pub stateful: bool,
}

/// The filter at work.
#[derive(Debug)]
pub(crate) struct Filter {
    policy: Firewall,
    tracking: Tracking,
}

/// What becomes of a packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    Pass,
    Drop,
    /// Dropped, and its sender is told; `why` is what a recording says of that.
    Reject {
        why: String,
    },
}

impl Filter {
    pub(crate) fn new(policy: Firewall) -> Self {
        Self { policy, tracking: Tracking::default() }
    }

    /// Judges a packet on its way from one interface to another.
    pub(crate) fn judge(
        &mut self,
        now: Time,
        (from, to): (usize, usize),
        packet: &Packet<'_>,
        out: &mut Output,
    ) -> Ruling {
        // The router puts IPv4's together first. IPv6's may not be cut again behind it (RFC 1858 §3: without its first piece
        // a packet comes to nothing).
        if packet.is_later_fragment {
            out.decide("firewall: a later piece: allowed, as its first piece is judged");
            return Ruling::Pass;
        }
        let Some(flow) = Flow::of(packet) else {
            out.decide(format!("firewall: from {} to {}: no ports to judge by: dropped", packet.from, packet.to));
            return Ruling::Drop;
        };
        if self.policy.stateful && self.is_known(now, packet, flow, out) {
            return Ruling::Pass;
        }
        let found = self.policy.rules.iter().position(|it| it.fits(flow, (from, to)));
        let (action, by) = match found {
            Some(index) => {
                let rule = &self.policy.rules[index];
                (rule.action, format!("rule {} ({rule})", index + 1))
            }
            None => (self.policy.otherwise, "no rule, so the last word".to_owned()),
        };
        out.decide(format!("firewall: {flow}: {by}: {}", action.done()));
        match action {
            Action::Allow => {
                if self.policy.stateful && self.tracking.enter(now, flow) {
                    out.level("tracked flows", self.tracking.len());
                }
                Ruling::Pass
            }
            Action::Drop => Ruling::Drop,
            Action::Reject => Ruling::Reject { why: format!("the firewall rejects it: {by}") },
        }
    }

    /// Whether it belongs to a flow that was let through, or is an ICMP error about one.
    fn is_known(&mut self, now: Time, packet: &Packet<'_>, flow: Flow, out: &mut Output) -> bool {
        let before = self.tracking.len();
        self.tracking.expire(now);
        if before != self.tracking.len() {
            out.level("tracked flows", self.tracking.len());
        }
        if let Some(first_reply) = self.tracking.touch(now, flow) {
            if first_reply {
                out.decide(format!("firewall: {flow}: the answer to what was let through: allowed"));
            }
            return true;
        }
        let about = flow.is_error().then(|| packet.payload.get(8..).and_then(ip::read_beginning)).flatten();
        let about = about.and_then(|it| Flow::of(&it));
        let related = about.is_some_and(|about| self.tracking.knows(about));
        if related {
            out.decide("firewall: an ICMP error about a flow that was let through: allowed");
        }
        related
    }
}

#[cfg(test)]
mod tests;
