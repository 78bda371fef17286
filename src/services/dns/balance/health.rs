//! Health checks: a connection to each target now and then.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::Target;
use crate::net::Net;
use crate::recording::Time;
use crate::services::within;

/// What a check found that the one before it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub at: Time,
    pub target: usize,
    pub well: bool,
    /// How many targets are well from then on; of 0 all count as well.
    pub left: usize,
}

/// Which targets answered when they were last checked. Clones share it.
#[derive(Clone, Debug)]
pub struct Health(Rc<RefCell<Known>>);

#[derive(Debug)]
struct Known {
    well: Vec<bool>,
    changes: Vec<Change>,
}

impl Health {
    /// So many targets, all of them well.
    pub(super) fn of(count: usize) -> Self {
        Self(Rc::new(RefCell::new(Known { well: vec![true; count], changes: Vec::new() })))
    }

    /// The targets that answered; where none did, all of them: checks that find nobody may be wrong themselves, and an address
    /// that may be dead is better than none ("fail open").
    pub(super) fn usable(&self) -> Vec<usize> {
        let well = &self.0.borrow().well;
        let open = !well.contains(&true);
        (0..well.len()).filter(|it| open || well[*it]).collect()
    }

    /// What changed so far.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.0.borrow().changes.clone()
    }

    /// Checks each target's port now and then from here, until `end`; a target that gives no connection within `patience`
    /// is left out.
    pub fn watch<N: Net>(
        &self,
        net: &N,
        (targets, port): (&[Target], u16),
        (every, patience): (Duration, Duration),
        end: Time,
    ) {
        for (target, it) in targets.iter().enumerate() {
            let (own, health, name) = (net.clone(), self.clone(), it.name);
            let at = SocketAddr::from((it.address, port));
            net.spawn(async move {
                while own.now() < end {
                    let opened = within(&own, patience, own.connect(at)).await;
                    let well = matches!(opened, Some(Ok(_)));
                    if let Some(change) = health.found(own.now(), target, well) {
                        own.note(format!("{name} {}", change.says()));
                    }
                    own.sleep(every).await;
                }
            });
        }
    }

    /// Keeps what a check found; gives it when it is news.
    pub(super) fn found(&self, at: Time, target: usize, well: bool) -> Option<Change> {
        let known = &mut *self.0.borrow_mut();
        let before = std::mem::replace(&mut known.well[target], well);
        let left = known.well.iter().filter(|it| **it).count();
        let news = (before != well).then_some(Change { at, target, well, left });
        known.changes.extend(news);
        news
    }
}

impl Change {
    /// What it means for the answers.
    #[must_use]
    pub const fn says(&self) -> &'static str {
        match (self.well, self.left) {
            (true, 1) => "is healthy again, and alone so: the others are left out of the answers",
            (true, _) => "is healthy again: it is in the answers",
            (false, 0) => {
                "gives no connection, nor does any other: all count as healthy, for an address that may be dead is better than none"
            }
            (false, _) => "gives no connection: it is left out of the answers",
        }
    }
}
