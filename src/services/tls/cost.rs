//! What cryptography costs this machine's processor: the operations of a handshake, each timed, and two ways to hash a password.
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey as PeerKey, X25519, agree_ephemeral};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls::crypto::SupportedKxGroup;

use super::ground::Ground;
use super::groups::Group;
use crate::recording::Time;

/// A key that everybody knows: RSA keys are slow to make, and this one is only timed.
const RSA_KEY: &[u8] = include_bytes!("../../../assets/keys/rsa-2048.pk8");
/// As much as is signed in a handshake (RFC 8446 §4.4.3): 64 spaces, a label and a hash.
const MESSAGE: [u8; 130] = [0x20; 130];
/// Batches of which the median is taken.
pub const BATCHES: usize = 25;
/// A batch takes at least this long, so that the clock's steps do not count.
const BATCH: Duration = Duration::from_micros(500);

/// What one operation took, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Stable: `rsa_2048_sign`.
    pub name: &'static str,
    /// For a person: `RSA-2048 sign`.
    pub label: &'static str,
    pub median: Duration,
    /// The first and the third quarter of the batches lie here.
    pub quarters: (Duration, Duration),
    /// Bytes that it puts on the wire.
    pub bytes: usize,
}

/// An operation to be timed, and its bytes.
struct Operation<'a> {
    name: &'static str,
    label: &'static str,
    bytes: usize,
    run: Box<dyn Fn() -> bool + 'a>,
}

/// Times every operation with that clock. Takes some tenths of a second.
///
/// # Panics
/// When the system has no chance to give.
#[must_use]
pub fn costs(now: &dyn Fn() -> Time) -> Vec<Cost> {
    let chance = SystemRandom::new();
    let rsa = RsaKeyPair::from_pkcs8(RSA_KEY).expect("the key in the program");
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &chance).expect("chance");
    let ecdsa =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &chance).expect("just made");
    let document = Ed25519KeyPair::generate_pkcs8(&chance).expect("chance");
    let ed25519 = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("just made");
    let signed = Signatures { chance: &chance, rsa: &rsa, ecdsa: &ecdsa, ed25519: &ed25519 };
    let ground = Ground::system();
    let mut all = signed.operations();
    all.extend(exchanges(&chance, &ground));
    all.extend(guesses());
    all.iter().map(|it| timed(it, now)).collect()
}

struct Signatures<'a> {
    chance: &'a SystemRandom,
    rsa: &'a RsaKeyPair,
    ecdsa: &'a EcdsaKeyPair,
    ed25519: &'a Ed25519KeyPair,
}

impl<'a> Signatures<'a> {
    fn rsa(&self) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        self.rsa.sign(&RSA_PSS_SHA256, self.chance, &MESSAGE, &mut signature).expect("the system has chance");
        signature
    }

    fn operations(&'a self) -> Vec<Operation<'a>> {
        let (rsa, ecdsa) = (self.rsa(), self.ecdsa.sign(self.chance, &MESSAGE).expect("chance").as_ref().to_vec());
        let ed25519 = self.ed25519.sign(&MESSAGE).as_ref().to_vec();
        let (rsa_key, ecdsa_key) = (self.rsa.public().as_ref(), self.ecdsa.public_key().as_ref());
        let ed25519_key = self.ed25519.public_key().as_ref();
        let of = |name, label, bytes, run| Operation { name, label, bytes, run };
        vec![
            of(
                "rsa_2048_sign",
                "RSA-2048 sign (ring)",
                rsa.len(),
                Box::new(|| self.rsa().len() == 256) as Box<dyn Fn() -> bool>,
            ),
            of(
                "rsa_2048_verify",
                "RSA-2048 verify (ring)",
                0,
                Box::new(move || {
                    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, rsa_key).verify(&MESSAGE, &rsa).is_ok()
                }),
            ),
            of(
                "ecdsa_p256_sign",
                "ECDSA P-256 sign (ring)",
                ecdsa.len(),
                Box::new(|| self.ecdsa.sign(self.chance, &MESSAGE).is_ok()),
            ),
            of(
                "ecdsa_p256_verify",
                "ECDSA P-256 verify (ring)",
                0,
                Box::new(move || {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, ecdsa_key).verify(&MESSAGE, &ecdsa).is_ok()
                }),
            ),
            of(
                "ed25519_sign",
                "Ed25519 sign (ring)",
                ed25519.len(),
                Box::new(|| self.ed25519.sign(&MESSAGE).as_ref().len() == 64),
            ),
            of(
                "ed25519_verify",
                "Ed25519 verify (ring)",
                0,
                Box::new(move || UnparsedPublicKey::new(&ED25519, ed25519_key).verify(&MESSAGE, &ed25519).is_ok()),
            ),
        ]
    }
}

/// A whole key exchange, both ends: what one connection makes two machines do.
fn exchanges<'a>(chance: &'a SystemRandom, ground: &'a Ground) -> Vec<Operation<'a>> {
    let own = |group| {
        let group = ground.group(group);
        Box::new(move || both_ends(group)) as Box<dyn Fn() -> bool>
    };
    vec![
        Operation {
            name: "x25519_ring",
            label: "X25519, both ends (ring)",
            bytes: 64,
            run: Box::new(|| ring_x25519(chance)),
        },
        Operation { name: "x25519", label: "X25519, both ends (x25519-dalek)", bytes: 64, run: own(Group::X25519) },
        Operation {
            name: "x25519_mlkem768",
            label: "X25519MLKEM768, both ends (x25519-dalek, ml-kem)",
            bytes: 1216 + 1120,
            run: own(Group::X25519MlKem768),
        },
    ]
}

/// What a thief pays for each guess at a stolen password: a plain hash, and one made to be slow with the least that OWASP's
/// Password Storage Cheat Sheet asks of it. No part of TLS.
fn guesses() -> Vec<Operation<'static>> {
    let (password, salt) = (b"correct horse battery staple", b"sixteen bytes of");
    // KiB of memory, passes over it, lanes.
    let least = Params::new(19 * 1024, 2, 1, None).expect("within RFC 9106 §3.1");
    let slow = Argon2::new(Algorithm::Argon2id, Version::V0x13, least);
    vec![
        Operation {
            name: "password_sha256",
            label: "a guess at SHA-256 of a password (ring)",
            bytes: 0,
            run: Box::new(|| digest(&SHA256, password).as_ref().len() == 32),
        },
        Operation {
            name: "password_argon2id",
            label: "a guess at Argon2id, 19 MiB, 2 passes (argon2)",
            bytes: 0,
            run: Box::new(move || slow.hash_password_into(password, salt, &mut [0; 32]).is_ok()),
        },
    ]
}

fn ring_x25519(chance: &SystemRandom) -> bool {
    let end = || EphemeralPrivateKey::generate(&X25519, chance).expect("the system has chance");
    let (one, other) = (end(), end());
    let keys = [&one, &other].map(|it| it.compute_public_key().expect("of a good key"));
    let agreed = |own, key: &[u8]| agree_ephemeral(own, &PeerKey::new(&X25519, key), |secret| secret.to_vec()).ok();
    let (first, second) = (agreed(one, keys[1].as_ref()), agreed(other, keys[0].as_ref()));
    first.is_some() && first == second
}

fn both_ends(group: &dyn SupportedKxGroup) -> bool {
    let exchange = || {
        let client = group.start().ok()?;
        let server = group.start_and_complete(client.pub_key()).ok()?;
        let secret = client.complete(&server.pub_key).ok()?;
        Some(secret.secret_bytes() == server.secret.secret_bytes())
    };
    exchange() == Some(true)
}

/// Batches of one operation: the median and the quarters.
fn timed(it: &Operation<'_>, now: &dyn Fn() -> Time) -> Cost {
    let batch = |count: u32| {
        let begin = now();
        let good = (0..count).filter(|_| std::hint::black_box((it.run)())).count();
        assert_eq!(good, count as usize, "{} works each time", it.label);
        now().since(begin)
    };
    let once = batch(1).max(Duration::from_nanos(100));
    let count = u32::try_from(BATCH.as_nanos().div_ceil(once.as_nanos())).unwrap_or(1).clamp(1, 1000);
    let mut times: Vec<Duration> = (0..BATCHES).map(|_| batch(count) / count).collect();
    times.sort();
    let quarters = (times[BATCHES / 4], times[BATCHES * 3 / 4]);
    Cost { name: it.name, label: it.label, median: times[BATCHES / 2], quarters, bytes: it.bytes }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn every_operation_works_and_the_median_lies_between_the_quarters() {
        let clock = Cell::new(0);
        let now = || {
            clock.set(clock.get() + 1_000_000);
            Time(clock.get())
        };
        let all = costs(&now);
        assert_eq!(all.len(), 11);
        for it in all {
            assert!(it.quarters.0 <= it.median && it.median <= it.quarters.1, "{it:?}");
        }
    }
}
