//! Times in certificates: UTCTime with two digits of the year, GeneralizedTime with four. RFC 5280 §4.1.2.5.
use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::der;
use crate::wire::reader::{Reader, Words};

const TIME: Words = Words::new(
    "x509af.utcTime",
    "Time",
    "RFC 5280 §4.1.2.5",
    "In UTC (Z). Up to 2049 the year has two digits, then four: who forgot that broke in 2050's first certificates.",
);

/// Where the seconds are counted from.
const BEGIN: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Reads a time as a field of that name.
pub(super) fn read(r: &mut Reader<'_>, words: &Words) -> Option<()> {
    let tag = der::ahead(r)?.tag;
    if ![der::UTC_TIME, der::GENERALIZED_TIME].contains(&tag) {
        return None;
    }
    let text = der::bytes(r, words, &TIME)?;
    let said = seconds(tag, text).map(|it| format!("{} UTC", date(it)));
    r.says(said.as_deref().unwrap_or("no time"));
    Some(())
}

/// The seconds since 1970 that a UTCTime or GeneralizedTime says; `None` where it says none (RFC 5280 §4.1.2.5: in UTC, with
/// seconds).
pub(super) fn seconds(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z").filter(|it| it.iter().all(u8::is_ascii_digit))?;
    let (year, rest) = digits.split_at_checked(if tag == der::UTC_TIME { 2 } else { 4 })?;
    let number = |digits: &[u8]| digits.iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0'));
    let year = match (tag, number(year)) {
        // RFC 5280 §4.1.2.5.1: years from 50 on are of the last century.
        (der::UTC_TIME, year) => {
            if year < 50 {
                2000 + year
            } else {
                1900 + year
            }
        }
        (der::GENERALIZED_TIME, year) => year,
        _ => return None,
    };
    let (parts, []) = rest.as_chunks::<2>() else { return None };
    let parts: Vec<i8> = parts.iter().filter_map(|it| i8::try_from(number(it)).ok()).collect();
    let [month, day, hour, minute, second] = parts[..] else { return None };
    let at = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(at.duration_since(BEGIN).as_secs())
}

/// An instant in seconds since 1970, as a person reads it: `2026-01-01 12:00:00`; UTC.
#[must_use]
pub fn date(seconds: i64) -> String {
    let at = BEGIN.saturating_add(SignedDuration::from_secs(seconds));
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let said =
            |text: &[u8], short| seconds(if short { der::UTC_TIME } else { der::GENERALIZED_TIME }, text).map(date);
        assert_eq!(said(b"260101120000Z", true).as_deref(), Some("2026-01-01 12:00:00"));
        assert_eq!(said(b"500101120000Z", true).as_deref(), Some("1950-01-01 12:00:00"));
        assert_eq!(said(b"20500101120000Z", false).as_deref(), Some("2050-01-01 12:00:00"));
        // RFC 5280 §4.1.2.5: what has no end says so.
        assert_eq!(said(b"99991231235959Z", false).as_deref(), Some("9999-12-31 23:59:59"));
        for (text, short) in [
            (&b"260101120000"[..], true),
            (b"2601011200Z", true),
            (b"2601\xff1120000Z", true),
            (b"260230120000Z", true),
            (b"20260101120000.5Z", false),
            (b"Z", false),
        ] {
            assert_eq!(said(text, short), None, "{text:?}");
        }
        assert_eq!((date(0), date(i64::MAX)), ("1970-01-01 00:00:00".to_owned(), "9999-12-31 23:59:59".to_owned()));
    }
}
