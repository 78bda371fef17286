//! How much a router says about packets it drops: all, nothing, or so many messages a second (RFC 1812 §4.3.2.8).
use std::time::Duration;

use crate::recording::Time;

/// What a router says by ICMP about packets it drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IcmpErrors {
    /// Each packet is told of.
    #[default]
    All,
    /// So many messages a second, and up to `burst` at once (a token bucket, as RFC 4443 §2.4 (f) recommends).
    Limited { per_second: u32, burst: u32 },
    /// None: to whoever depends on them it is a black hole.
    Silent,
}

/// The bucket at work.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    rule: IcmpErrors,
    /// Messages that may be sent, in billionths.
    tokens: u64,
    filled: Time,
}

const TOKEN: u64 = 1_000_000_000;

impl Errors {
    pub(crate) fn new(rule: IcmpErrors) -> Self {
        let tokens = match rule {
            IcmpErrors::Limited { burst, .. } => u64::from(burst) * TOKEN,
            _ => 0,
        };
        Self { rule, tokens, filled: Time::ZERO }
    }

    /// Whether one more may be sent now; if not, why.
    pub(crate) fn may(&mut self, now: Time) -> Result<(), String> {
        let IcmpErrors::Limited { per_second, burst } = self.rule else {
            let silent = self.rule == IcmpErrors::Silent;
            return if silent { Err("this router sends no ICMP errors".to_owned()) } else { Ok(()) };
        };
        // A nanosecond adds `per_second` billionths.
        let since = u64::try_from((now - self.filled).as_nanos()).unwrap_or(u64::MAX);
        let most = u64::from(burst) * TOKEN;
        self.tokens = self.tokens.saturating_add(since.saturating_mul(per_second.into())).min(most);
        self.filled = now;
        if self.tokens < TOKEN {
            let each = Duration::from_nanos(TOKEN / u64::from(per_second.max(1)));
            let each = crate::quantity::Quantity::time(each);
            return Err(format!("ICMP errors are limited to one in {each}, and {burst} at once"));
        }
        self.tokens -= TOKEN;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rule: IcmpErrors, millis: &[u64]) -> Vec<bool> {
        let mut errors = Errors::new(rule);
        millis.iter().map(|at| errors.may(Time(at * 1_000_000)).is_ok()).collect()
    }

    #[test]
    fn a_bucket_gives_a_burst_and_then_its_rate() {
        let rule = IcmpErrors::Limited { per_second: 10, burst: 2 };
        let at = [0, 0, 0, 99, 100, 101, 1100, 1100, 1100];
        assert_eq!(allowed(rule, &at), [true, true, false, false, true, false, true, true, false]);
        assert_eq!(allowed(IcmpErrors::All, &[0, 0, 0]), [true; 3]);
        assert_eq!(allowed(IcmpErrors::Silent, &[0, 1000]), [false; 2]);
        assert_eq!(allowed(IcmpErrors::Limited { per_second: 0, burst: 1 }, &[0, 1_000_000]), [true, false]);
    }
}
