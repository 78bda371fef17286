//! Key exchanges whose secrets come from a chance that is given: X25519 (RFC 7748), and it together with ML-KEM-768 (FIPS 203).
//!
//! ```text
//! X25519MLKEM768      client ── encapsulation key (1184 bytes), X25519 key (32) ──>
//!                            <── ciphertext (1088 bytes), X25519 key (32) ──────── server
//! ```
use ml_kem::{
    DecapsulationKey768, EncapsulationKey768, Key, MlKem768, Seed, kem::Decapsulate as _, kem::KeyExport as _,
};
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, SecureRandom, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

/// Bytes of an X25519 key.
const CURVE: usize = 32;
/// Bytes of ML-KEM-768's encapsulation key (FIPS 203 §8).
const ENCAPSULATION: usize = 1184;
/// Bytes of its ciphertext.
const CIPHERTEXT: usize = 1088;

/// How two ends agree on a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// RFC 7748, by itself.
    X25519,
    /// Both, so that the secret holds as long as one of them does (IANA's TLS supported groups, 4588).
    X25519MlKem768,
}

/// The key exchanges of one chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Groups {
    curve: &'static Curve,
    hybrid: &'static Hybrid,
}

impl Groups {
    /// Those of a chance that lives for ever, as rustls wants it: each call keeps a little memory for ever.
    pub(super) fn of(chance: &'static dyn SecureRandom) -> Self {
        Self { curve: Box::leak(Box::new(Curve(chance))), hybrid: Box::leak(Box::new(Hybrid(chance))) }
    }

    pub(super) fn named(self, group: Group) -> &'static dyn SupportedKxGroup {
        match group {
            Group::X25519 => self.curve,
            Group::X25519MlKem768 => self.hybrid,
        }
    }
}

/// X25519.
#[derive(Debug)]
struct Curve(&'static dyn SecureRandom);

/// An X25519 that waits for the other's public key.
struct CurveExchange {
    secret: [u8; CURVE],
    public: [u8; CURVE],
}

impl CurveExchange {
    fn start(chance: &dyn SecureRandom) -> Result<Self, Error> {
        let secret = drawn(chance)?;
        Ok(Self { secret, public: x25519(secret, X25519_BASEPOINT_BYTES) })
    }

    fn shared(&self, peer: &[u8]) -> Result<[u8; CURVE], Error> {
        let peer: [u8; CURVE] = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = x25519(self.secret, peer);
        // RFC 8446 §7.4.2, RFC 7748 §6.1: a public key of small order gives zeros, whatever the secret.
        if shared == [0; CURVE] { Err(PeerMisbehaved::InvalidKeyShare.into()) } else { Ok(shared) }
    }
}

fn drawn<const N: usize>(chance: &dyn SecureRandom) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    chance.fill(&mut bytes)?;
    Ok(bytes)
}

impl SupportedKxGroup for Curve {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(CurveExchange::start(self.0)?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ActiveKeyExchange for CurveExchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(SharedSecret::from(&self.shared(peer)?[..]))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }
}

/// X25519 and ML-KEM-768 together.
#[derive(Debug)]
struct Hybrid(&'static dyn SecureRandom);

/// A client's that waits for the server's share.
struct HybridExchange {
    curve: CurveExchange,
    key: DecapsulationKey768,
    /// What goes over the wire: the encapsulation key, then X25519's.
    public: Vec<u8>,
}

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let key = DecapsulationKey768::from_seed(Seed::from(drawn::<64>(self.0)?));
        let curve = CurveExchange::start(self.0)?;
        let public = [&key.encapsulation_key().to_bytes()[..], &curve.public].concat();
        Ok(Box::new(HybridExchange { curve, key, public }))
    }

    /// The server's side: it encapsulates to the client's key.
    fn start_and_complete(&self, peer: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let bad = || Error::from(PeerMisbehaved::InvalidKeyShare);
        let (theirs, their_curve) = peer.split_at_checked(ENCAPSULATION).ok_or_else(bad)?;
        // FIPS 203 §7.2: a key whose numbers are not reduced is refused.
        let theirs = Key::<EncapsulationKey768>::try_from(theirs).map_err(|_| bad())?;
        let theirs = EncapsulationKey768::new(&theirs).map_err(|_| bad())?;
        let (ciphertext, sealed) = theirs.encapsulate_deterministic(&drawn::<32>(self.0)?.into());
        let curve = CurveExchange::start(self.0)?;
        let secret = SharedSecret::from(&[&sealed[..], &curve.shared(their_curve)?].concat()[..]);
        let pub_key = [&ciphertext[..], &curve.public].concat();
        Ok(CompletedKeyExchange { group: NamedGroup::X25519MLKEM768, pub_key, secret })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

impl ActiveKeyExchange for HybridExchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let bad = || Error::from(PeerMisbehaved::InvalidKeyShare);
        let (ciphertext, curve) = peer.split_at_checked(CIPHERTEXT).ok_or_else(bad)?;
        let ciphertext = ml_kem::Ciphertext::<MlKem768>::try_from(ciphertext).map_err(|_| bad())?;
        let sealed = self.key.decapsulate(&ciphertext);
        Ok(SharedSecret::from(&[&sealed[..], &self.curve.shared(curve)?].concat()[..]))
    }

    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((NamedGroup::X25519, &self.curve.public))
    }

    fn complete_hybrid_component(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(SharedSecret::from(&self.curve.shared(peer)?[..]))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::Lent;
    use super::*;

    const BOTH: [Group; 2] = [Group::X25519, Group::X25519MlKem768];

    #[test]
    fn the_seed_decides_every_secret() {
        for group in BOTH {
            let keys = |seed| {
                let lent = Lent::seeded(seed);
                let group = lent.0.groups.named(group);
                [(); 2].map(|()| group.start().expect("it never fails").pub_key().to_vec())
            };
            assert_eq!(keys(1), keys(1));
            assert_ne!(keys(1), keys(2));
            assert_ne!(keys(1)[0], keys(1)[1]);
        }
    }

    #[test]
    fn both_ends_agree() {
        for group in BOTH {
            let lent = Lent::seeded(1);
            let group = lent.0.groups.named(group);
            let client = group.start().expect("it never fails");
            let server = group.start_and_complete(client.pub_key()).expect("a good key");
            let secret = client.complete(&server.pub_key).expect("a good share");
            assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        }
    }

    #[test]
    fn x25519_agrees_with_ring() {
        let lent = Lent::seeded(1);
        let theirs = rustls::crypto::ring::kx_group::X25519.start().expect("ring has chance");
        let ours = lent.0.groups.named(Group::X25519).start().expect("it never fails");
        let (our_key, their_key) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        let (one, other) = (ours.complete(&their_key), theirs.complete(&our_key));
        assert_eq!(one.expect("agreed").secret_bytes(), other.expect("agreed").secret_bytes());
    }

    #[test]
    fn a_share_that_is_none_is_refused() {
        let lent = Lent::seeded(1);
        for group in BOTH {
            let group = lent.0.groups.named(group);
            let whole = group.start().expect("it never fails").pub_key().to_vec();
            let (mut zeros, mut unreduced) = (whole.clone(), whole.clone());
            let curve = zeros.len() - CURVE;
            zeros[curve..].fill(0);
            unreduced[..curve].fill(0xff);
            let mut bad = vec![zeros, whole[1..].to_vec(), Vec::new(), vec![9; 5000]];
            bad.extend((curve > 0).then_some(unreduced));
            for share in bad {
                assert!(group.start_and_complete(&share).is_err(), "{} bytes", share.len());
            }
            for length in [0, 31, 1119, 1121] {
                assert!(group.start().expect("it never fails").complete(&vec![9; length]).is_err(), "{length} bytes");
            }
        }
    }
}
