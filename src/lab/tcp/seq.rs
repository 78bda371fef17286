//! Sequence numbers: counted modulo 2^32, compared by which is ahead of the other (RFC 9293 §3.4).
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A sequence number. There is no total order: `before` and its kin hold while two numbers are less than 2^31 apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seq(pub(crate) u32);

impl Seq {
    /// RFC 9293 §3.4: `self < other` in the sequence space.
    pub(crate) const fn before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) >> 31 == 1
    }

    /// `self <= other` in the sequence space.
    pub(crate) const fn at_or_before(self, other: Self) -> bool {
        !other.before(self)
    }

    /// `self > other` in the sequence space.
    pub(crate) const fn after(self, other: Self) -> bool {
        other.before(self)
    }

    /// `self >= other` in the sequence space.
    pub(crate) const fn at_or_after(self, other: Self) -> bool {
        !self.before(other)
    }

    /// Whether it lies in `from..to`.
    pub(crate) const fn is_within(self, from: Self, to: Self) -> bool {
        self.at_or_after(from) && self.before(to)
    }

    /// Octets from `earlier` to here; 0 when `earlier` is ahead.
    pub(crate) const fn since(self, earlier: Self) -> u32 {
        if self.before(earlier) { 0 } else { self.0.wrapping_sub(earlier.0) }
    }

    /// The later of the two.
    pub(crate) const fn max(self, other: Self) -> Self {
        if self.before(other) { other } else { self }
    }

    /// The earlier of the two.
    pub(crate) const fn min(self, other: Self) -> Self {
        if other.before(self) { other } else { self }
    }
}

impl Add<u32> for Seq {
    type Output = Self;

    fn add(self, octets: u32) -> Self {
        Self(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

impl Sub<u32> for Seq {
    type Output = Self;

    fn sub(self, octets: u32) -> Self {
        Self(self.0.wrapping_sub(octets))
    }
}

/// The distance modulo 2^32: what `since` gives when `earlier` is not ahead.
impl Sub for Seq {
    type Output = u32;

    fn sub(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_across_the_wrap() {
        let (last, first) = (Seq(u32::MAX), Seq(0));
        assert!(last.before(first) && first.after(last));
        assert!(!first.before(last) && !last.before(last));
        assert!(last.at_or_before(last) && last.at_or_after(last));
        assert_eq!(last + 1, first);
        assert_eq!(first - 1, last);
        assert_eq!(Seq(5) - Seq(u32::MAX - 4), 10);
        assert_eq!(Seq(5).since(Seq(7)), 0);
        assert_eq!((last.max(first), last.min(first)), (first, last));
    }

    #[test]
    fn a_range_holds_its_first_number_and_not_its_last() {
        let (from, to) = (Seq(u32::MAX - 1), Seq(3));
        assert!(from.is_within(from, to) && Seq(2).is_within(from, to));
        assert!(!to.is_within(from, to) && !Seq(u32::MAX - 2).is_within(from, to));
    }
}
