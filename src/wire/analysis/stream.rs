//! The bytes of one direction put together again, each with the packet it came in.
use std::collections::BTreeMap;
use std::ops::Range;

/// One direction of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// By the offset of its first byte; they do not overlap.
    pieces: BTreeMap<u32, Held>,
    /// What passed but was not kept, because the capture cut its packet short: from where up to where, in which packet.
    unkept: BTreeMap<u32, (u32, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    n: u32,
    bytes: Vec<u8>,
}

/// Bytes of the stream that came in one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The packet's number.
    pub n: u32,
    /// Where they lie in the stream; its first byte is 0.
    pub offsets: Range<u32>,
    pub bytes: &'a [u8],
}

/// More than this beyond the start is not of this stream: half of the number space (RFC 9293 §3.4).
const FURTHEST: u32 = 1 << 31;

impl Stream {
    /// Takes what packet `n` carried at `offset`; of bytes that came twice the first copy stays.
    pub(in crate::wire) fn insert(&mut self, offset: u32, data: &[u8], n: u32) {
        let Some(end) = u32::try_from(data.len()).ok().and_then(|length| offset.checked_add(length)) else { return };
        if data.is_empty() || end > FURTHEST {
            return;
        }
        let mut at = offset;
        while at < end {
            if let Some(taken_until) = self.holder(at) {
                at = taken_until;
                continue;
            }
            let until = self.pieces.range(at..end).next().map_or(end, |(start, _)| *start);
            let bytes = data[(at - offset) as usize..(until - offset) as usize].to_vec();
            self.pieces.insert(at, Held { n, bytes });
            at = until;
        }
    }

    /// Notes that packet `n` carried at `offset` more than was kept of it: so many bytes were kept, so many passed.
    pub(in crate::wire) fn passed_unkept(&mut self, offset: u32, (kept, passed): (usize, usize), n: u32) {
        let at = |length: usize| u32::try_from(length).ok().and_then(|length| offset.checked_add(length));
        let Some((from, until)) = at(kept).zip(at(passed)).filter(|(from, until)| from < until) else { return };
        if until <= FURTHEST {
            let known = self.unkept.entry(from).or_insert((until, n));
            if known.0 < until {
                *known = (until, n);
            }
        }
    }

    /// Where the piece that holds an offset ends.
    fn holder(&self, offset: u32) -> Option<u32> {
        let (start, held) = self.pieces.range(..=offset).next_back()?;
        let end = start.saturating_add(u32::try_from(held.bytes.len()).ok()?);
        (end > offset).then_some(end)
    }

    /// The pieces from the start of the stream, as far as there is no gap.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut next = 0;
        self.all_pieces().map_while(move |piece| {
            let fits = piece.offsets.start == next;
            next = piece.offsets.end;
            fits.then_some(piece)
        })
    }

    /// All pieces in the order of the stream, those beyond a gap too.
    pub fn all_pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.pieces.iter().map_while(|(start, held)| {
            let offsets = *start..start.saturating_add(u32::try_from(held.bytes.len()).ok()?);
            Some(Piece { n: held.n, offsets, bytes: &held.bytes })
        })
    }

    /// All pieces in the order of the stream; those that passed but were not kept have no bytes.
    #[must_use]
    pub fn passed(&self) -> Vec<Piece<'_>> {
        let mut all: Vec<Piece<'_>> = self.all_pieces().collect();
        let mut told = 0;
        for (from, (until, n)) in &self.unkept {
            let mut at = told.max(*from);
            while at < *until {
                if let Some(held_until) = self.holder(at) {
                    at = held_until;
                    continue;
                }
                let end = self.pieces.range(at..*until).next().map_or(*until, |(start, _)| *start);
                all.push(Piece { n: *n, offsets: at..end, bytes: &[] });
                at = end;
            }
            told = told.max(*until);
        }
        all.sort_by_key(|it| it.offsets.start);
        all
    }

    /// The bytes from the start of the stream, as far as there is no gap.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces().flat_map(|piece| piece.bytes).copied().collect()
    }

    /// Whether bytes beyond a gap are held.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.pieces().count() < self.pieces.len()
    }

    /// The pieces that hold bytes of a range, in order, as far as there is no gap.
    pub(in crate::wire) fn pieces_of(&self, range: Range<u32>) -> impl Iterator<Item = Piece<'_>> {
        let first = self.pieces.range(..=range.start).next_back().map_or(range.start, |(start, _)| *start);
        let mut next = range.start;
        self.pieces.range(first..range.end.max(first)).map_while(move |(start, held)| {
            let offsets = *start..start.saturating_add(u32::try_from(held.bytes.len()).ok()?);
            let fits = offsets.contains(&next);
            next = offsets.end;
            fits.then_some(Piece { n: held.n, offsets, bytes: &held.bytes })
        })
    }

    /// The bytes of a range, as far as there is no gap.
    pub(in crate::wire) fn bytes_of(&self, range: Range<u32>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in self.pieces_of(range.clone()) {
            let from = range.start.saturating_sub(piece.offsets.start) as usize;
            let to = range.end.min(piece.offsets.end).saturating_sub(piece.offsets.start) as usize;
            bytes.extend(piece.bytes.get(from..to).unwrap_or_default());
        }
        bytes
    }

    /// Where the bytes from that offset on end, or a gap begins.
    pub(in crate::wire) fn reach(&self, from: u32) -> u32 {
        std::iter::successors(Some(from), |at| self.holder(*at)).last().unwrap_or(from)
    }

    /// The packet a byte of the stream came in first.
    #[must_use]
    pub fn packet_of(&self, offset: u32) -> Option<u32> {
        let (_, held) = self.pieces.range(..=offset).next_back()?;
        self.holder(offset).map(|_| held.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_in_order_each_with_its_packet() {
        let mut stream = Stream::default();
        stream.insert(5, b"fghij", 2);
        assert_eq!((stream.bytes(), stream.has_gap()), (vec![], true));
        stream.insert(3, b"DEFG", 3);
        stream.insert(0, b"abc", 4);
        stream.insert(0, b"ABC", 5);
        assert_eq!(stream.bytes(), b"abcDEfghij");
        let pieces: Vec<_> = stream.pieces().map(|it| (it.n, it.offsets)).collect();
        assert_eq!(pieces, [(4, 0..3), (3, 3..5), (2, 5..10)]);
        assert_eq!([0, 4, 9, 10].map(|at| stream.packet_of(at)), [Some(4), Some(3), Some(2), None]);
    }

    #[test]
    fn what_passed_and_was_not_kept_has_its_place_and_no_bytes() {
        let mut stream = Stream::default();
        for (n, offset, kept, passed) in [(1, 0, "ab", 10), (2, 10, "klmno", 5), (3, 15, "p", 10), (4, 20, "uvw", 3)] {
            stream.insert(offset, kept.as_bytes(), n);
            stream.passed_unkept(offset, (kept.len(), passed), n);
        }
        // Sent again with other borders, and kept further; a length that is only claimed takes no room.
        stream.insert(4, b"ef", 5);
        stream.passed_unkept(4, (2, 4), 5);
        stream.passed_unkept(30, (0, 1 << 30), 6);
        let passed = stream.passed();
        let parts: Vec<_> = passed.iter().map(|it| (it.n, it.offsets.clone(), it.bytes)).collect();
        let expected: [(u32, Range<u32>, &[u8]); 9] = [
            (1, 0..2, b"ab"),
            (1, 2..4, b""),
            (5, 4..6, b"ef"),
            (1, 6..10, b""),
            (2, 10..15, b"klmno"),
            (3, 15..16, b"p"),
            (3, 16..20, b""),
            (4, 20..23, b"uvw"),
            (3, 23..25, b""),
        ];
        assert_eq!(parts[..9], expected);
        assert_eq!(parts[9..], [(6, 30..30 + (1 << 30), &b""[..])]);
        assert_eq!((stream.bytes(), stream.has_gap()), (b"ab".to_vec(), true));
    }

    proptest::proptest! {
        #[test]
        fn any_order_and_overlap_gives_the_same_bytes(cuts: Vec<(u8, u8)>) {
            let whole: Vec<u8> = (0..=255).collect();
            let mut stream = Stream::default();
            for (n, (from, length)) in (1..).zip(&cuts) {
                let range = usize::from(*from)..(usize::from(*from) + usize::from(*length)).min(256);
                stream.insert(u32::from(*from), &whole[range], n);
            }
            let bytes = stream.bytes();
            proptest::prop_assert_eq!(&bytes[..], &whole[..bytes.len()]);
            let ends = bytes.len() as u32;
            proptest::prop_assert_eq!(stream.reach(0), ends);
            for from in 0..=ends {
                for to in from..=ends {
                    proptest::prop_assert_eq!(&stream.bytes_of(from..to)[..], &bytes[from as usize..to as usize]);
                }
                let of: Vec<_> = stream.pieces_of(from..ends).map(|it| it.n).collect();
                let all: Vec<_> = stream.pieces().filter(|it| it.offsets.end > from).map(|it| it.n).collect();
                proptest::prop_assert_eq!(of, if from < ends { all } else { Vec::new() });
            }
            for (offset, piece) in stream.pieces().flat_map(|it| it.offsets.clone().map(move |at| (at, it.n))) {
                proptest::prop_assert_eq!(stream.packet_of(offset), Some(piece));
            }
        }
    }
}
