//! One set of records held against its signatures and a zone's keys (RFC 4035 §5.3), and keys held against DS records (§5.2).
use hickory_proto::dnssec::rdata::{DNSKEY, DS, RRSIG};
use hickory_proto::dnssec::{Algorithm, DigestType, PublicKey};
use hickory_proto::rr::{Name, Record, RecordType};

use super::{Date, Flaw, dnskey, rrsig, signed_data};

/// Signatures that are tried for one question: who needs more wants this resolver to compute (KeyTrap, CVE-2023-50387).
pub const MOST_CHECKS: usize = 64;
/// Signatures over one set that are tried, with all keys of the same tag.
const CHECKS_OF_A_SET: usize = 4;
/// DS records of a zone that are looked at, and keys for each.
const MOST_KEYS: usize = 16;

/// How many signatures one question has cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    pub checks: usize,
}

impl Effort {
    fn one_more(&mut self) -> Result<(), Flaw> {
        if self.checks >= MOST_CHECKS {
            return Err(Flaw::TooMany { most: MOST_CHECKS });
        }
        self.checks += 1;
        Ok(())
    }
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Good {
    pub signer: Name,
    pub tag: u16,
    pub algorithm: Algorithm,
    pub covered: RecordType,
    pub inception: Date,
    pub expiration: Date,
    /// The TTL the set may have at most (RFC 4035 §5.3.3).
    pub ttl: u32,
    /// The name below which a `*` made the set, where one did.
    pub encloser: Option<Name>,
}

/// Whose signature is looked for, and when.
#[derive(Clone, Copy, Debug)]
pub(in crate::services::dns) struct Zone<'a> {
    pub(in crate::services::dns) name: &'a Name,
    pub(in crate::services::dns) keys: &'a [DNSKEY],
    pub(in crate::services::dns) now: Date,
}

impl Zone<'_> {
    /// Holds a set against the signatures over it that are among these records.
    pub(in crate::services::dns) fn verify(
        &self,
        set: &[Record],
        among: &[Record],
        effort: &mut Effort,
    ) -> Result<Good, Flaw> {
        self.signature(set, among, effort).map(|(good, _)| good)
    }

    /// The same, and the record of the signature that holds.
    pub(in crate::services::dns) fn signature<'r>(
        &self,
        set: &[Record],
        among: &'r [Record],
        effort: &mut Effort,
    ) -> Result<(Good, &'r Record), Flaw> {
        let Some(first) = set.first() else { return Err(self.without(&Name::root(), RecordType::ZERO)) };
        let (name, kind) = (&first.name, first.record_type());
        let signatures = among.iter().filter(|it| it.name == *name).filter_map(|it| Some((it, rrsig(it)?)));
        let signatures = signatures.filter(|(_, it)| it.input().type_covered == kind);
        let (mut worst, mut left) = (self.without(name, kind), CHECKS_OF_A_SET);
        for (record, signature) in signatures {
            match self.fits(signature, name, kind).and_then(|()| self.try_keys(signature, set, &mut left, effort)) {
                Ok(()) => return Ok((self.good(signature, record.ttl, set), record)),
                Err(flaw @ Flaw::TooMany { .. }) => return Err(flaw),
                Err(flaw) if flaw.weight() >= worst.weight() => worst = flaw,
                Err(_) => {}
            }
        }
        Err(worst)
    }

    fn without(&self, name: &Name, kind: RecordType) -> Flaw {
        Flaw::NoSignature { zone: self.name.clone(), name: name.clone(), kind }
    }

    /// RFC 4035 §5.3.1: whether the signature is one that may be used, before anything is computed.
    fn fits(&self, signature: &RRSIG, name: &Name, kind: RecordType) -> Result<(), Flaw> {
        let (input, name, zone) = (signature.input(), name.clone(), self.name.clone());
        let (from, until) = (Date(input.sig_inception.get()), Date(input.sig_expiration.get()));
        if input.signer_name != zone {
            return Err(Flaw::Signer { zone, name, kind, signer: input.signer_name.clone() });
        }
        if input.num_labels > name.num_labels() || input.num_labels < zone.num_labels() {
            return Err(Flaw::Labels { name, kind, labels: input.num_labels });
        }
        if self.now.is_after(until) {
            return Err(Flaw::Expired { zone, name, kind, until });
        }
        if from.is_after(self.now) {
            return Err(Flaw::NotYet { name, kind, from });
        }
        if !input.algorithm.is_supported() {
            return Err(Flaw::Algorithm { name, kind, algorithm: input.algorithm.into() });
        }
        Ok(())
    }

    /// Tries the keys the signature may be by: a tag is a short sum, and two keys can have the same.
    fn try_keys(&self, signature: &RRSIG, set: &[Record], left: &mut usize, effort: &mut Effort) -> Result<(), Flaw> {
        let (input, first) = (signature.input(), &set[0]);
        let (zone, name, kind, tag) = (self.name.clone(), first.name.clone(), first.record_type(), input.key_tag);
        let data = signed_data(input, &name, set);
        let mut found = false;
        for key in self.keys.iter().filter(|it| is_by(it, tag, input.algorithm)) {
            *left = left.checked_sub(1).ok_or(Flaw::TooMany { most: CHECKS_OF_A_SET })?;
            effort.one_more()?;
            found = true;
            if data.as_ref().is_some_and(|data| key.public_key().verify(data, signature.sig()).is_ok()) {
                return Ok(());
            }
        }
        Err(if found { Flaw::Changed { zone, name, kind, tag } } else { Flaw::NoKey { zone, name, kind, tag } })
    }

    fn good(&self, signature: &RRSIG, ttl: u32, set: &[Record]) -> Good {
        let input = signature.input();
        let expiration = Date(input.sig_expiration.get());
        let name = &set[0].name;
        let wild = input.num_labels < name.num_labels();
        Good {
            signer: input.signer_name.clone(),
            tag: input.key_tag,
            algorithm: input.algorithm,
            covered: input.type_covered,
            inception: Date(input.sig_inception.get()),
            expiration,
            ttl: ttl.min(input.original_ttl).min(self.now.until(expiration)),
            encloser: wild.then(|| name.trim_to(input.num_labels.into())),
        }
    }
}

/// Whether a signature of that tag and algorithm may be by this key (RFC 4034 §2.1.1: only a zone's key signs; RFC 5011 §2.1).
fn is_by(key: &DNSKEY, tag: u16, algorithm: Algorithm) -> bool {
    key.zone_key()
        && !key.revoke()
        && key.public_key().algorithm() == algorithm
        && key.calculate_key_tag().is_ok_and(|it| it == tag)
}

/// What DS records say of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::services::dns) enum Vouched {
    /// The keys, by which of them, and the signature over all of them.
    Keys(Vec<DNSKEY>, Box<Good>),
    /// RFC 4035 §5.2: none of the DS records is of a kind this resolver knows, so the zone is as one without.
    Unknown,
}

/// Holds a zone's DNSKEY records against what vouches for one of them (RFC 4035 §5.2).
pub(in crate::services::dns) fn keys(
    (zone, now): (&Name, Date),
    vouched: &[DS],
    set: &[Record],
    among: &[Record],
    effort: &mut Effort,
) -> Result<Vouched, Flaw> {
    let known: Vec<&DS> = usable(vouched);
    if known.is_empty() {
        return Ok(Vouched::Unknown);
    }
    let wanted: Vec<u16> = known.iter().map(|it| it.key_tag()).collect();
    let all: Vec<DNSKEY> = set.iter().filter_map(dnskey).cloned().collect();
    if all.is_empty() {
        return Err(Flaw::NoKeys { zone: zone.clone(), wanted });
    }
    let found = all.iter().filter_map(|it| it.calculate_key_tag().ok()).collect();
    let mut flaw = Flaw::OtherKeys { zone: zone.clone(), wanted, found };
    for ds in known {
        let meant = all.iter().filter(|it| is_by(it, ds.key_tag(), ds.algorithm())).take(MOST_KEYS);
        for key in meant.filter(|it| ds.covers(zone, it).unwrap_or(false)) {
            match (Zone { name: zone, keys: std::slice::from_ref(key), now }).verify(set, among, effort) {
                Ok(good) => return Ok(Vouched::Keys(all, Box::new(good))),
                Err(other) => flaw = other,
            }
        }
    }
    Err(flaw)
}

/// The DS records that can be used; those with SHA-1 only where there is no better one (RFC 4509 §3).
fn usable(vouched: &[DS]) -> Vec<&DS> {
    let known = |it: &&DS| it.algorithm().is_supported() && it.digest_type().is_supported();
    let better = vouched.iter().filter(known).any(|it| it.digest_type() != DigestType::SHA1);
    let used = |it: &&DS| known(it) && (!better || it.digest_type() != DigestType::SHA1);
    vouched.iter().filter(used).take(MOST_KEYS).collect()
}
