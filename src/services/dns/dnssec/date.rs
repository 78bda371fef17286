//! The calendar of signatures: seconds since 1970 in 32 bits, which begin again in 2106 (RFC 4034 §3.1.5).
use std::fmt;
use std::time::Duration;

use crate::services::tls::LAB_BEGINS;
use crate::wire::text;

/// A second of the calendar: so many after 1970-01-01 00:00:00 UTC, modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub u32);

impl Date {
    /// When a lab begins: 2026-01-01 12:00:00 UTC. Its clock is its own, and so is its calendar.
    pub const LAB: Self = Self(LAB_BEGINS);

    /// Whether this is after the other, by the arithmetic of serial numbers (RFC 1982 §3.2).
    #[must_use]
    pub const fn is_after(self, other: Self) -> bool {
        let ahead = self.0.wrapping_sub(other.0);
        ahead != 0 && ahead < 1 << 31
    }

    /// Later by whole seconds.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.wrapping_add(u32::try_from(time.as_secs() & 0xffff_ffff).unwrap_or_default()))
    }

    /// Earlier by whole seconds.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        Self(self.0.wrapping_sub(u32::try_from(time.as_secs() & 0xffff_ffff).unwrap_or_default()))
    }

    /// Seconds from here to a later date; 0 when it is over.
    #[must_use]
    pub const fn until(self, later: Self) -> u32 {
        if later.is_after(self) { later.0.wrapping_sub(self.0) } else { 0 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::date(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_goes_on_when_its_32_bits_begin_again() {
        let (before, after) = (Date(u32::MAX - 5), Date(10));
        assert!(after.is_after(before) && !before.is_after(after));
        assert_eq!((before.until(after), after.until(before)), (16, 0));
        assert_eq!(before.plus(Duration::from_secs(16)), after);
        assert_eq!(after.minus(Duration::from_secs(16)), before);
    }

    #[test]
    fn a_lab_begins_at_noon_of_new_year() {
        assert_eq!(Date::LAB.to_string(), "2026-01-01 12:00:00 UTC");
    }
}
