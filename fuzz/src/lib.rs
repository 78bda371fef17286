//! What reads bytes, by itself: the sources of the program's `wire` and the two small files it imports.
extern crate self as roundtrip;

/// Every bit in exactly one field: as the tests of other programs' captures hold it.
#[path = "../../tests/tshark/samples/explained.rs"]
mod explained;
#[path = "../../src/near.rs"]
mod near;
#[path = "../../src/quantity.rs"]
pub mod quantity;
#[path = "../../src/wire/mod.rs"]
#[expect(dead_code, reason = "the program uses more of it")]
pub mod wire;

/// What is wrong with the explanation of so many bytes.
///
/// # Errors
/// When a bit lies in no field or in two, or a field or a problem outside.
pub fn explained(decoded: &wire::Decoded, length: usize) -> Result<(), String> {
    explained::explained(decoded, length)
}
