//! The dynamic table: header fields both ends remember, the newest first. RFC 7541 §2.3.
use std::collections::VecDeque;
use std::sync::Arc;

use super::fixed;

/// RFC 9113 §6.5.2: what a table may take unless the settings say another size.
pub const DEFAULT_CAPACITY: u64 = 4096;
/// A larger table is not kept, whatever the ends agree on.
pub(super) const MOST_CAPACITY: u64 = 1 << 20;

/// A header field. Its bytes are shared with the table: a byte on the wire can name an entry of a megabyte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: Arc<[u8]>,
    pub value: Arc<[u8]>,
}

impl Entry {
    /// What it takes in the table, in bytes. RFC 7541 §4.1.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.name.len() + self.value.len()).unwrap_or(u64::MAX).saturating_add(32)
    }
}

/// What one direction of a connection remembers.
#[derive(Clone, Debug)]
pub struct Table {
    entries: VecDeque<Entry>,
    size: u64,
    capacity: u64,
    /// SETTINGS_HEADER_TABLE_SIZE of the end that reads it: no larger may the table be made (RFC 7541 §6.3).
    allowed: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, capacity: DEFAULT_CAPACITY, allowed: DEFAULT_CAPACITY }
    }
}

impl Table {
    /// The newest first: entry 62 is the first of them.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// In bytes, as RFC 7541 §4.1 counts them.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// One that the reader's settings let grow to so many bytes; as large as without settings until it is resized.
    pub(in crate::wire) fn allowing(allowed: u64) -> Self {
        Self { allowed, ..Self::default() }
    }

    pub(super) const fn allowed(&self) -> u64 {
        self.allowed
    }

    /// The field of an index: the static table's first, then the newest of the dynamic. RFC 7541 §2.3.3.
    pub(super) fn get(&self, index: u64) -> Option<Entry> {
        let at = usize::try_from(index).ok()?.checked_sub(1)?;
        match fixed::ENTRIES.get(at) {
            Some((name, value)) => Some(Entry { name: name.as_bytes().into(), value: value.as_bytes().into() }),
            None => self.entries.get(at - fixed::ENTRIES.len()).cloned(),
        }
    }

    /// Takes in a field; the oldest go where there is no room. How many went. RFC 7541 §4.4.
    pub(super) fn add(&mut self, entry: Entry) -> usize {
        let evicted = self.shrink(self.capacity.saturating_sub(entry.size()));
        if entry.size() <= self.capacity {
            self.size += entry.size();
            self.entries.push_front(entry);
        }
        evicted
    }

    /// RFC 7541 §4.3.
    pub(super) fn resize(&mut self, capacity: u64) -> usize {
        self.capacity = capacity.min(MOST_CAPACITY);
        self.shrink(self.capacity)
    }

    fn shrink(&mut self, most: u64) -> usize {
        let mut evicted = 0;
        while self.size > most {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.size -= oldest.size();
            evicted += 1;
        }
        evicted
    }
}
