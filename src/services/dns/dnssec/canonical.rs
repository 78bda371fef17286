//! The bytes a signature is over: the RRSIG's own fields, then each record in canonical form and order (RFC 4034 §3.1.8.1, §6).
use hickory_proto::dnssec::rdata::SigInput;
use hickory_proto::rr::{Name, Record};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};

use super::dname;

/// What is signed for the records of one name and type; `None` when they cannot be encoded, or the signature has more labels
/// than the name.
pub(super) fn signed_data(input: &SigInput, owner: &Name, set: &[Record]) -> Option<Vec<u8>> {
    let mut bytes = encoded(input)?;
    let mut head = encoded_name(&signed_name(owner, input.num_labels)?)?;
    head.extend(u16::from(input.type_covered).to_be_bytes());
    head.extend(u16::from(set.first()?.dns_class).to_be_bytes());
    // RFC 4034 §6.2: the TTL is what it was when the set was signed.
    head.extend(input.original_ttl.to_be_bytes());
    let encoded = |it: &Record| dname(it).map_or_else(|| encoded(&it.data), |target| encoded_name(&target));
    let mut data = set.iter().map(encoded).collect::<Option<Vec<_>>>()?;
    // RFC 4034 §6.3: sorted by their bytes, and none twice.
    data.sort();
    data.dedup();
    for data in data {
        bytes.extend(&head);
        bytes.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        bytes.extend(data);
    }
    Some(bytes)
}

/// RFC 4035 §5.3.2: where the signature has fewer labels than the name, a wildcard was signed.
fn signed_name(owner: &Name, labels: u8) -> Option<Name> {
    match owner.num_labels() {
        own if own == labels => Some(owner.clone()),
        own if own > labels => owner.trim_to(labels.into()).prepend_label("*").ok(),
        _ => None,
    }
}

/// In canonical form: no name is compressed, and those of the types of RFC 4034 §6.2 are in lower case.
fn encoded(data: &impl BinEncodable) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_canonical_form(true);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    data.emit(&mut encoder).ok()?;
    Some(bytes)
}

fn encoded_name(name: &Name) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_name_encoding(NameEncoding::UncompressedLowercase);
    name.emit(&mut encoder).ok()?;
    Some(bytes)
}
