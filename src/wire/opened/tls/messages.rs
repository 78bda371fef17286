//! Handshake messages put together: one may go on from record to record (RFC 8446 §5.1).

use crate::wire::opened::came::Came;

/// A longer message is not waited for: receivers give up as well.
const LONGEST: usize = 1 << 17;

/// A whole handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// With its header of 4 bytes.
    pub(super) bytes: Vec<u8>,
    /// The packets it came in.
    pub(super) packets: Vec<u32>,
    /// In how many records.
    pub(super) records: usize,
}

impl Message {
    pub(super) fn kind(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(4..).unwrap_or_default()
    }
}

/// What one direction has sent of its next message.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    bytes: Vec<u8>,
    packets: Came,
    records: usize,
}

impl Assembler {
    /// How many bytes at the start of a record's content belong to a message that began in an earlier one.
    pub(super) fn continued(&self, content: &[u8]) -> usize {
        if self.bytes.is_empty() {
            return 0;
        }
        let header: Vec<u8> = self.bytes.iter().chain(content).take(4).copied().collect();
        length(&header).map_or(content.len(), |length| length.saturating_sub(self.bytes.len()).min(content.len()))
    }

    /// Takes a record's content; the messages that end in it.
    pub(super) fn take(&mut self, content: &[u8], packets: &[u32]) -> Vec<Message> {
        let mut done = Vec::new();
        self.records += 1;
        self.packets.extend(packets.iter().copied());
        self.bytes.extend(content);
        let mut read = 0;
        while let Some(length) = length(&self.bytes[read..]).filter(|length| *length <= self.bytes.len() - read) {
            let bytes = self.bytes[read..read + length].to_vec();
            read += length;
            // What follows in this record began in it.
            let next = packets.iter().copied().collect();
            let packets = std::mem::replace(&mut self.packets, next).into_list();
            done.push(Message { bytes, packets, records: self.records });
            self.records = 1;
        }
        self.bytes.drain(..read);
        if self.bytes.is_empty() || length(&self.bytes).is_some_and(|length| length > LONGEST) {
            *self = Self::default();
        }
        done
    }
}

/// The length of a message with its header, where that is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let [_, high, middle, low] = *bytes.first_chunk()?;
    Some(4 + usize::from(high) * 65_536 + usize::from(middle) * 256 + usize::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_over_three_records_comes_out_once_with_its_packets() {
        let mut it = Assembler::default();
        assert_eq!(it.take(&[1, 0, 0, 1, 9, 11, 0], &[3]).len(), 1);
        assert_eq!(it.continued(&[0, 5, 1, 2]), 4);
        assert!(it.take(&[0, 5, 1, 2], &[4]).is_empty());
        assert_eq!(it.continued(&[3, 4, 5, 20, 0, 0, 0]), 3);
        let done = it.take(&[3, 4, 5, 20, 0, 0, 0], &[4, 5]);
        assert_eq!(done[0].bytes, [11, 0, 0, 5, 1, 2, 3, 4, 5]);
        assert_eq!((done[0].packets.as_slice(), done[0].records), (&[3, 4, 5][..], 3));
        assert_eq!((done[1].kind(), done[1].records, done[1].packets.as_slice()), (Some(20), 1, &[4, 5][..]));
        assert_eq!(it.continued(&[1]), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_cuts_give_the_same_messages(bodies: Vec<Vec<u8>>, cuts: Vec<u8>) {
            let all: Vec<u8> = bodies.iter().flat_map(|it| {
                [&[7, 0, u8::try_from(it.len() >> 8).unwrap_or(255), (it.len() & 255) as u8][..], it].concat()
            }).collect();
            let (mut it, mut rest, mut done) = (Assembler::default(), &all[..], Vec::new());
            for cut in cuts {
                let (now, later) = rest.split_at(usize::from(cut).min(rest.len()));
                done.extend(it.take(now, &[1]));
                rest = later;
            }
            done.extend(it.take(rest, &[2]));
            let got: Vec<Vec<u8>> = done.iter().map(|it| it.body().to_vec()).collect();
            proptest::prop_assert_eq!(got, bodies);
        }

        #[test]
        fn any_bytes_are_taken(records: Vec<Vec<u8>>) {
            let mut it = Assembler::default();
            for content in records {
                proptest::prop_assert!(it.continued(&content) <= content.len());
                it.take(&content, &[1]);
                proptest::prop_assert!(it.bytes.len() <= LONGEST + content.len());
            }
        }
    }
}
