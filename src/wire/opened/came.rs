//! The packets that brought something.
use std::collections::BTreeSet;

/// Each once, in the order of the bytes they brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    order: Vec<u32>,
    seen: BTreeSet<u32>,
}

impl Came {
    pub(super) fn list(&self) -> &[u32] {
        &self.order
    }

    pub(super) fn into_list(self) -> Vec<u32> {
        self.order
    }
}

impl Extend<u32> for Came {
    fn extend<T: IntoIterator<Item = u32>>(&mut self, packets: T) {
        for n in packets {
            if self.seen.insert(n) {
                self.order.push(n);
            }
        }
    }
}

impl FromIterator<u32> for Came {
    fn from_iter<T: IntoIterator<Item = u32>>(packets: T) -> Self {
        let mut came = Self::default();
        came.extend(packets);
        came
    }
}
