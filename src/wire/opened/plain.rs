//! What a program wrote into one direction of a secured connection, each byte with the packets that brought it.
use std::ops::Range;

use super::came::Came;
use crate::wire::analysis::Stream;

/// One direction's plaintext, from its start, as far as it could be opened.
#[derive(Clone, Debug, Default)]
pub(in crate::wire) struct Plain {
    bytes: Vec<u8>,
    /// Where each piece ends, and the packets it came in.
    pieces: Vec<(usize, Vec<u32>)>,
}

/// What two ends said to each other inside a secured connection.
#[derive(Clone, Debug, Default)]
pub(in crate::wire) struct Dialogue {
    /// The protocol they agreed on (ALPN, RFC 7301): `h2`.
    pub(in crate::wire) protocol: Option<Vec<u8>>,
    /// What the client said, and what the server said.
    pub(in crate::wire) sides: [Plain; 2],
    /// Where it stood, sealed: from which byte of TCP's stream, which bytes of a side. Empty where nothing was sealed.
    pub(in crate::wire) placed: [Vec<(usize, Range<usize>)>; 2],
}

impl Plain {
    /// A direction's bytes as they crossed the wire.
    pub(in crate::wire) fn of(stream: &Stream) -> Self {
        let mut plain = Self::default();
        stream.pieces().for_each(|piece| plain.push(piece.bytes, &[piece.n]));
        plain
    }

    /// The bytes of a record or a frame, which came in these packets.
    pub(in crate::wire) fn push(&mut self, bytes: &[u8], packets: &[u32]) {
        if !bytes.is_empty() {
            self.bytes.extend(bytes);
            self.pieces.push((self.bytes.len(), packets.to_vec()));
        }
    }

    pub(in crate::wire) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Each piece with the packets it came in.
    pub(in crate::wire) fn pieces(&self) -> impl Iterator<Item = (&[u8], &[u32])> {
        let starts = std::iter::once(0).chain(self.pieces.iter().map(|(end, _)| *end));
        starts.zip(&self.pieces).map(|(start, (end, came))| (&self.bytes[start..*end], &came[..]))
    }

    /// The piece that holds a byte; empty beyond the last.
    pub(in crate::wire) fn piece(&self, at: usize) -> Range<usize> {
        let index = self.pieces.partition_point(|(end, _)| *end <= at);
        let start = index.checked_sub(1).map_or(0, |before| self.pieces[before].0);
        start..self.pieces.get(index).map_or(start, |(end, _)| *end)
    }

    /// The packets that brought these bytes, each once, in the order of the bytes.
    pub(in crate::wire) fn packets(&self, range: &Range<usize>) -> Vec<u32> {
        let first = self.pieces.partition_point(|(end, _)| *end <= range.start);
        let mut packets = Came::default();
        let mut start = first.checked_sub(1).map_or(0, |before| self.pieces[before].0);
        for (end, came) in &self.pieces[first..] {
            if start >= range.end {
                break;
            }
            packets.extend(came.iter().copied());
            start = *end;
        }
        packets.into_list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_knows_the_packets_it_came_in() {
        let mut plain = Plain::default();
        plain.push(b"abc", &[4]);
        plain.push(b"", &[5]);
        plain.push(b"defg", &[6, 7]);
        plain.push(b"h", &[7]);
        assert_eq!(plain.bytes(), b"abcdefgh");
        assert_eq!([0, 2, 3, 6, 7].map(|at| plain.piece(at)), [0..3, 0..3, 3..7, 3..7, 7..8]);
        assert_eq!([0, 3, 6, 7, 8].map(|at| plain.piece(at)), [0..3, 3..7, 3..7, 7..8, 8..8]);
        assert_eq!(plain.packets(&(0..3)), [4]);
        assert_eq!(plain.packets(&(2..4)), [4, 6, 7]);
        assert_eq!(plain.packets(&(3..8)), [6, 7]);
        assert_eq!(plain.packets(&(8..9)), [0; 0]);
        assert_eq!(plain.packets(&(3..3)), [0; 0]);
    }
}
