//! Reads a capture once, from its first packet to its last, and keeps what is needed to find everything again.
use std::sync::Arc;

use super::index::{Entry, Group, Index};
use super::study::{Bytes, Study};
use super::{Fault, Item, Packet, Reader};
use crate::wire::analysis::{Pairs, Seen, Tracker};
use crate::wire::{opened, walk};

/// Takes what a file tells; the study grows with it, and can be looked at meanwhile.
pub struct Indexer {
    study: Arc<Study>,
    tracker: Tracker,
    pairs: Pairs,
    at_ns: u64,
}

/// Reads a capture that is held in memory, with the lines of a key log beside its own; and why it ends before its end.
#[must_use]
pub fn index(capture: Vec<u8>, keys: &str) -> (Arc<Study>, Option<Fault>) {
    let mut reader = Reader::default();
    reader.push(&capture);
    reader.end();
    let mut indexer = Indexer::new(capture);
    let fault = indexer.take(&mut reader).err();
    (indexer.finish(keys), fault)
}

impl Indexer {
    /// Begins with a capture whose bytes lie there.
    #[must_use]
    pub fn new(bytes: impl Bytes + 'static) -> Self {
        let study = Arc::new(Study::of(Box::new(bytes)));
        Self { study, tracker: Tracker::default(), pairs: Pairs::default(), at_ns: 0 }
    }

    /// What was read so far; it grows.
    #[must_use]
    pub fn study(&self) -> Arc<Study> {
        Arc::clone(&self.study)
    }

    /// Takes all that the reader has whole; the study is not looked at meanwhile.
    ///
    /// # Errors
    /// What is wrong with the file: what came before it was taken.
    pub fn take(&mut self, reader: &mut Reader) -> Result<(), Fault> {
        let study = Arc::clone(&self.study);
        let mut index = study.write();
        while let Some(item) = reader.next_item()? {
            self.item(&mut index, item);
        }
        Ok(())
    }

    fn item(&mut self, index: &mut Index, item: Item<'_>) {
        match item {
            Item::Packet(packet) => self.packet(index, packet),
            Item::Interface(it) => index.interfaces.push(it),
            Item::Comment(text) => index.notes.push(text),
            Item::KeyLog(lines) => {
                index.key_log.push_str(&lines);
                index.key_log.push('\n');
            }
            // Names are those of another time and place.
            Item::Name(..) => {}
        }
    }

    fn packet(&mut self, index: &mut Index, mut packet: Packet<'_>) {
        // Numbers have 32 bits, of which two values have another meaning: what is behind those stays unread.
        let Some(n) = u32::try_from(index.count() + 1).ok().filter(|n| *n < u32::MAX - 1) else { return };
        // One without a time came when the last with one did.
        self.at_ns = packet.at_ns.unwrap_or(self.at_ns);
        let link = index.interfaces.get(packet.interface).map_or_else(Default::default, |it| it.link);
        let skimmed = walk::skim(link, packet.bytes, packet.length as usize);
        self.pairs.take(Seen { n, at_ns: self.at_ns, frame: packet.bytes }, &skimmed);
        let group = match (&skimmed.segment, &skimmed.quic) {
            (Some(segment), _) => {
                let (place, marks) = self.tracker.take(&mut index.connections, self.at_ns, segment);
                marks.into_iter().for_each(|mark| index.mark(n, mark));
                if opened::is_clear(&packet.bytes[segment.data.clone()]) {
                    index.clear.insert(place.flow);
                }
                Group::Flow(place)
            }
            (None, Some(_)) => Group::Quic,
            (None, None) => Group::Neither,
        };
        self.pairs.found().for_each(|(n, mark)| index.mark(n, mark));
        if !link.is_read() {
            *index.unread.entry(link).or_default() += 1;
        }
        if let Some(text) = packet.comment.take() {
            index.comments.insert(n, text);
        }
        index.push(Entry::new(&packet, group));
    }

    /// Ends the capture, with the lines of a key log beside its own.
    #[must_use]
    pub fn finish(self, keys: &str) -> Arc<Study> {
        let mut index = self.study.write();
        self.pairs.finish().into_iter().for_each(|(n, mark)| index.mark(n, mark));
        index.keys.push_str(keys);
        index.finish();
        drop(index);
        self.study
    }
}
