//! What opens the records of one direction: an AEAD, its key, its nonces. RFC 8446 §5.3, RFC 5246 §6.2.3.3.
use ring::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::wire::opened::schedule::{Hash, expand_label, prf};

/// A cipher suite, as far as opening goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suite {
    pub(super) hash: Hash,
    cipher: &'static aead::Algorithm,
    /// Half of the nonce stands in front of each record: AES-GCM in TLS 1.2 (RFC 5288 §3).
    explicit: bool,
}

/// The cipher suites that are opened, by their number.
pub(super) fn suite(number: u16) -> Option<Suite> {
    let of = |hash, cipher, explicit| Some(Suite { hash, cipher, explicit });
    match number {
        0x1301 => of(Hash::Sha256, &aead::AES_128_GCM, false),
        0x1302 => of(Hash::Sha384, &aead::AES_256_GCM, false),
        0x1303 | 0xcca8 | 0xcca9 => of(Hash::Sha256, &aead::CHACHA20_POLY1305, false),
        0xc02b | 0xc02f => of(Hash::Sha256, &aead::AES_128_GCM, true),
        0xc02c | 0xc030 => of(Hash::Sha384, &aead::AES_256_GCM, true),
        _ => None,
    }
}

/// The key of one direction, with the number of its next record.
pub(super) struct Keys {
    key: LessSafeKey,
    iv: Vec<u8>,
    suite: Suite,
    is_13: bool,
    number: u64,
    /// Records since then that did not open: a receiver would have given up, a sender that goes on counts them.
    skipped: u64,
}

impl Keys {
    /// RFC 8446 §7.3: of a traffic secret.
    pub(super) fn of_secret(suite: Suite, secret: &[u8]) -> Option<Self> {
        let key = expand_label(suite.hash, secret, "key", suite.cipher.key_len())?;
        let iv = expand_label(suite.hash, secret, "iv", NONCE_LEN)?;
        Self::new(suite, true, &key, iv)
    }

    /// RFC 5246 §6.3: of TLS 1.2's master secret and both randoms, the client's first.
    pub(super) fn of_master(suite: Suite, master: &[u8], randoms: [&[u8]; 2], from_server: bool) -> Option<Self> {
        let (length, fixed) = (suite.cipher.key_len(), if suite.explicit { 4 } else { NONCE_LEN });
        let seed = [randoms[1], randoms[0]].concat();
        let block = prf(suite.hash, master, "key expansion", &seed, 2 * (length + fixed));
        let (keys, ivs) = block.split_at(2 * length);
        let side = usize::from(from_server);
        let iv = ivs.chunks_exact(fixed).nth(side)?.to_vec();
        Self::new(suite, false, keys.chunks_exact(length).nth(side)?, iv)
    }

    fn new(suite: Suite, is_13: bool, key: &[u8], iv: Vec<u8>) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(suite.cipher, key).ok()?);
        Some(Self { key, iv, suite, is_13, number: 0, skipped: 0 })
    }

    /// Opens the next record of this direction, header and all. `None` where its seal does not fit.
    pub(super) fn open(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        let numbers = [self.number, self.number.saturating_add(self.skipped)];
        let tries = if self.skipped == 0 { 1 } else { 2 };
        for number in &numbers[..tries] {
            if let Some(plain) = self.open_as(*number, record) {
                (self.number, self.skipped) = (number.saturating_add(1), 0);
                return Some(plain);
            }
        }
        None
    }

    /// A record that no key opens has gone by.
    pub(super) const fn skip(&mut self) {
        self.skipped = self.skipped.saturating_add(1);
    }

    fn open_as(&self, number: u64, record: &[u8]) -> Option<Vec<u8>> {
        let (header, sealed) = record.split_at_checked(5)?;
        let (explicit, sealed) = sealed.split_at_checked(if self.suite.explicit { 8 } else { 0 })?;
        let nonce = self.nonce(number, explicit)?;
        let additional = if self.is_13 {
            // RFC 8446 §5.2: the record's header as it was sent.
            header.to_vec()
        } else {
            // RFC 5246 §6.2.3.3: the number, type and version, and the length of the plaintext.
            let plain = u16::try_from(sealed.len().checked_sub(self.suite.cipher.tag_len())?).ok()?;
            [&number.to_be_bytes()[..], &header[..3], &plain.to_be_bytes()].concat()
        };
        let mut bytes = sealed.to_vec();
        let length = self.key.open_in_place(nonce, Aad::from(additional), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    fn nonce(&self, number: u64, explicit: &[u8]) -> Option<Nonce> {
        if self.suite.explicit {
            return Nonce::try_assume_unique_for_key(&[&self.iv, explicit].concat()).ok();
        }
        // RFC 8446 §5.3, RFC 7905 §2: the record's number, XORed into the end of the IV.
        let mut nonce: [u8; NONCE_LEN] = self.iv.as_slice().try_into().ok()?;
        for (byte, digit) in nonce[NONCE_LEN - 8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= digit;
        }
        Some(Nonce::assume_unique_for_key(nonce))
    }
}

/// RFC 8446 §7.2: the traffic secret after a KeyUpdate.
pub(super) fn updated(suite: Suite, secret: &[u8]) -> Option<Vec<u8>> {
    expand_label(suite.hash, secret, "traffic upd", suite.hash.length())
}
