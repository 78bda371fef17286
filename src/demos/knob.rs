//! Knobs: the typed parameters of a demo, and the values a run was given.
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::quoted;
use crate::quantity::{NotAQuantity, Quantity, Unit};

/// A parameter a learner may turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob {
    /// The flag's and lessons' name for it: `rtt`, `loss`.
    pub name: &'static str,
    /// What it changes, in a few words.
    pub about: &'static str,
    pub kind: KnobKind,
    /// What 0 stands for, where it is no amount: `never`.
    pub zero: Option<&'static str>,
    /// A word others use for one of the choices, and that choice: read, never shown.
    pub alias: Option<(&'static str, &'static str)>,
}

/// What a knob may be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnobKind {
    /// Base units of [`Unit`]; `step` is what an arrow key adds.
    Quantity { unit: Unit, min: i64, max: i64, step: i64, default: i64 },
    /// One of these words; the first is the default.
    Choice(&'static [&'static str]),
    /// Off unless turned on.
    Switch,
    /// Any text of that form. Arrow keys go through the suggestions; the first is the default.
    Text { suggestions: &'static [&'static str], form: Form },
}

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    DomainName,
}

impl Form {
    /// The text as it is kept, or why it is none of this form.
    fn read(self, text: &str) -> Result<String, String> {
        match self {
            Self::DomainName => {
                let name = crate::services::dns::name(text).map_err(|error| error.to_string())?;
                let text = name.to_ascii();
                Ok(if name.is_root() { text } else { text.trim_end_matches('.').to_owned() })
            }
        }
    }
}

/// A knob's setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Quantity(Quantity),
    Choice(&'static str),
    Switch(bool),
    Text(String),
}

/// A setting for each knob of a demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knobs {
    knobs: &'static [Knob],
    values: BTreeMap<&'static str, Value>,
}

/// A setting that cannot be; the message says what can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnobError {
    #[error("there is no knob `{name}` here: the knobs are {known}")]
    Unknown { name: String, known: String },
    #[error("`{name}`: {source}{}", known(.source, *.min, *.max))]
    Unreadable { name: &'static str, source: NotAQuantity, min: Quantity, max: Quantity },
    #[error("`{name}` goes from {min} to {max}; {value:#} lies outside")]
    OutOfRange { name: &'static str, min: Quantity, max: Quantity, value: Quantity },
    #[error("`{name}`: {why}")]
    NotAText { name: &'static str, why: String },
    #[error("`{name}` is one of {known}; `{text}` is not")]
    NotAChoice { name: &'static str, known: String, text: String },
}

/// The units and limits of an amount, for a message. Who wrote a number and no unit has been told what to write.
fn known(unread: &NotAQuantity, min: Quantity, max: Quantity) -> String {
    let suffixes = unread.unit.suffixes();
    match () {
        () if unread.text.trim().parse::<f64>().is_ok() => String::new(),
        () if suffixes.is_empty() => format!("; it goes from {min} to {max}"),
        () => format!("; the units are {}; it goes from {min} to {max}", suffixes.join(", ")),
    }
}

impl Knob {
    /// A length of time, in milliseconds.
    #[must_use]
    pub const fn millis(name: &'static str, about: &'static str, [min, max, step, default]: [i64; 4]) -> Self {
        let ms = 1_000_000;
        let kind = KnobKind::Quantity {
            unit: Unit::Nanoseconds,
            min: min * ms,
            max: max * ms,
            step: step * ms,
            default: default * ms,
        };
        Self { name, about, kind, zero: None, alias: None }
    }

    /// Any quantity, in base units of its [`Unit`].
    #[must_use]
    pub const fn quantity(
        name: &'static str,
        about: &'static str,
        unit: Unit,
        [min, max, step, default]: [i64; 4],
    ) -> Self {
        let kind = KnobKind::Quantity { unit, min, max, step, default };
        Self { name, about, kind, zero: None, alias: None }
    }

    #[must_use]
    pub const fn choice(name: &'static str, about: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, about, kind: KnobKind::Choice(words), zero: None, alias: None }
    }

    #[must_use]
    pub const fn switch(name: &'static str, about: &'static str) -> Self {
        Self { name, about, kind: KnobKind::Switch, zero: None, alias: None }
    }

    /// The same knob, whose 0 is no amount but this.
    #[must_use]
    pub const fn zero(mut self, word: &'static str) -> Self {
        self.zero = Some(word);
        self
    }

    /// The same knob, which takes another word for one of its choices as well.
    #[must_use]
    pub const fn alias(mut self, word: &'static str, choice: &'static str) -> Self {
        self.alias = Some((word, choice));
        self
    }

    /// A setting as a person reads it: `80 ms`, and `never` where 0 stands for that.
    #[must_use]
    pub fn shown(&self, value: &Value) -> String {
        match (self.zero, value) {
            (Some(word), Value::Quantity(Quantity { value: 0, .. })) => word.to_owned(),
            (_, Value::Choice(word)) => quoted::in_quotes(word),
            _ => value.to_string(),
        }
    }

    /// What it can be, in words: `0 ns to 500 ms`, `on, off`.
    #[must_use]
    pub fn range(&self) -> String {
        match self.kind {
            KnobKind::Quantity { unit, min, max, .. } => {
                format!("{} to {}", Quantity::new(min, unit), Quantity::new(max, unit))
            }
            KnobKind::Choice(words) => quoted::listed(words),
            KnobKind::Switch => "on, off".to_owned(),
            KnobKind::Text { suggestions, .. } => format!("such as {}", quoted::listed(suggestions)),
        }
    }

    /// A text, with suggestions.
    #[must_use]
    pub const fn text(
        name: &'static str,
        about: &'static str,
        suggestions: &'static [&'static str],
        form: Form,
    ) -> Self {
        Self { name, about, kind: KnobKind::Text { suggestions, form }, zero: None, alias: None }
    }

    /// The setting of a run that says nothing else.
    #[must_use]
    pub fn default(&self) -> Value {
        match self.kind {
            KnobKind::Quantity { unit, default, .. } => Value::Quantity(Quantity::new(default, unit)),
            KnobKind::Choice(words) => Value::Choice(words[0]),
            KnobKind::Switch => Value::Switch(false),
            KnobKind::Text { suggestions, .. } => Value::Text(suggestions[0].to_owned()),
        }
    }

    /// The setting a text asks for.
    ///
    /// # Errors
    /// When the text is unreadable, out of range or no such choice.
    pub fn parse(&self, text: &str) -> Result<Value, KnobError> {
        match self.kind {
            KnobKind::Quantity { unit, min, .. } if min == 0 && self.zero == Some(text.trim()) => {
                Ok(Value::Quantity(Quantity::new(0, unit)))
            }
            KnobKind::Quantity { unit, min, max, .. } => {
                let (name, limits) = (self.name, min..=max);
                let (min, max) = (Quantity::new(min, unit), Quantity::new(max, unit));
                // Nothing is nothing in every unit.
                let read = if text.trim() == "0" { Ok(Quantity::new(0, unit)) } else { Quantity::parse(text, unit) };
                let value = read.map_err(|source| KnobError::Unreadable { name, source, min, max })?;
                if limits.contains(&value.value) {
                    return Ok(Value::Quantity(value));
                }
                Err(KnobError::OutOfRange { name, min, max, value })
            }
            KnobKind::Choice(words) => self.one_of(words, text).map(Value::Choice),
            KnobKind::Switch => Ok(Value::Switch(self.one_of(&["on", "off"], text)? == "on")),
            KnobKind::Text { form, .. } => {
                form.read(text).map(Value::Text).map_err(|why| KnobError::NotAText { name: self.name, why })
            }
        }
    }

    fn one_of(&self, words: &[&'static str], text: &str) -> Result<&'static str, KnobError> {
        let text = quoted::bare(text);
        let alias = self.alias.filter(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, choice)| choice);
        let found = words.iter().find(|word| word.eq_ignore_ascii_case(alias.unwrap_or(text)));
        found.copied().ok_or_else(|| KnobError::NotAChoice {
            name: self.name,
            known: quoted::listed(words),
            text: text.to_owned(),
        })
    }

    /// The setting one arrow key further (`up`) or back; stays at the ends, choices go round.
    #[must_use]
    pub fn turned(&self, value: &Value, up: bool) -> Value {
        match (self.kind, value) {
            (KnobKind::Quantity { unit, min, max, step, .. }, Value::Quantity(now)) => {
                let moved = now.value + if up { step } else { -step };
                Value::Quantity(Quantity::new(moved.clamp(min, max), unit))
            }
            (KnobKind::Choice(words), Value::Choice(now)) => Value::Choice(beside(words, now, up)),
            (KnobKind::Text { suggestions, .. }, Value::Text(now)) => {
                Value::Text(beside(suggestions, now, up).to_owned())
            }
            (_, Value::Switch(on)) => Value::Switch(!on),
            (_, other) => other.clone(),
        }
    }
}

/// The word after this one, or before it; round at the ends.
fn beside(words: &[&'static str], now: &str, up: bool) -> &'static str {
    let here = words.iter().position(|word| *word == now).unwrap_or(0);
    let next = if up { here + 1 } else { here + words.len() - 1 };
    words[next % words.len()]
}

impl Knobs {
    /// Every knob at its default.
    #[must_use]
    pub fn defaults(knobs: &'static [Knob]) -> Self {
        let values = knobs.iter().map(|knob| (knob.name, knob.default())).collect();
        Self { knobs, values }
    }

    /// The defaults, changed by `name`, `text` pairs.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn with<'a>(
        knobs: &'static [Knob],
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, KnobError> {
        let mut all = Self::defaults(knobs);
        for (name, text) in settings {
            all.set(name, text)?;
        }
        Ok(all)
    }

    /// Sets one knob from text.
    ///
    /// # Errors
    /// When there is no such knob, or the text is no setting of it.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), KnobError> {
        let knob = self.knob(name)?;
        self.values.insert(knob.name, knob.parse(text)?);
        Ok(())
    }

    /// Moves one knob by one arrow key.
    ///
    /// # Errors
    /// When there is no such knob.
    pub fn turn(&mut self, name: &str, up: bool) -> Result<(), KnobError> {
        let knob = self.knob(name)?;
        let turned = knob.turned(&self.values[knob.name], up);
        self.values.insert(knob.name, turned);
        Ok(())
    }

    fn knob(&self, name: &str) -> Result<&'static Knob, KnobError> {
        let found = self.knobs.iter().find(|knob| knob.name == name);
        found.ok_or_else(|| KnobError::Unknown {
            name: name.to_owned(),
            known: self.knobs.iter().map(|knob| knob.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// The knobs with their settings, in the demo's order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Knob, &Value)> {
        self.knobs.iter().map(|knob| (knob, &self.values[knob.name]))
    }

    /// The settings as the command line would take them.
    #[must_use]
    pub fn as_text(&self) -> BTreeMap<String, String> {
        self.iter().map(|(knob, value)| (knob.name.to_owned(), value.as_text())).collect()
    }

    /// The setting of a time knob. Panics when the demo has no such knob: a mistake in the demo, which its tests run into.
    #[must_use]
    pub fn time(&self, name: &str) -> Duration {
        self.amount(name).as_duration().expect("a time knob")
    }

    /// The value in base units of a quantity knob; panics as [`Knobs::time`] does.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        u64::try_from(self.amount(name).value).expect("knobs are not negative")
    }

    fn amount(&self, name: &str) -> Quantity {
        match &self.values[name] {
            Value::Quantity(quantity) => *quantity,
            other => panic!("knob {name} is {other:?}, not a quantity"),
        }
    }

    /// The word of a choice knob; panics as [`Knobs::time`] does.
    #[must_use]
    pub fn choice(&self, name: &str) -> &'static str {
        match &self.values[name] {
            Value::Choice(word) => word,
            other => panic!("knob {name} is {other:?}, not a choice"),
        }
    }

    /// The text of a text knob; panics as [`Knobs::time`] does.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match &self.values[name] {
            Value::Text(text) => text,
            other => panic!("knob {name} is {other:?}, not a text"),
        }
    }

    /// Whether a switch is on; panics as [`Knobs::time`] does.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        match &self.values[name] {
            Value::Switch(on) => *on,
            other => panic!("knob {name} is {other:?}, not a switch"),
        }
    }
}

impl Value {
    /// As the command line takes it: `80ms`, `cubic`, `on`; exact.
    #[must_use]
    pub fn as_text(&self) -> String {
        match self {
            Self::Quantity(quantity) => format!("{quantity:#}").replace(' ', ""),
            Self::Choice(word) => (*word).to_owned(),
            Self::Switch(on) => if *on { "on" } else { "off" }.to_owned(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// For a person: `80 ms`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantity(quantity) => quantity.fmt(f),
            other => f.pad(&other.as_text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_knob_cannot_be_is_said_with_its_units_and_limits_and_every_digit() {
        let said = |knob: &Knob, text: &str| knob.parse(text).expect_err("not a setting").to_string();
        let rtt = Knob::millis("rtt", "", [0, 500, 1, 0]);
        insta::assert_snapshot!(said(&rtt, "99999h"), @"`rtt`: `99999h` is not a time: write a number and a unit, such as 80ms, 1.5s or 250us; the units are s, ms, us, ns; it goes from 0 ns to 500 ms");
        insta::assert_snapshot!(said(&rtt, "-5ms"), @"`rtt` goes from 0 ns to 500 ms; -5 ms lies outside");
        let buffer = Knob::quantity("buffer", "", Unit::Bytes, [2000, 4_000_000, 1, 2000]);
        insta::assert_snapshot!(said(&buffer, "4000001B"), @"`buffer` goes from 2000 B to 4 MB; 4.000001 MB lies outside");
        let control = Knob::choice("control", "", &["cubic", "bbr"]);
        assert_eq!(control.parse("BBR"), Ok(Value::Choice("bbr")));
    }

    #[test]
    fn another_word_for_a_choice_is_read_and_the_choice_keeps_its_name() {
        let control = Knob::choice("control", "", &["cubic", "newreno"]).alias("reno", "newreno");
        assert_eq!(control.parse(" Reno "), Ok(Value::Choice("newreno")));
        assert_eq!(
            (control.range(), control.parse("reno").map(|it| it.as_text())),
            ("cubic, newreno".into(), Ok("newreno".into()))
        );
        let told = control.parse("renos").expect_err("no choice").to_string();
        assert_eq!(told, "`control` is one of cubic, newreno; `renos` is not");
    }

    #[test]
    fn a_zero_that_is_no_amount_is_shown_and_read_as_its_word() {
        let plain = Knob::millis("rtt", "", [0, 10, 1, 0]);
        let never = plain.zero("never");
        let zero = never.parse("never").expect("its word");
        assert_eq!(zero, never.parse("0ms").expect("a time"));
        assert_eq!([never.shown(&zero), plain.shown(&zero)], ["never", "0 ns"]);
        assert_eq!(never.shown(&never.parse("3ms").expect("a time")), "3 ms");
        assert!(plain.parse("never").is_err());
    }

    #[test]
    fn nothing_needs_no_unit_and_what_cannot_be_nothing_says_its_limits() {
        let size = Knob::quantity("size", "", Unit::Bytes, [0, 4000, 1, 2000]);
        assert_eq!(size.parse("0"), size.parse("0B"));
        let buffer = Knob::quantity("buffer", "", Unit::Bytes, [2000, 4_000_000, 1, 2000]);
        let told = buffer.parse("0").expect_err("too little").to_string();
        assert_eq!(told, "`buffer` goes from 2000 B to 4 MB; 0 B lies outside");
    }

    #[test]
    fn choices_that_hold_commas_are_told_apart_and_read_as_they_are_told() {
        let control = Knob::choice("cache", "", &["no-cache", "private, max-age=60"]);
        assert_eq!(control.range(), "no-cache, 'private, max-age=60'");
        let chosen = control.parse("'private, max-age=60'").expect("as it is listed");
        assert_eq!(control.parse("private, max-age=60").as_ref(), Ok(&chosen));
        assert_eq!(
            (control.shown(&chosen), chosen.as_text()),
            (control.range()[10..].into(), "private, max-age=60".into())
        );
        let told = control.parse("public").expect_err("no choice").to_string();
        assert_eq!(told, "`cache` is one of no-cache, 'private, max-age=60'; `public` is not");
    }
}
