//! A number with its unit: read from `80ms` or `10Mbit/s`, shown to a person, kept as an integer.
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A day in nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// What a number counts. Values are integers of this base unit, so that runs compare equal on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "bit/s")]
    BitsPerSecond,
    #[serde(rename = "B")]
    Bytes,
    /// Shares of a whole: 1 % is 10 000 ppm.
    #[serde(rename = "ppm")]
    PartsPerMillion,
    #[serde(rename = "count")]
    Count,
}

/// A number of things in words: `1 server`, `2 addresses`.
#[must_use]
pub fn counted(count: usize, thing: &str) -> String {
    match (count, thing.ends_with('s')) {
        (1, _) => format!("1 {thing}"),
        (_, true) => format!("{count} {thing}es"),
        (_, false) => format!("{count} {thing}s"),
    }
}

/// Nanoseconds in seconds, cut to so many digits behind the point (at most 9): `0.040000`, `-1.500000`.
#[must_use]
pub fn seconds(ns: i128, digits: usize) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let fraction = format!("{:09}", ns % 1_000_000_000);
    format!("{sign}{}.{}", ns / 1_000_000_000, &fraction[..digits.min(9)])
}

/// The next of 1, 2, 5, 10, 20 ... that is not below this; the largest number where there is none.
#[must_use]
pub fn round(wanted: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for mantissa in [1, 2, 5] {
            let step = power.saturating_mul(mantissa);
            if step >= wanted || step == u64::MAX {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A number of some [`Unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantity {
    pub value: i64,
    pub unit: Unit,
}

/// A text that is not a quantity of the wanted unit; its message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {}{}", .unit.noun(), .unit.advice(.text))]
pub struct NotAQuantity {
    pub text: String,
    pub unit: Unit,
}

impl Unit {
    /// The unit as JSON and the command line name it.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::BitsPerSecond => "bit/s",
            Self::Bytes => "B",
            Self::PartsPerMillion => "ppm",
            Self::Count => "count",
        }
    }

    /// What stands for a value in a usage line: `TIME`.
    #[must_use]
    pub const fn value_name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "TIME",
            Self::BitsPerSecond => "RATE",
            Self::Bytes => "SIZE",
            Self::PartsPerMillion => "SHARE",
            Self::Count => "N",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Nanoseconds => "a time",
            Self::BitsPerSecond => "a rate",
            Self::Bytes => "a size",
            Self::PartsPerMillion => "a share",
            Self::Count => "a whole number",
        }
    }

    /// What to write instead of this text; a bare number lacks its unit only, even 0.
    fn advice(self, text: &str) -> String {
        let number = text.trim();
        let is_number = number.starts_with(|c: char| c.is_ascii_digit())
            && number.len() <= 12
            && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        let suffixes: &[&str] = match self {
            Self::Nanoseconds => &["ms", "s"],
            Self::BitsPerSecond => &["Mbit/s", "kbit/s"],
            Self::Bytes => &["B", "kB"],
            Self::PartsPerMillion => &["%"],
            Self::Count => &[],
        };
        let whole = suffixes.iter().filter(|_| is_number).map(|suffix| format!("{number}{suffix}"));
        let fits: Vec<String> = whole.filter(|it| Quantity::parse(it, self).is_ok()).collect();
        if fits.is_empty() {
            return format!(": write {}", self.examples());
        }
        format!(" without its unit: write {}", fits.join(" or "))
    }

    const fn examples(self) -> &'static str {
        match self {
            Self::Nanoseconds => "a number and a unit, such as 80ms, 1.5s or 250us",
            Self::BitsPerSecond => "a number and a unit, such as 10Mbit/s, 64kbit/s or 1Gbit/s",
            Self::Bytes => "a number and a unit, such as 1500B, 64KiB or 2MB",
            Self::PartsPerMillion => "a percentage, such as 1% or 0.5%",
            Self::Count => "digits only, such as 12",
        }
    }

    /// The suffixes that are understood, as a message lists them.
    #[must_use]
    pub const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Nanoseconds => &["s", "ms", "us", "ns"],
            Self::BitsPerSecond => &["Gbit/s", "Mbit/s", "kbit/s", "bit/s"],
            Self::Bytes => &["GB", "MB", "kB", "B", "GiB", "MiB", "KiB"],
            Self::PartsPerMillion => &["%", "ppm"],
            Self::Count => &[],
        }
    }

    /// Suffixes with their factor, longest first where one ends another; shown with the first that fits.
    const fn scales(self) -> &'static [(&'static str, i64)] {
        match self {
            Self::Nanoseconds => &[
                ("s", 1_000_000_000),
                ("ms", 1_000_000),
                ("µs", 1_000),
                ("us", 1_000),
                ("ns", 1),
                ("min", 60_000_000_000),
                ("d", DAY),
            ],
            Self::BitsPerSecond => &[
                ("Gbit/s", 1_000_000_000),
                ("Mbit/s", 1_000_000),
                ("kbit/s", 1_000),
                ("bit/s", 1),
                ("Gbit", 1_000_000_000),
                ("Mbit", 1_000_000),
                ("kbit", 1_000),
                ("Gbps", 1_000_000_000),
                ("Mbps", 1_000_000),
                ("kbps", 1_000),
            ],
            Self::Bytes => &[
                ("GB", 1_000_000_000),
                ("MB", 1_000_000),
                ("kB", 1_000),
                ("B", 1),
                ("GiB", 1 << 30),
                ("MiB", 1 << 20),
                ("KiB", 1 << 10),
                ("bytes", 1),
            ],
            Self::PartsPerMillion => &[("%", 10_000), ("ppm", 1)],
            Self::Count => &[("", 1)],
        }
    }
}

impl Quantity {
    #[must_use]
    pub const fn new(value: i64, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// A length of time; longer than 292 years saturates.
    #[must_use]
    pub fn time(duration: Duration) -> Self {
        let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self::new(nanos, Unit::Nanoseconds)
    }

    /// A number of bytes.
    #[must_use]
    pub fn bytes(count: usize) -> Self {
        Self::new(i64::try_from(count).unwrap_or(i64::MAX), Unit::Bytes)
    }

    /// A number of things.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self::new(i64::try_from(count).unwrap_or(i64::MAX), Unit::Count)
    }

    /// The part `part` of `whole`, rounded to the nearest ppm; nothing of nothing is 0.
    #[must_use]
    pub fn share(part: usize, whole: usize) -> Self {
        let ppm = (part as i128 * 1_000_000 + whole as i128 / 2).checked_div(whole as i128).unwrap_or(0);
        Self::new(i64::try_from(ppm).unwrap_or(i64::MAX), Unit::PartsPerMillion)
    }

    /// The length of time this is; `None` for another unit or a negative value.
    #[must_use]
    pub fn as_duration(self) -> Option<Duration> {
        let nanos = u64::try_from(self.value).ok()?;
        (self.unit == Unit::Nanoseconds).then(|| Duration::from_nanos(nanos))
    }

    /// Reads `80ms`, `80 ms`, `1.5s`, `10Mbit/s`, `1%`, `64KiB`, `12`. Case counts only where it must (`MB`, `Mbit`).
    ///
    /// # Errors
    /// When the text is no number with a suffix of `unit`, or does not fit; the message names suffixes that do.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, NotAQuantity> {
        let wrong = || NotAQuantity { text: text.to_owned(), unit };
        let trimmed = text.trim();
        let digits =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-' && c != '_').unwrap_or(trimmed.len());
        let (number, suffix) = trimmed.split_at(digits);
        let factor = factor(unit, suffix.trim()).ok_or_else(wrong)?;
        let value = scaled(&number.replace('_', ""), factor).ok_or_else(wrong)?;
        Ok(Self::new(value, unit))
    }
}

fn factor(unit: Unit, suffix: &str) -> Option<i64> {
    let scales = unit.scales();
    let exact = scales.iter().find(|(name, _)| *name == suffix);
    let loose = || scales.iter().find(|(name, _)| name.eq_ignore_ascii_case(suffix));
    exact.or_else(loose).map(|(_, factor)| *factor)
}

/// `1.5` times 1 000 000 in integers; digits below one base unit are refused, not rounded.
fn scaled(number: &str, factor: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let negative = whole.starts_with('-');
    let mut value = i128::from(whole.parse::<i64>().ok()?) * i128::from(factor);
    let mut step = i128::from(factor);
    for digit in fraction.chars() {
        let digit = i128::from(digit.to_digit(10)?);
        if step % 10 != 0 && digit != 0 {
            return None;
        }
        step /= 10;
        value += if negative { -digit * step } else { digit * step };
    }
    i64::try_from(value).ok()
}

/// For a person: the largest unit that leaves at least 1, four significant digits, days from two of them on; `{:#}` gives every
/// digit, and never days.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, factor) = if f.alternate() { self.scale() } else { self.long_scale() };
        let size = self.value.unsigned_abs() / factor.unsigned_abs();
        let decimals = if f.alternate() { 9 } else { decimals(size) };
        let space = if name.is_empty() { "" } else { " " };
        f.pad(&format!("{}{space}{name}", fixed(self.value, factor, decimals)))
    }
}

impl Quantity {
    /// In the unit a person would choose for `largest`, with every digit: the ticks of one axis share a unit.
    #[must_use]
    pub fn tick(self, largest: i64) -> String {
        self.scaled(Self { value: largest, ..self }.scale(), |_| 9)
    }

    /// In the unit a person would choose for `largest`, four significant digits: curves of one axis share a unit.
    #[must_use]
    pub fn beside(self, largest: i64) -> String {
        self.scaled(Self { value: largest, ..self }.long_scale(), decimals)
    }

    fn scaled(self, (name, factor): (&str, i64), decimals: impl Fn(u64) -> u32) -> String {
        let space = if name.is_empty() { "" } else { " " };
        let decimals = decimals(self.value.unsigned_abs() / factor.unsigned_abs());
        format!("{}{space}{name}", fixed(self.value, factor, decimals))
    }

    /// As `scale`, and days for times of at least two.
    fn long_scale(self) -> (&'static str, i64) {
        let is_long = self.unit == Unit::Nanoseconds && self.value.unsigned_abs() >= 2 * DAY.unsigned_abs();
        if is_long { ("d", DAY) } else { self.scale() }
    }

    /// The suffix and factor a person would choose for this size.
    fn scale(self) -> (&'static str, i64) {
        let size = self.value.unsigned_abs();
        let scales: &[(&'static str, i64)] = match self.unit {
            Unit::Nanoseconds => &[("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1)],
            Unit::BitsPerSecond => &[("Gbit/s", 1_000_000_000), ("Mbit/s", 1_000_000), ("kbit/s", 1_000), ("bit/s", 1)],
            // Headers and segments are read in bytes: 1460 B, not 1.46 kB.
            Unit::Bytes if size < 100_000 => &[("B", 1)],
            Unit::Bytes => &[("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)],
            Unit::PartsPerMillion => &[("%", 10_000)],
            Unit::Count => &[("", 1)],
        };
        let fits = scales.iter().find(|(_, factor)| size >= factor.unsigned_abs());
        fits.or(scales.last()).copied().unwrap_or(("", 1))
    }
}

const fn decimals(whole: u64) -> u32 {
    match whole {
        0..=9 => 3,
        10..=99 => 2,
        100..=999 => 1,
        _ => 0,
    }
}

/// `value / factor` with at most `decimals` digits after the point, rounded to nearest, without trailing zeros.
fn fixed(value: i64, factor: i64, decimals: u32) -> String {
    let (value, factor) = (i128::from(value), i128::from(factor));
    let power = 10_i128.pow(decimals);
    let rounded = (value.abs() * power + factor / 2) / factor;
    let sign = if value < 0 && rounded != 0 { "-" } else { "" };
    let (whole, fraction) = (rounded / power, rounded % power);
    let text = format!("{sign}{whole}.{fraction:0width$}", width = decimals as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_number_is_the_next_and_no_less() {
        let rounds = [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (10, 10), (11, 20), (51, 100), (u64::MAX, u64::MAX)];
        assert_eq!(rounds.map(|(wanted, _)| round(wanted)), rounds.map(|(_, next)| next));
    }

    #[test]
    fn seconds_are_cut_to_their_digits_and_keep_their_sign() {
        assert_eq!(seconds(40_000_999, 6), "0.040000");
        assert_eq!(seconds(-1_500_000_000, 9), "-1.500000000");
    }

    #[track_caller]
    fn shows(text: &str, unit: Unit, shown: &str) {
        let quantity = Quantity::parse(text, unit).expect("a quantity");
        assert_eq!(quantity.to_string(), shown);
        assert_eq!(Quantity::parse(&format!("{quantity:#}"), unit), Ok(quantity));
    }

    #[test]
    fn reads_and_shows_every_unit() {
        shows("80ms", Unit::Nanoseconds, "80 ms");
        shows("1.5s", Unit::Nanoseconds, "1.5 s");
        shows("250us", Unit::Nanoseconds, "250 µs");
        shows("2683200ns", Unit::Nanoseconds, "2.683 ms");
        shows("0ms", Unit::Nanoseconds, "0 ns");
        shows("10Mbit/s", Unit::BitsPerSecond, "10 Mbit/s");
        shows("64kbit", Unit::BitsPerSecond, "64 kbit/s");
        shows("1500", Unit::Count, "1500");
        shows("64KiB", Unit::Bytes, "65536 B");
        shows("1460B", Unit::Bytes, "1460 B");
        shows("20MB", Unit::Bytes, "20 MB");
        shows("0.5%", Unit::PartsPerMillion, "0.5 %");
        shows("25%", Unit::PartsPerMillion, "25 %");
    }

    #[test]
    fn a_long_time_is_in_days_and_exact_in_seconds() {
        let time = |seconds: i64| Quantity::new(seconds * 1_000_000_000, Unit::Nanoseconds);
        let shown = [86_400, 172_800, 2_591_997, 5_187_600, 31_536_000, -259_200].map(|it| time(it).to_string());
        assert_eq!(shown, ["86400 s", "2 d", "30 d", "60.04 d", "365 d", "-3 d"]);
        assert_eq!(format!("{:#}", time(2_591_997)), "2591997 s");
        assert_eq!(Quantity::parse("1.5d", Unit::Nanoseconds), Ok(time(129_600)));
        assert_eq!([0, 172_800].map(|it| time(it).beside(time(259_200).value)), ["0 d", "2 d"]);
    }

    #[test]
    fn numbers_of_one_axis_share_its_unit() {
        let bytes = |value| Quantity::new(value, Unit::Bytes);
        assert_eq!([0, 50_000, 200_000].map(|it| bytes(it).tick(200_000)), ["0 kB", "50 kB", "200 kB"]);
        assert_eq!(bytes(137_849).beside(200_000), "137.8 kB");
        assert_eq!(bytes(69_993).beside(200_000), "69.99 kB");
        let time = |value| Quantity::new(value, Unit::Nanoseconds);
        assert_eq!([500_000_000, 1_202_345_000].map(|it| time(it).tick(1_202_345_000)), ["0.5 s", "1.202345 s"]);
    }

    #[test]
    fn refuses_what_it_cannot_hold_and_says_what_to_write() {
        let error = Quantity::parse("80", Unit::Nanoseconds).expect_err("no unit");
        insta::assert_snapshot!(error, @"`80` is not a time without its unit: write 80ms or 80s");
        let error = Quantity::parse("0", Unit::Nanoseconds).expect_err("no unit");
        insta::assert_snapshot!(error, @"`0` is not a time without its unit: write 0ms or 0s");
        let error = Quantity::parse("soon", Unit::Nanoseconds).expect_err("no number");
        insta::assert_snapshot!(error, @"`soon` is not a time: write a number and a unit, such as 80ms, 1.5s or 250us");
        for text in ["", "ms", "1.5.2s", "9999999999999s", "0.1ns", "1x", "--1s"] {
            assert!(Quantity::parse(text, Unit::Nanoseconds).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_and_survives_an_empty_whole() {
        assert_eq!(Quantity::share(1, 3).value, 333_333);
        assert_eq!(Quantity::share(0, 0).value, 0);
    }
}
