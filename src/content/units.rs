//! Quantities as content files write them: a unit's name, and values with or without it.
use crate::quantity::{Quantity, Unit};

/// The units an author may name.
pub(super) const NAMES: &str = "\"ms\", \"s\", \"us\", \"bytes\", \"%\", \"count\" or \"bit/s\"";

/// The unit of that name.
pub(super) fn unit(name: &str) -> Option<Unit> {
    match name {
        "ns" | "us" | "µs" | "ms" | "s" => Some(Unit::Nanoseconds),
        "bytes" | "B" => Some(Unit::Bytes),
        "%" => Some(Unit::PartsPerMillion),
        "count" => Some(Unit::Count),
        "bit/s" | "kbit/s" | "Mbit/s" | "Gbit/s" => Some(Unit::BitsPerSecond),
        _ => None,
    }
}

/// A value with its own suffix (`120ms`), or bare and then in the unit of that name (`120` in `ms`).
pub(super) fn value(text: &str, unit_name: &str) -> Result<Quantity, String> {
    let unit = unit(unit_name).ok_or_else(|| format!("`{unit_name}` is no unit: use {NAMES}"))?;
    let bare = text.trim().parse::<f64>().is_ok() && unit_name != "count";
    let full = if bare { format!("{text}{unit_name}") } else { text.to_owned() };
    Quantity::parse(&full, unit).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_takes_the_named_unit() {
        assert_eq!(value("120", "ms"), Ok(Quantity::new(120_000_000, Unit::Nanoseconds)));
        assert_eq!(value("1.5s", "ms"), Ok(Quantity::new(1_500_000_000, Unit::Nanoseconds)));
        assert_eq!(value("3", "count"), Ok(Quantity::new(3, Unit::Count)));
        assert_eq!(value("54", "bytes"), Ok(Quantity::new(54, Unit::Bytes)));
        assert_eq!(value("5", "%"), Ok(Quantity::new(50_000, Unit::PartsPerMillion)));
        assert!(value("5 apples", "ms").is_err());
        assert!(value("5", "apples").expect_err("no unit").contains("\"bytes\""));
    }
}
