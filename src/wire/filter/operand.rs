//! What a filter takes from a packet: the values of a name, or a part of them, or what a function makes of them.
use super::Packet;
use super::names::{Kind, Known, Source};
use super::value::Value;

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) known: Known,
    pub(super) slice: Vec<Slice>,
    pub(super) function: Option<Function>,
    /// Only these bits of the number.
    pub(super) mask: Option<i128>,
}

/// Some bytes of a value; negative places are counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) from: i64,
    pub(super) length: Length,
}

/// How far a slice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Bytes(i64),
    /// To this byte, which belongs to it.
    Until(i64),
    Rest,
}

/// What can be made of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    Len,
    Lower,
    Upper,
}

impl Operand {
    /// What its values can be compared with.
    pub(super) const fn kind(&self) -> Kind {
        match (self.function, self.slice.is_empty()) {
            (Some(Function::Count | Function::Len), _) => Kind::Number,
            (Some(_), _) => Kind::Text,
            (None, false) => Kind::Bytes,
            (None, true) => self.known.kind,
        }
    }

    /// Whether it is there, whatever its value.
    pub(super) fn exists(&self, packet: &Packet<'_>) -> bool {
        if !self.slice.is_empty() || self.mask.is_some() || self.function.is_some() {
            return self.values(packet).iter().any(|it| self.mask.is_none() || *it != Value::Number(0));
        }
        match self.known.from {
            Source::Field => packet.fields(self.known.name).next().is_some(),
            Source::Fields(names) => names.iter().any(|name| packet.fields(name).next().is_some()),
            Source::Header { .. } => !self.whole(packet).is_empty(),
            Source::Layer => packet.layers().any(|(_, layer)| layer.name == self.known.name),
            Source::Frame => true,
            Source::Computed(it) => it.value(self.known.name, packet).is_some(),
        }
    }

    /// All its values in the packet.
    pub(super) fn values(&self, packet: &Packet<'_>) -> Vec<Value> {
        let mut values = self.whole(packet);
        if !self.slice.is_empty() {
            values = values.iter().filter_map(|it| sliced(it, &self.slice)).collect();
        }
        if let Some(mask) = self.mask {
            values.iter_mut().for_each(|it| {
                if let Value::Number(number) = it {
                    *number &= mask;
                }
            });
        }
        match self.function {
            None => values,
            Some(Function::Count) if values.is_empty() => values,
            Some(Function::Count) => vec![Value::Number(i128::try_from(values.len()).unwrap_or(i128::MAX))],
            Some(function) => values.into_iter().filter_map(|it| made(function, it)).collect(),
        }
    }

    /// What is searched for bytes in it: a protocol is searched with all it carries, as Wireshark does it.
    pub(super) fn searched(&self, packet: &Packet<'_>) -> Vec<Value> {
        if !matches!(self.known.from, Source::Layer) || !self.slice.is_empty() || self.function.is_some() {
            return self.values(packet);
        }
        let padding = packet.decoded.layer("padding").map_or(packet.frame.len(), |it| it.bytes.start);
        let from = |(bytes, layer): (&[u8], &crate::wire::Layer)| {
            let is_cut = std::ptr::eq(bytes, packet.frame) && layer.bytes.start > 0;
            let end = if is_cut { padding } else { bytes.len() };
            bytes.get(layer.bytes.start..end).map(|it| Value::Bytes(it.to_vec()))
        };
        packet.layers().filter(|(_, layer)| layer.name == self.known.name).filter_map(from).collect()
    }

    fn whole(&self, packet: &Packet<'_>) -> Vec<Value> {
        let of = |name: &str| -> Vec<Value> {
            packet.fields(name).filter_map(|(bytes, field)| Value::of(field, bytes, self.known.kind)).collect()
        };
        match self.known.from {
            Source::Field => of(self.known.name),
            Source::Fields(names) => names.iter().flat_map(|name| of(name)).collect(),
            Source::Header { of, value } => {
                packet.fields(of).filter_map(|(_, field)| header(&field.value, value)).map(Value::text).collect()
            }
            Source::Layer => {
                let layers = packet.layers().filter(|(_, layer)| layer.name == self.known.name);
                layers
                    .filter_map(|(bytes, it)| bytes.get(it.bytes.clone()))
                    .map(|it| Value::Bytes(it.to_vec()))
                    .collect()
            }
            Source::Frame => vec![Value::Bytes(packet.frame.to_vec())],
            Source::Computed(it) => it.value(self.known.name, packet).into_iter().collect(),
        }
    }

    /// Its values as a person reads them.
    pub(super) fn texts(&self, packet: &Packet<'_>) -> Vec<String> {
        let shown = |name: &str| packet.fields(name).map(|(_, field)| field.says()).collect::<Vec<_>>();
        match self.known.from {
            Source::Field => shown(self.known.name),
            Source::Fields(names) => names.iter().flat_map(|name| shown(name)).collect(),
            Source::Layer | Source::Frame => {
                if self.exists(packet) {
                    vec![self.known.name.to_owned()]
                } else {
                    Vec::new()
                }
            }
            Source::Computed(_) | Source::Header { .. } => {
                self.values(packet).iter().map(|it| written(it, self.known.kind)).collect()
            }
        }
    }
}

/// The name or the value of `:status: 200`.
fn header(line: &str, value: bool) -> Option<&str> {
    let colon = line.get(1..)?.find(": ")? + 1;
    Some(if value { &line[colon + 2..] } else { &line[..colon] })
}

fn written(value: &Value, kind: Kind) -> String {
    match value {
        Value::Number(ns) if kind == Kind::Seconds => {
            let sign = if *ns < 0 { "-" } else { "" };
            let ns = ns.unsigned_abs();
            format!("{sign}{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
        }
        Value::Number(number) => number.to_string(),
        Value::Bytes(bytes) if kind == Kind::Text => String::from_utf8_lossy(bytes).into_owned(),
        Value::Bytes(bytes) => data_encoding::HEXLOWER.encode(bytes),
        Value::Address(address) => address.to_string(),
    }
}

fn made(function: Function, value: Value) -> Option<Value> {
    let Value::Bytes(bytes) = value else { return None };
    Some(match function {
        Function::Lower => Value::Bytes(bytes.to_ascii_lowercase()),
        Function::Upper => Value::Bytes(bytes.to_ascii_uppercase()),
        Function::Len | Function::Count => Value::Number(i128::try_from(bytes.len()).unwrap_or(i128::MAX)),
    })
}

/// The bytes of all slices one after another; none when one of them is not there.
fn sliced(value: &Value, slices: &[Slice]) -> Option<Value> {
    let Value::Bytes(bytes) = value else { return None };
    let mut taken = Vec::new();
    for slice in slices {
        let place = |at: i64| {
            let from_end = i64::try_from(bytes.len()).ok()?.checked_add(at)?;
            usize::try_from(if at < 0 { from_end } else { at }).ok()
        };
        let from = place(slice.from)?;
        let end = match slice.length {
            Length::Bytes(count) => from.checked_add(usize::try_from(count).ok()?)?,
            Length::Until(last) => place(last)?.checked_add(1)?,
            Length::Rest => bytes.len(),
        };
        taken.extend_from_slice(bytes.get(from..end).filter(|it| !it.is_empty())?);
    }
    Some(Value::Bytes(taken))
}
