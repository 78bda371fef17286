//! A number as a learner types it: `80ms`, `0.08 s`, `65 535 bytes`.
use crate::practice::Unreadable;
use crate::quantity::{NotAQuantity, Quantity, Unit};

/// More characters than any number a person types.
const LONGEST: usize = 100;

/// What to write, in a line under the field.
#[must_use]
pub const fn number_hint(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "a time with its unit; 80ms and 0.08 s are both read",
        Unit::BitsPerSecond => "a rate with its unit; 10Mbit/s and 10000 kbit/s are both read",
        Unit::Bytes => "a number of bytes; 1460, 1460 B and 64 KiB are all read",
        Unit::PartsPerMillion => "a percentage; write 12.5%",
        Unit::Count => "a whole number; write digits only",
    }
}

/// Reads what was typed as a quantity of `unit`. A bare number is a number of bytes where bytes are asked; nowhere else
/// is a unit guessed.
///
/// # Errors
/// [`Unreadable`] with a sentence that says what to write.
pub fn read_number(text: &str, unit: Unit) -> Result<Quantity, Unreadable> {
    let compact = compact(text);
    if compact.is_empty() {
        return Err(Unreadable(format!("Write {}.", number_hint(unit))));
    }
    if compact.contains(',') {
        return Err(Unreadable("Write 1.5 with a point, and thousands without a comma.".to_owned()));
    }
    let bare = compact.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    let full = if bare && unit == Unit::Bytes { format!("{compact}B") } else { compact };
    let read = Quantity::parse(&full, unit).ok().or_else(|| shortened(&full, unit));
    read.ok_or_else(|| {
        let text = text.trim().chars().take(LONGEST).collect();
        Unreadable(format!("{}.", NotAQuantity { text, unit }))
    })
}

/// Without spaces, `_` and `'` between digits, and with the signs that only look like others made plain.
fn compact(text: &str) -> String {
    let plain = text.trim().trim_end_matches(['.', '!']).chars().take(LONGEST);
    let plain = plain.filter(|c| !c.is_whitespace() && *c != '_' && *c != '\'' && *c != '\u{2019}');
    plain.map(|c| if c == '\u{2212}' { '-' } else { c }).map(|c| if c == '\u{3bc}' { 'µ' } else { c }).collect()
}

/// A time, share or rate with more digits than its base unit holds, cut to what it holds: 33.33333% is 33.3333%.
fn shortened(text: &str, unit: Unit) -> Option<Quantity> {
    if matches!(unit, Unit::Count | Unit::Bytes) {
        return None;
    }
    let point = text.find('.')?;
    let end = text[point + 1..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| point + 1 + at);
    (point + 1..end).rev().find_map(|cut| {
        let fraction = text[point..cut].trim_end_matches('.');
        Quantity::parse(&format!("{}{fraction}{}", &text[..point], &text[end..]), unit).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type() {
        let cases = [
            ("80ms", Unit::Nanoseconds, 80_000_000),
            (" 0.08 s ", Unit::Nanoseconds, 80_000_000),
            ("80 MS.", Unit::Nanoseconds, 80_000_000),
            ("250 \u{3bc}s", Unit::Nanoseconds, 250_000),
            ("65 535 bytes", Unit::Bytes, 65_535),
            ("1460", Unit::Bytes, 1_460),
            ("1'000'000", Unit::Bytes, 1_000_000),
            ("33.33333333%", Unit::PartsPerMillion, 333_333),
            ("0.33333333333s", Unit::Nanoseconds, 333_333_333),
            ("12", Unit::Count, 12),
            ("\u{2212}3", Unit::Count, -3),
            ("10Mbit/s", Unit::BitsPerSecond, 10_000_000),
        ];
        for (text, unit, value) in cases {
            assert_eq!(read_number(text, unit).map(|it| it.value), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_it_cannot_read_it_says_how_to_write() {
        let said = |text, unit| read_number(text, unit).expect_err("unreadable").0;
        insta::assert_snapshot!(said("", Unit::Nanoseconds), @"Write a time with its unit; 80ms and 0.08 s are both read.");
        insta::assert_snapshot!(said("80", Unit::Nanoseconds), @"`80` is not a time without its unit: write 80ms or 80s.");
        insta::assert_snapshot!(said("1,5s", Unit::Nanoseconds), @"Write 1.5 with a point, and thousands without a comma.");
        insta::assert_snapshot!(said("twelve", Unit::Count), @"`twelve` is not a whole number: write digits only, such as 12.");
        assert!(read_number("12.5", Unit::Count).is_err());
        assert!(read_number("0.5", Unit::PartsPerMillion).is_err(), "a half or half a percent");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            for unit in [Unit::Nanoseconds, Unit::Bytes, Unit::Count, Unit::PartsPerMillion, Unit::BitsPerSecond] {
                let _ = read_number(&text, unit);
            }
        }

        #[test]
        fn what_is_shown_in_full_reads_back(value in -1_000_000_000_000_i64..1_000_000_000_000) {
            for unit in [Unit::Nanoseconds, Unit::Bytes, Unit::Count, Unit::PartsPerMillion, Unit::BitsPerSecond] {
                let quantity = Quantity::new(value, unit);
                proptest::prop_assert_eq!(read_number(&format!("{quantity:#}"), unit), Ok(quantity));
            }
        }
    }
}
