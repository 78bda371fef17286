//! Keys from secrets: HKDF-Expand-Label of TLS 1.3 and QUIC, the PRF of TLS 1.2.
use ring::{hkdf, hmac};

/// The hash of a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) enum Hash {
    Sha256,
    Sha384,
}

impl Hash {
    /// Bytes of its output: the length of the secrets that are made with it.
    pub(in crate::wire) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    const fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Sha256 => hkdf::HKDF_SHA256,
            Self::Sha384 => hkdf::HKDF_SHA384,
        }
    }

    const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
        }
    }
}

/// How many bytes are asked of the expansion.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// RFC 8446 §7.1: HKDF-Expand-Label with an empty context. QUIC's labels (`quic key`) are made by the same (RFC 9001 §5.1).
/// `None` for a length that cannot be.
pub(in crate::wire) fn expand_label(hash: Hash, secret: &[u8], label: &str, length: usize) -> Option<Vec<u8>> {
    let full = [b"tls13 ", label.as_bytes()].concat();
    let size = u16::try_from(length).ok()?.to_be_bytes();
    let info: [&[u8]; 4] = [&size, &[u8::try_from(full.len()).ok()?], &full, &[0]];
    let mut out = vec![0; length];
    let key = hkdf::Prk::new_less_safe(hash.hkdf(), secret);
    key.expand(&info, Length(length)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

/// RFC 5246 §5: the pseudorandom function of TLS 1.2.
pub(super) fn prf(hash: Hash, secret: &[u8], label: &str, seed: &[u8], length: usize) -> Vec<u8> {
    let key = hmac::Key::new(hash.hmac(), secret);
    let seed = [label.as_bytes(), seed].concat();
    let mut out = Vec::with_capacity(length + hash.length());
    let mut turn = hmac::sign(&key, &seed);
    while out.len() < length {
        let both = [turn.as_ref(), &seed].concat();
        out.extend(hmac::sign(&key, &both).as_ref());
        turn = hmac::sign(&key, turn.as_ref());
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// RFC 8448 §3: the server's handshake traffic secret of the first example, and what is made of it.
    #[test]
    fn the_keys_of_the_published_handshake_come_out() {
        let secret = HEXLOWER.decode(b"b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let secret = secret.expect("hexadecimal");
        let made = |label, length| HEXLOWER.encode(&expand_label(Hash::Sha256, &secret, label, length).expect("short"));
        assert_eq!(made("key", 16), "3fce516009c21727d0f2e4e86ee403bc");
        assert_eq!(made("iv", 12), "5d313eb2671276ee13000b30");
        assert_eq!(expand_label(Hash::Sha256, &secret, "key", 70_000), None);
    }

    /// A vector for P_SHA256 that implementers of TLS 1.2 share (IETF TLS list, 2009).
    #[test]
    fn the_prf_of_tls_1_2_gives_the_shared_vector() {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).expect("hexadecimal");
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        let out = prf(Hash::Sha256, &secret, "test label", &seed, 100);
        assert_eq!(HEXLOWER.encode(&out[..16]), "e3f229ba727be17b8d122620557cd453");
        assert_eq!(out.len(), 100);
        assert_eq!(HEXLOWER.encode(&out[84..]), "22ee42c5a72e5a5110fff70187347b66");
    }
}
