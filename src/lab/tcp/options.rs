//! The options of a segment (RFC 9293 §3.2, RFC 7323, RFC 2018). What is unknown or damaged is skipped.
use crate::lab::tcp::seq::Seq;

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// RFC 7323 §2.3: a larger shift count is used as 14.
const MAX_SHIFT: u8 = 14;
/// Blocks that fit beside nothing else: (40 - 2) / 8.
pub(crate) const MOST_BLOCKS: usize = 4;
/// Bytes timestamps take, padded as everybody does.
pub(crate) const TIMESTAMP_BYTES: u32 = 12;

/// Up to four ranges the receiver holds (RFC 2018 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocks {
    ranges: [(Seq, Seq); MOST_BLOCKS],
    count: usize,
}

impl Blocks {
    /// Adds a range; the fifth is not kept.
    pub(crate) fn push(&mut self, range: (Seq, Seq)) {
        if let Some(slot) = self.ranges.get_mut(self.count) {
            *slot = range;
            self.count += 1;
        }
    }

    pub(crate) fn truncate(&mut self, most: usize) {
        self.count = self.count.min(most);
    }

    pub(crate) fn as_slice(&self) -> &[(Seq, Seq)] {
        &self.ranges[..self.count]
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The options TCP knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// RFC 9293 §3.7.1.
    pub(crate) mss: Option<u16>,
    /// The shift count (RFC 7323 §2.2), 14 at most.
    pub(crate) window_scale: Option<u8>,
    pub(crate) sack_permitted: bool,
    /// TSval and TSecr (RFC 7323 §3.2).
    pub(crate) timestamps: Option<(u32, u32)>,
    pub(crate) sack: Blocks,
}

impl Options {
    /// Reads the bytes between header and payload.
    pub(crate) fn read(mut bytes: &[u8]) -> Self {
        let mut options = Self::default();
        while let [kind, rest @ ..] = bytes {
            match *kind {
                END => break,
                NOP => bytes = rest,
                kind => {
                    let length = rest.first().map_or(0, |it| usize::from(*it));
                    // RFC 9293 §3.2, MUST-7: a length that cannot be ends the reading.
                    let Some(body) = bytes.get(2..length) else { break };
                    options.take(kind, body);
                    bytes = &bytes[length..];
                }
            }
        }
        options
    }

    fn take(&mut self, kind: u8, body: &[u8]) {
        match (kind, body) {
            (MSS, [a, b]) => self.mss = Some(u16::from_be_bytes([*a, *b])),
            (WINDOW_SCALE, [shift]) => self.window_scale = Some((*shift).min(MAX_SHIFT)),
            (SACK_PERMITTED, []) => self.sack_permitted = true,
            (TIMESTAMPS, [a, b, c, d, e, f, g, h]) => {
                let (value, echo) = (u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h]));
                self.timestamps = Some((value, echo));
            }
            (SACK, body) => {
                for block in body.as_chunks::<8>().0 {
                    let [a, b, c, d, e, f, g, h] = *block;
                    let (from, to) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                    self.sack.push((Seq(from), Seq(to)));
                }
            }
            _ => {}
        }
    }

    /// Appends them in the order and with the padding Linux uses, so that captures look familiar.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        if let Some(mss) = self.mss {
            bytes.extend_from_slice(&[MSS, 4]);
            bytes.extend_from_slice(&mss.to_be_bytes());
        }
        match (self.sack_permitted, self.timestamps.is_some()) {
            (true, true) => bytes.extend_from_slice(&[SACK_PERMITTED, 2]),
            (true, false) => bytes.extend_from_slice(&[NOP, NOP, SACK_PERMITTED, 2]),
            (false, true) => bytes.extend_from_slice(&[NOP, NOP]),
            (false, false) => {}
        }
        if let Some((value, echo)) = self.timestamps {
            bytes.extend_from_slice(&[TIMESTAMPS, 10]);
            bytes.extend_from_slice(&value.to_be_bytes());
            bytes.extend_from_slice(&echo.to_be_bytes());
        }
        if let Some(shift) = self.window_scale {
            bytes.extend_from_slice(&[NOP, WINDOW_SCALE, 3, shift]);
        }
        if !self.sack.is_empty() {
            let length = u8::try_from(2 + 8 * self.sack.count).expect("four blocks at most");
            bytes.extend_from_slice(&[NOP, NOP, SACK, length]);
            for (from, to) in self.sack.as_slice() {
                bytes.extend_from_slice(&from.0.to_be_bytes());
                bytes.extend_from_slice(&to.0.to_be_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(options: &Options) -> usize {
        let mut bytes = Vec::new();
        options.write(&mut bytes);
        assert_eq!(bytes.len() % 4, 0);
        assert!(bytes.len() <= 40, "{} bytes", bytes.len());
        assert_eq!(Options::read(&bytes), *options);
        bytes.len()
    }

    #[test]
    fn a_syn_of_linux_has_twenty_bytes_of_options() {
        let timestamps = Some((1, 0));
        let syn =
            Options { mss: Some(1460), window_scale: Some(7), sack_permitted: true, timestamps, ..Options::default() };
        assert_eq!(round_trip(&syn), 20);
        assert_eq!(round_trip(&Options { timestamps, ..Options::default() }), 12);
        assert_eq!(round_trip(&Options { sack_permitted: true, ..Options::default() }), 4);
    }

    #[test]
    fn three_blocks_fit_beside_timestamps_and_four_without() {
        let mut sack = Blocks::default();
        (0..3).for_each(|n| sack.push((Seq(n * 10), Seq(n * 10 + 5))));
        assert_eq!(round_trip(&Options { sack, timestamps: Some((1, 2)), ..Options::default() }), 40);
        (3..6).for_each(|n| sack.push((Seq(n * 10), Seq(n * 10 + 5))));
        assert_eq!(round_trip(&Options { sack, ..Options::default() }), 36);
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let any = proptest::collection::vec(proptest::num::u8::ANY, 0..40);
        proptest::proptest!(|(bytes in any)| { Options::read(&bytes); });
        let read = Options::read;
        assert_eq!(read(&[9, 0, 2, 4, 1, 1]), Options::default());
        assert_eq!(read(&[2, 4, 5]), Options::default());
        assert_eq!(read(&[200, 3, 0, 1, 3, 3, 99]).window_scale, Some(14));
    }
}
