//! No unexplained byte: every bit of a packet lies in exactly one innermost field, inside its layer.
use std::ops::Range;

use roundtrip::wire::{Decoded, Field};

/// What is wrong with a packet's explanation.
pub(crate) fn explained(decoded: &Decoded, length: usize) -> Result<(), String> {
    let mut seen = vec![0_u8; length * 8];
    for layer in &decoded.layers {
        let whole = layer.bytes.start * 8..layer.bytes.end * 8;
        layer.fields.iter().try_for_each(|field| leaves(field, &whole, &mut seen))?;
    }
    if let Some(bit) = seen.iter().position(|count| *count != 1) {
        return Err(format!("bit {bit} (byte {}) lies in {} fields", bit / 8, seen[bit]));
    }
    let outside = decoded.problems.iter().find(|it| it.bytes.start > it.bytes.end || it.bytes.end > length);
    outside.map_or(Ok(()), |it| Err(format!("outside: {it:?}")))
}

fn leaves(field: &Field, outer: &Range<usize>, seen: &mut [u8]) -> Result<(), String> {
    let bits = &field.bits;
    if bits.start < outer.start || bits.end > outer.end || bits.is_empty() {
        return Err(format!("{} at {bits:?} lies outside {outer:?}", field.name));
    }
    if field.label.is_empty() {
        return Err(format!("{} has no label", field.name));
    }
    if field.parts.is_empty() {
        seen[bits.clone()].iter_mut().for_each(|count| *count = count.saturating_add(1));
    }
    field.parts.iter().try_for_each(|part| leaves(part, bits, seen))
}
