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

    /// Whether that target answered.
    pub(super) fn is_well(&self, target: usize) -> bool {
        self.0.borrow().well.get(target).copied().unwrap_or_default()
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
                    if health.found(Change { at: own.now(), target, well }) {
                        let text = if well { "is healthy again" } else { "gives no connection: it is left out" };
                        own.note(format!("{name} {text}"));
                    }
                    own.sleep(every).await;
                }
            });
        }
    }

    /// Keeps what a check found; `true` when it is news.
    fn found(&self, change: Change) -> bool {
        let known = &mut *self.0.borrow_mut();
        let before = std::mem::replace(&mut known.well[change.target], change.well);
        if before != change.well {
            known.changes.push(change);
        }
        before != change.well
    }
}
