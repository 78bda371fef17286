//! DNSSEC's records: keys, signatures over records, digests of keys, and proofs that something is not there. RFC 4034, RFC 5155.
use data_encoding::BASE32_DNSSEC;

use super::name;
use super::record::type_name;
use crate::wire::reader::{Reader, Words};
use crate::wire::text::date;

const KEY_TAG: Words = Words::new(
    "dns.ds.key_id",
    "Key tag",
    "RFC 4034 §5.1.1",
    "A short sum over the key it is about, so that a validator tries the right one first.",
);
const DS_ALGORITHM: Words =
    Words::new("dns.ds.algorithm", "Algorithm", "RFC 4034 §5.1.2", "The algorithm of the key it is about.");
const DIGEST_TYPE: Words =
    Words::new("dns.ds.digest_type", "Digest type", "RFC 4034 §5.1.3", "The hash that made the digest.");
const DIGEST: Words = Words::new(
    "dns.ds.digest",
    "Digest",
    "RFC 4034 §5.1.4",
    "A hash of the child zone's key, held and signed by the parent: a link of the chain from the root's key down.",
);
const KEY: &str = "RFC 4034 §2.1.1";
const KEY_FLAGS: Words = Words::new("dns.dnskey.flags", "Flags", KEY, "What the key is for.");
const KEY_RESERVED: Words = Words::new("dns.dnskey.flags.reserved", "Reserved", KEY, "Kept zero.");
const ZONE_KEY: Words = Words::new("dns.dnskey.flags.zone_key", "Zone key", KEY, "Set: it signs records of this zone.");
const REVOKED: Words = Words::new(
    "dns.dnskey.flags.key_revoked",
    "Revoked",
    "RFC 5011 §2.1",
    "Set: whoever trusts this key shall stop doing so.",
);
const ENTRY_POINT: Words = Words::new(
    "dns.dnskey.flags.secure_entry_point",
    "Secure entry point",
    KEY,
    "Set on the key the parent's DS record is about, which signs the zone's other keys (a key signing key).",
);
const PROTOCOL: Words = Words::new("dns.dnskey.protocol", "Protocol", "RFC 4034 §2.1.2", "Always 3.");
const KEY_ALGORITHM: Words = Words::new(
    "dns.dnskey.algorithm",
    "Algorithm",
    "RFC 4034 §2.1.3",
    "How signatures with this key are made and checked.",
);
const PUBLIC_KEY: Words = Words::new(
    "dns.dnskey.public_key",
    "Public key",
    "RFC 4034 §2.1.4",
    "With it anyone can check signatures that only the holder of the private key can make.",
);
const COVERED: Words = Words::new(
    "dns.rrsig.type_covered",
    "Type covered",
    "RFC 4034 §3.1.1",
    "All records of this type at this name are signed together.",
);
const ALGORITHM: Words =
    Words::new("dns.rrsig.algorithm", "Algorithm", "RFC 4034 §3.1.2", "How the signature was made.");
const LABELS: Words = Words::new(
    "dns.rrsig.labels",
    "Labels",
    "RFC 4034 §3.1.3",
    "How many labels the signed name has: fewer than the record's name when a wildcard made the answer.",
);
const ORIGINAL_TTL: Words = Words::new(
    "dns.rrsig.original_ttl",
    "Original TTL",
    "RFC 4034 §3.1.4",
    "The TTL as it was signed: caches count the record's own down, which would break the signature.",
);
const EXPIRATION: Words = Words::new(
    "dns.rrsig.signature_expiration",
    "Valid until",
    "RFC 4034 §3.1.5",
    "After this the signature is worth nothing: an old answer cannot be replayed for ever, but zones must be signed anew in time.",
);
const INCEPTION: Words = Words::new(
    "dns.rrsig.signature_inception",
    "Valid from",
    "RFC 4034 §3.1.5",
    "Before this the signature is worth nothing.",
);
const SIGNER_TAG: Words =
    Words::new("dns.rrsig.key_tag", "Key tag", "RFC 4034 §3.1.6", "Which of the zone's keys made the signature.");
const SIGNER: Words =
    Words::new("dns.rrsig.signers_name", "Signer", "RFC 4034 §3.1.7", "The zone whose key made the signature.");
const SIGNATURE: Words = Words::new(
    "dns.rrsig.signature",
    "Signature",
    "RFC 4034 §3.1.8",
    "Covers the fields before it and all records of the type: one changed bit and it does not fit any more.",
);
const NEXT_NAME: Words = Words::new(
    "dns.nsec.next_domain_name",
    "Next name",
    "RFC 4034 §4.1.1",
    "In the zone's order no name stands between the record's own and this: signed, so absence can be proved.",
);
const BITMAP: Words = Words::new(
    "dns.nsec.bitmap",
    "Types at this name",
    "RFC 4034 §4.1.2",
    "One bit for each type that exists at the name; a type whose bit is clear does not.",
);
const WINDOW: Words = Words::new(
    "dns.nsec.window",
    "Window",
    "RFC 4034 §4.1.2",
    "Types are counted in windows of 256: the number's high byte.",
);
const BITMAP_LENGTH: Words =
    Words::new("dns.nsec.bitmap_length", "Length", "RFC 4034 §4.1.2", "How many bytes of bits follow, at most 32.");
const BITS: Words = Words::new("dns.nsec.bits", "Bits", "RFC 4034 §4.1.2", "The first bit is the window's first type.");
const HASH: Words =
    Words::new("dns.nsec3.algo", "Hash algorithm", "RFC 5155 §3.1.1", "1 is SHA-1, the only one there is.");
const HASH_FLAGS: Words = Words::new("dns.nsec3.flags", "Flags", "RFC 5155 §3.1.2", "One flag is in use.");
const HASH_RESERVED: Words = Words::new("dns.nsec3.flags.reserved", "Reserved", "RFC 5155 §3.1.2", "Kept zero.");
const OPT_OUT: Words = Words::new(
    "dns.nsec3.flags.opt_out",
    "Opt-out",
    "RFC 5155 §3.1.2.1",
    "Set: between the two hashes there may be unsigned child zones.",
);
const PARAM_FLAGS: Words = Words::new("dns.nsec3.flags", "Flags", "RFC 5155 §4.1.2", "Kept zero.");
const ITERATIONS: Words = Words::new(
    "dns.nsec3.iterations",
    "Iterations",
    "RFC 5155 §3.1.3",
    "How many times more the name was hashed; it should be 0, for more costs servers most (RFC 9276 §3.1).",
);
const SALT_LENGTH: Words = Words::new("dns.nsec3.salt_length", "Salt length", "RFC 5155 §3.1.4", "0 for no salt.");
const SALT: Words = Words::new(
    "dns.nsec3.salt_value",
    "Salt",
    "RFC 5155 §3.1.5",
    "Put behind the name before hashing; it should be empty (RFC 9276 §3.1).",
);
const HASH_LENGTH: Words = Words::new("dns.nsec3.hash_length", "Hash length", "RFC 5155 §3.1.6", "20 for SHA-1.");
const NEXT_HASH: Words = Words::new(
    "dns.nsec3.hash_value",
    "Next hashed name",
    "RFC 5155 §3.1.7",
    "In the order of hashes none stands between the record's own and this: absence is proved without telling the zone's names.",
);

/// Reads DS and CDS data.
pub(super) fn read_ds(r: &mut Reader<'_>) -> Option<String> {
    let tag = r.u16(&KEY_TAG)?;
    let algorithm = r.u8(&DS_ALGORITHM)?;
    r.means(algorithm_name(algorithm));
    let kind = r.u8(&DIGEST_TYPE)?;
    // IANA DS RR Type Digest Algorithms.
    r.means(match kind {
        1 => "SHA-1",
        2 => "SHA-256",
        4 => "SHA-384",
        _ => "unknown",
    });
    r.raw(&DIGEST, r.left())?;
    Some(format!("of key {tag}"))
}

/// Reads DNSKEY and CDNSKEY data.
pub(super) fn read_key(r: &mut Reader<'_>) -> Option<String> {
    let tag = key_tag(r.ahead());
    let flags = u16::from_be_bytes(*r.ahead().first_chunk()?);
    r.group(&KEY_FLAGS, |r| {
        r.number(&KEY_RESERVED, 7)?;
        r.flag(&ZONE_KEY)?;
        r.flag(&REVOKED)?;
        r.number(&KEY_RESERVED, 6)?;
        r.flag(&ENTRY_POINT)
    })?;
    r.says(format_args!("{flags:#06x}"));
    let role = if flags & 1 == 1 { "key signing key" } else { "zone signing key" };
    r.means(role);
    r.u8(&PROTOCOL)?;
    let algorithm = r.u8(&KEY_ALGORITHM)?;
    r.means(algorithm_name(algorithm));
    r.raw(&PUBLIC_KEY, r.left())?;
    r.means(format_args!("its key tag is {tag}"));
    Some(format!("key {tag}, {role}"))
}

/// RFC 4034 Appendix B.
fn key_tag(data: &[u8]) -> u16 {
    let sum: u64 =
        data.chunks(2).map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0))).sum();
    u16::try_from((sum + (sum >> 16 & 0xffff)) & 0xffff).unwrap_or_default()
}

/// Reads RRSIG data.
pub(super) fn read_signature(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let covered = r.u16(&COVERED)?;
    r.means(type_name(covered));
    let algorithm = r.u8(&ALGORITHM)?;
    r.means(algorithm_name(algorithm));
    r.u8(&LABELS)?;
    r.u32(&ORIGINAL_TTL)?;
    r.means("seconds");
    for words in [&EXPIRATION, &INCEPTION] {
        let time = r.u32(words)?;
        r.means(date(time));
    }
    let tag = r.u16(&SIGNER_TAG)?;
    let signer = name::read(r, &SIGNER, base)?;
    r.raw(&SIGNATURE, r.left())?;
    Some(format!("over {} by {signer}'s key {tag}", type_name(covered)))
}

/// Reads NSEC data.
pub(super) fn read_next(r: &mut Reader<'_>, base: usize) -> Option<String> {
    let next = name::read(r, &NEXT_NAME, base)?;
    let types = read_bitmaps(r)?;
    Some(format!("next {next}: {types}"))
}

/// Reads NSEC3 data, and NSEC3PARAM's, which ends with the salt.
pub(super) fn read_hashed(r: &mut Reader<'_>, with_next: bool) -> Option<String> {
    r.u8(&HASH)?;
    let flags = *r.ahead().first()?;
    if with_next {
        r.group(&HASH_FLAGS, |r| {
            r.number(&HASH_RESERVED, 7)?;
            r.flag(&OPT_OUT)
        })?;
    } else {
        r.u8(&PARAM_FLAGS)?;
    }
    r.says(format_args!("{flags:#04x}"));
    let iterations = r.u16(&ITERATIONS)?;
    let salt = usize::from(r.u8(&SALT_LENGTH)?);
    if salt > 0 {
        r.raw(&SALT, salt)?;
    }
    if !with_next {
        return Some(format!("SHA-1, {iterations} iterations"));
    }
    let length = usize::from(r.u8(&HASH_LENGTH)?);
    let next = r.raw(&NEXT_HASH, length)?;
    // RFC 5155 §3.3: people see it in base 32, as the names of these records are.
    r.means(BASE32_DNSSEC.encode(next));
    let shown = BASE32_DNSSEC.encode(&next[..next.len().min(5)]);
    let types = read_bitmaps(r)?;
    Some(format!("next {shown}…: {types}"))
}

/// Reads type bit maps: `A, MX, RRSIG`.
fn read_bitmaps(r: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while r.left() > 0 {
        let mut types = Vec::new();
        r.group(&BITMAP, |r| {
            let window = u16::from(r.u8(&WINDOW)?) << 8;
            let length = usize::from(r.u8(&BITMAP_LENGTH)?);
            if !(1..=32).contains(&length) {
                return None;
            }
            let bits = r.raw(&BITS, length)?;
            let set = |bit: &u16| bits[usize::from(bit / 8)] >> (7 - bit % 8) & 1 == 1;
            let count = u16::try_from(bits.len() * 8).ok()?;
            types.extend((0..count).filter(set).map(|bit| type_name(window | bit)));
            Some(())
        })?;
        r.says(types.join(", "));
        all.extend(types.into_iter().take(16));
    }
    Some(if all.is_empty() { "no types".to_owned() } else { all.join(" ") })
}

/// IANA DNS Security Algorithm Numbers.
const fn algorithm_name(number: u8) -> &'static str {
    match number {
        0 => "none: delete",
        5 => "RSA/SHA-1",
        7 => "RSA/SHA-1 (NSEC3)",
        8 => "RSA/SHA-256",
        10 => "RSA/SHA-512",
        13 => "ECDSA P-256 with SHA-256",
        14 => "ECDSA P-384 with SHA-384",
        15 => "Ed25519",
        16 => "Ed448",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example zone of RFC 5155 Appendix A has this owner for ns1.example.
    #[test]
    fn hashes_are_shown_in_base_32() {
        assert_eq!(BASE32_DNSSEC.encode(&[0xff, 0, 0, 0, 1]), "vs000001");
        assert_eq!(BASE32_DNSSEC.encode(b"foobar"), "cpnmuoj1e8");
    }

    /// RFC 4034 §5.4: the key of dskey.example.com has the tag 60485.
    #[test]
    fn the_key_tag_is_that_of_the_example() {
        let key = concat!(
            "01000305",
            "01039e8a247418e318903b215a848acfd5f37f026bd4062db26c774c690968d5d56df8bfda91e6f36d9a279888f41333",
            "357c5e6029990d10fdf5663062a512763326980a615ddbf17a05ddfcce7e5fb3abcca05a31b0957452d4521e83870789",
            "063115bf97f6c308ccf57cdc9ce7fe10f6ed1bd0cc0660038c50dcdb0feb963c2f17",
        );
        let byte = |at| u8::from_str_radix(&key[at..at + 2], 16).expect("hexadecimal");
        let data: Vec<u8> = (0..key.len()).step_by(2).map(byte).collect();
        assert_eq!(key_tag(&data), 60485);
    }
}
