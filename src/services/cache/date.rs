//! Dates of HTTP (RFC 9110 §5.6.7), in seconds since 1970.
use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

/// A date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`; empty where the calendar has no such day.
#[must_use]
pub fn written(seconds: u64) -> String {
    let printer = rfc2822::DateTimePrinter::new();
    let at = i64::try_from(seconds).ok().and_then(|it| Timestamp::from_second(it).ok());
    at.and_then(|it| printer.timestamp_to_rfc9110_string(&it).ok()).unwrap_or_default()
}

/// A date in any of the three forms that must be read; none for what is no date.
#[must_use]
pub fn read(text: &str) -> Option<u64> {
    let text = text.trim();
    let seconds = read_fixed(text).or_else(|| read_old(text, "%A, %d-%b-%y %H:%M:%S GMT"));
    seconds.or_else(|| read_old(text, "%a %b %e %H:%M:%S %Y")).and_then(|it| u64::try_from(it).ok())
}

fn read_fixed(text: &str) -> Option<i64> {
    text.ends_with("GMT").then(|| rfc2822::DateTimeParser::new().parse_timestamp(text).ok())?.map(Timestamp::as_second)
}

fn read_old(text: &str, form: &str) -> Option<i64> {
    let time = strtime::parse(form, text).ok()?.to_datetime().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_the_rfcs_example_are_one_instant() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(read(text), Some(784_111_777), "{text}");
        }
        assert_eq!(written(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read(&written(1_767_268_800)), Some(1_767_268_800));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in
            ["", "0", "-1", "tomorrow", "Sun, 06 Nov 1994 08:49:37 +0200", "\u{0}", "Sun, 99 Nov 1994 08:49:37 GMT"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(written(u64::MAX), "");
    }
}
