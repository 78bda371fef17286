//! Ranges of sequence numbers, merged and in order: what the receiver has reported by SACK.
use crate::lab::tcp::seq::Seq;

/// From, and one past the end.
pub(crate) type Range = (Seq, Seq);

/// Ranges that neither touch nor overlap, ascending. All lie within one window, so that they can be compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges(Vec<Range>);

impl Ranges {
    /// Adds a range; gives back the parts of it that were not in yet.
    pub(crate) fn add(&mut self, (from, to): Range) -> Vec<Range> {
        let first = self.0.partition_point(|it| it.1.before(from));
        let last = self.0.partition_point(|it| it.0.at_or_before(to));
        let touched = &self.0[first..last];
        let news = missing(touched, (from, to));
        let merged = match (touched.first(), touched.last()) {
            (Some(low), Some(high)) => (low.0.min(from), high.1.max(to)),
            _ => (from, to),
        };
        self.0.splice(first..last, [merged]);
        news
    }

    /// Forgets all below.
    pub(crate) fn drop_below(&mut self, seq: Seq) {
        let gone = self.0.partition_point(|it| it.1.at_or_before(seq));
        self.0.drain(..gone);
        if let Some(first) = self.0.first_mut() {
            first.0 = first.0.max(seq);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Range> + '_ {
        self.0.iter().copied()
    }
}

/// What of a range none of the ranges that touch it covers.
fn missing(touched: &[Range], (from, to): Range) -> Vec<Range> {
    let mut gaps = Vec::new();
    let mut at = from;
    for &(low, high) in touched {
        if at.before(low) {
            gaps.push((at, low.min(to)));
        }
        at = at.max(high);
    }
    if at.before(to) {
        gaps.push((at, to));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u32, to: u32) -> Range {
        (Seq(from), Seq(to))
    }

    #[test]
    fn adding_tells_what_is_new_and_merges() {
        let mut ranges = Ranges::default();
        assert_eq!(ranges.add(range(10, 20)), [range(10, 20)]);
        assert_eq!(ranges.add(range(30, 40)), [range(30, 40)]);
        assert_eq!(ranges.add(range(12, 18)), []);
        assert_eq!(ranges.add(range(15, 45)), [range(20, 30), range(40, 45)]);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [range(10, 45)]);
        assert_eq!(ranges.add(range(45, 50)), [range(45, 50)]);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [range(10, 50)]);
        ranges.drop_below(Seq(48));
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [range(48, 50)]);
    }

    #[test]
    fn ranges_cross_the_wrap() {
        let mut ranges = Ranges::default();
        ranges.add(range(u32::MAX - 5, u32::MAX));
        assert_eq!(ranges.add(range(u32::MAX - 2, 4)), [range(u32::MAX, 4)]);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [range(u32::MAX - 5, 4)]);
    }
}
