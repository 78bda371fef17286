//! The dynamic table of one direction: every entry it ever had, by absolute index. RFC 9204 §3.2.
use super::fixed;
use crate::wire::hpack::Entry;

/// More bytes of entries than this are not kept: a byte can double an old entry.
const MOST_BYTES: u64 = 4 << 20;

/// A table as its encoder fills it. Entries stay here when the ends have forgotten them: a field section that came before its
/// entries were evicted may be read after that.
#[derive(Debug, Default)]
pub(in crate::wire) struct Table {
    entries: Vec<Entry>,
    /// The packet that brought each.
    came: Vec<u32>,
    bytes: u64,
    capacity: u64,
    /// The oldest that the ends still have, and what those take.
    first: usize,
    size: u64,
}

impl Table {
    /// How many were put in by the packets up to this one.
    pub(in crate::wire) fn inserts_until(&self, packet: u32) -> u64 {
        self.came.partition_point(|it| *it <= packet) as u64
    }

    pub(super) fn inserts(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(super) fn get(&self, absolute: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(absolute).ok()?)
    }

    /// What the table is like now, for a person.
    pub(super) fn state(&self) -> String {
        format!("{} entries, {} of {} bytes", self.entries.len() - self.first, self.size, self.capacity)
    }

    /// Takes in an entry; `None` where there is no room for it. RFC 9204 §3.2.2.
    pub(super) fn insert(&mut self, entry: Entry, packet: u32) -> Option<()> {
        let size = entry.size();
        self.bytes = self.bytes.saturating_add(size);
        if size > self.capacity || self.bytes > MOST_BYTES {
            return None;
        }
        self.shrink(self.capacity - size);
        self.size += size;
        self.entries.push(entry);
        self.came.push(packet.max(self.came.last().copied().unwrap_or(0)));
        Some(())
    }

    /// RFC 9204 §4.3.1.
    pub(super) fn resize(&mut self, capacity: u64) {
        self.capacity = capacity.min(MOST_BYTES);
        self.shrink(self.capacity);
    }

    fn shrink(&mut self, most: u64) {
        while self.size > most && self.first < self.entries.len() {
            self.size -= self.entries[self.first].size();
            self.first += 1;
        }
    }
}

/// A field of the static table. RFC 9204 §3.1.
pub(super) fn fixed(index: u64) -> Option<Entry> {
    let (name, value) = fixed::ENTRIES.get(usize::try_from(index).ok()?)?;
    Some(Entry { name: name.as_bytes().into(), value: value.as_bytes().into() })
}
