//! A zone's two keys: one signs its records, the other signs the keys, and the zone above vouches for that one.
use std::fmt;

use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_proto::dnssec::{Algorithm, DigestType, PublicKeyBuf};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// RFC 4034 §2.1.1: a zone's key; with the SEP bit the one the parent's DS record is about.
const ZONE_KEY: u16 = 0x0100;
const ENTRY_POINT: u16 = 0x0001;

/// A private key with its DNSKEY data: Ed25519, whose signatures need no chance (RFC 8080, RFC 8032 §5.1.6).
pub struct Key {
    pair: Ed25519KeyPair,
    data: DNSKEY,
    tag: u16,
}

impl Key {
    fn new(secret: &[u8], flags: u16) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret).expect("SHA-256 gives the 32 bytes of a seed");
        let public = PublicKeyBuf::new(pair.public_key().as_ref().to_vec(), Algorithm::ED25519);
        let data = DNSKEY::with_flags(flags, public);
        let tag = data.calculate_key_tag().expect("36 bytes can be encoded");
        Self { pair, data, tag }
    }

    /// The short sum that names the key (RFC 4034 Appendix B).
    #[must_use]
    pub const fn tag(&self) -> u16 {
        self.tag
    }

    pub(super) fn sign(&self, data: &[u8]) -> Vec<u8> {
        self.pair.sign(data).as_ref().to_vec()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.tag)
    }
}

/// The keys of a zone.
#[derive(Debug)]
pub struct Keys {
    zone: Name,
    /// Signs the zone's keys.
    key_signing: Key,
    /// Signs everything else.
    zone_signing: Key,
}

impl Keys {
    /// The keys of a zone of the lab: of the same seed the same. Who knows the seed has the private keys too, so they guard nothing.
    #[must_use]
    pub fn derived(seed: u64, zone: &Name) -> Self {
        let key = |role: &str, flags| {
            let from = format!("roundtrip lab {seed} {role} {}", zone.to_lowercase());
            Key::new(digest(&SHA256, from.as_bytes()).as_ref(), flags)
        };
        let mut zone_signing = key("zone", ZONE_KEY);
        let key_signing = key("keys", ZONE_KEY | ENTRY_POINT);
        // A validator tries the keys of a tag one after the other: two keys of a zone with one tag would be a needless story.
        if zone_signing.tag == key_signing.tag {
            zone_signing = key("zone again", ZONE_KEY);
        }
        Self { zone: zone.clone(), key_signing, zone_signing }
    }

    /// The zone's name.
    #[must_use]
    pub const fn zone(&self) -> &Name {
        &self.zone
    }

    pub(super) const fn for_type(&self, kind: RecordType) -> &Key {
        match kind {
            RecordType::DNSKEY => &self.key_signing,
            _ => &self.zone_signing,
        }
    }

    /// The zone's DNSKEY records.
    #[must_use]
    pub fn records(&self, ttl: u32) -> Vec<Record> {
        let record = |key: &Key| {
            let data = RData::DNSSEC(DNSSECRData::DNSKEY(key.data.clone()));
            Record::from_rdata(self.zone.clone(), ttl, data)
        };
        vec![record(&self.key_signing), record(&self.zone_signing)]
    }

    /// What the zone above publishes: the SHA-256 of the name and the key signing key (RFC 4034 §5.1.4, RFC 4509).
    #[must_use]
    pub fn ds(&self) -> DS {
        let digest = self.key_signing.data.to_digest(&self.zone, DigestType::SHA256).expect("a name and a key encode");
        DS::new(self.key_signing.tag, Algorithm::ED25519, DigestType::SHA256, digest.as_ref().to_vec())
    }
}
