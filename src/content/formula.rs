//! Formulas of numeric questions: over seconds, bytes, bytes per second, fractions and counts, and back to a quantity.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use exmex::Express;

use crate::quantity::{Quantity, Unit};

/// Longer formulas are refused before they are parsed.
const LONGEST: usize = 300;
/// What may be called; everything else that is a word must be a value.
const FUNCTIONS: [&str; 9] = ["min", "max", "sqrt", "ln", "log2", "log10", "exp", "floor", "ceil"];

/// The value of `formula` over `values`, in base units of `unit`, rounded to the nearest.
///
/// # Errors
/// A message for the author: an unknown name, a formula that does not parse, a result that is no number or too large.
pub fn evaluate(formula: &str, values: &BTreeMap<String, Quantity>, unit: Unit) -> Result<Quantity, String> {
    let readable = braced(formula, values)?;
    let parsed = exmex::parse::<f64>(&readable).map_err(|error| format!("`{formula}` is no formula: {error}"))?;
    let inputs: Option<Vec<f64>> = parsed.var_names().iter().map(|name| si_of(name, values)).collect();
    let inputs = inputs.ok_or_else(|| format!("`{formula}` names a value that is not there"))?;
    let result = parsed.eval(&inputs).map_err(|error| format!("`{formula}` cannot be computed: {error}"))?;
    from_si(result, unit).ok_or_else(|| format!("`{formula}` gives {result}, which is no {} here", noun(unit)))
}

/// A knob's setting as a quantity, whatever its unit; `None` for a choice such as `routed`.
#[must_use]
pub fn setting(text: &str) -> Option<Quantity> {
    let units = [Unit::Count, Unit::Nanoseconds, Unit::BitsPerSecond, Unit::Bytes, Unit::PartsPerMillion];
    units.into_iter().find_map(|unit| Quantity::parse(text, unit).ok())
}

/// A knob's name as a formula writes it: `same-lan` would be a difference.
#[must_use]
pub fn variable(name: &str) -> String {
    name.replace('-', "_")
}

const fn noun(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "time",
        Unit::BitsPerSecond => "rate",
        Unit::Bytes => "size",
        Unit::PartsPerMillion => "share",
        Unit::Count => "count",
    }
}

/// How many base units make one of what formulas count in.
const fn base_per_si(unit: Unit) -> f64 {
    match unit {
        Unit::Nanoseconds => 1e9,
        Unit::BitsPerSecond => 8.0,
        Unit::PartsPerMillion => 1e6,
        Unit::Bytes | Unit::Count => 1.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "quantities of lessons are far below 2^53")]
fn si_of(name: &str, values: &BTreeMap<String, Quantity>) -> Option<f64> {
    values.get(name).map(|it| it.value as f64 / base_per_si(it.unit))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn from_si(value: f64, unit: Unit) -> Option<Quantity> {
    let base = (value * base_per_si(unit)).round();
    (base.abs() < 9e18).then(|| Quantity::new(base as i64, unit))
}

/// The formula with every value's name in braces, as exmex takes names that begin like an operator (`max_delay`).
fn braced(formula: &str, values: &BTreeMap<String, Quantity>) -> Result<String, String> {
    if formula.len() > LONGEST {
        return Err(format!("a formula may have {LONGEST} characters, this one has {}", formula.len()));
    }
    // exmex 0.21 loses count of parentheses when a call with a comma stands in another.
    if formula.matches(',').count() > 1 {
        return Err(format!("`{formula}` has two commas: only one min or max is possible"));
    }
    let mut out = String::with_capacity(formula.len() * 2);
    let mut rest = formula;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            name(&mut out, word, after, values)?;
            rest = after;
        } else if first.is_ascii_digit() || " .+-*/^(),\n".contains(first) {
            out.push(if first == '\n' { ' ' } else { first });
            rest = &rest[1..];
        } else {
            return Err(format!("`{}` has no meaning in a formula: use + - * / ^ ( )", first.escape_debug()));
        }
    }
    Ok(out)
}

fn name(out: &mut String, word: &str, after: &str, values: &BTreeMap<String, Quantity>) -> Result<(), String> {
    if after.trim_start().starts_with('(') && FUNCTIONS.contains(&word) {
        out.push_str(word);
        return Ok(());
    }
    if !values.contains_key(word) {
        let known: Vec<&str> = values.keys().map(String::as_str).collect();
        return Err(format!("`{word}` is no value of this question: it has {}", known.join(", ")));
    }
    write!(out, "{{{word}}}").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, Quantity> {
        [("rate", "100Mbit/s"), ("rtt", "80ms"), ("loss", "1%"), ("max_size", "1500B"), ("n", "3")]
            .map(|(name, text)| (name.to_owned(), setting(text).expect("a quantity")))
            .into()
    }

    #[track_caller]
    fn gives(formula: &str, unit: Unit, shown: &str) {
        let result = evaluate(formula, &values(), unit).map(|it| format!("{it:#}"));
        assert_eq!(result.as_deref(), Ok(shown), "{formula}");
    }

    #[test]
    fn computes_in_seconds_bytes_and_fractions() {
        gives("rate * rtt", Unit::Bytes, "1 MB");
        gives("rate * rtt / 2", Unit::Bytes, "500 kB");
        gives("rtt / 2", Unit::Nanoseconds, "40 ms");
        gives("max_size / rate", Unit::Nanoseconds, "120 µs");
        gives("rate / n", Unit::BitsPerSecond, "33.333333 Mbit/s");
        gives("1 - (1 - loss) ^ n", Unit::PartsPerMillion, "2.9701 %");
        gives("n * 2 + 1", Unit::Count, "7");
        gives("-n + 2", Unit::Count, "-1");
        gives("2 ^ (32 - 24) - 2", Unit::Count, "254");
    }

    #[test]
    fn calls_functions_and_names_that_begin_like_them() {
        gives("max(n, 5)", Unit::Count, "5");
        gives("min(max_size, 2 * n + (4))", Unit::Bytes, "10 B");
        gives("ceil(max_size / 536)", Unit::Count, "3");
        gives("max((n + 1) * 2, 5) * 2", Unit::Count, "16");
        gives("max_size - n", Unit::Bytes, "1497 B");
    }

    #[test]
    fn refuses_with_what_to_do() {
        let refused = |formula: &str| evaluate(formula, &values(), Unit::Count).expect_err("refused");
        insta::assert_snapshot!(refused("rtt * x"), @"`x` is no value of this question: it has loss, max_size, n, rate, rtt");
        insta::assert_snapshot!(refused("n; 1"), @"`;` has no meaning in a formula: use + - * / ^ ( )");
        insta::assert_snapshot!(refused("1 / 0"), @"`1 / 0` gives inf, which is no count here");
        insta::assert_snapshot!(refused("min(7, max(n, 5))"), @"`min(7, max(n, 5))` has two commas: only one min or max is possible");
        for formula in ["", "(", "n +", "1e6", "n n", ")(", "{n}", "min(", "min(1)", "min(1,", ",", "..", "\u{1b}[2J"] {
            assert!(evaluate(formula, &values(), Unit::Count).is_err(), "{formula}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(formula in "([a-z0-9(),+*/%^. -]|rtt|n|min\\(|log2){0,30}") {
            let _ = evaluate(&formula, &values(), Unit::Count);
        }
    }
}
