//! Taking the protection off QUIC packets: keys from secrets, the header's mask, the payload's seal. RFC 9001 §5.
use ring::aead::quic::{self, HeaderProtectionKey};
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, HKDF_SHA384, KeyType, Prk, Salt};

/// RFC 9001 §5.2: anyone can compute the keys of Initial packets; they only keep out what does not speak this version.
const INITIAL_SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
/// RFC 9001 §5.8.
const RETRY_KEY: [u8; 16] =
    [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e];
const RETRY_NONCE: [u8; 12] = [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb];

/// The bytes that prove a packet was not changed, its last.
pub(in crate::wire) const TAG: usize = 16;

/// What seals, with the hash that goes with it. RFC 9001 §5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) enum Suite {
    Aes128,
    Aes256,
    ChaCha20,
}

impl Suite {
    /// Those whose secrets have so many bytes: a key log does not name the suite.
    pub(in crate::wire) const fn of_secret(length: usize) -> &'static [Self] {
        match length {
            32 => &[Self::Aes128, Self::ChaCha20],
            48 => &[Self::Aes256],
            _ => &[],
        }
    }

    fn aead(self) -> &'static aead::Algorithm {
        match self {
            Self::Aes128 => &aead::AES_128_GCM,
            Self::Aes256 => &aead::AES_256_GCM,
            Self::ChaCha20 => &aead::CHACHA20_POLY1305,
        }
    }

    fn header(self) -> &'static quic::Algorithm {
        match self {
            Self::Aes128 => &quic::AES_128,
            Self::Aes256 => &quic::AES_256,
            Self::ChaCha20 => &quic::CHACHA20,
        }
    }

    /// HKDF-Expand-Label without context. RFC 8446 §7.1.
    fn expand(self, secret: &[u8], label: &str, length: usize) -> Vec<u8> {
        let hash = if self == Self::Aes256 { HKDF_SHA384 } else { HKDF_SHA256 };
        expand(&Prk::new_less_safe(hash, secret), label, length)
    }
}

fn expand(secret: &Prk, label: &str, length: usize) -> Vec<u8> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = format!("tls13 {label}");
    let number = |value: usize| u8::try_from(value).expect("keys and labels are short");
    let info = [&[0, number(length), number(label.len())], label.as_bytes(), &[0]].concat();
    let mut key = vec![0; length];
    let filled = secret.expand(&[&info], Length(length)).and_then(|it| it.fill(&mut key));
    filled.expect("a key is far shorter than what HKDF can give");
    key
}

/// What one side's packets of one level are sealed with.
pub(in crate::wire) struct Protection {
    suite: Suite,
    secret: Vec<u8>,
    /// The header's key: a key update leaves it as it is (RFC 9001 §6.1).
    header: Vec<u8>,
    key: LessSafeKey,
    iv: [u8; 12],
}

/// A packet whose protection is off.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::wire) struct Opened {
    /// The whole packet number.
    pub(in crate::wire) number: u64,
    /// The bytes of it in the header.
    pub(in crate::wire) number_length: usize,
    /// The header in the clear, the frames, and the tag as it was.
    pub(in crate::wire) bytes: Vec<u8>,
}

impl Protection {
    /// The keys that come from a secret. RFC 9001 §5.1.
    pub(in crate::wire) fn new(suite: Suite, secret: &[u8]) -> Self {
        let header = suite.expand(secret, "quic hp", suite.aead().key_len());
        Self::with_header(suite, secret.to_vec(), header)
    }

    fn with_header(suite: Suite, secret: Vec<u8>, header: Vec<u8>) -> Self {
        let key = UnboundKey::new(suite.aead(), &suite.expand(&secret, "quic key", suite.aead().key_len()));
        let key = LessSafeKey::new(key.expect("the key has the algorithm's length"));
        let iv = suite.expand(&secret, "quic iv", 12).try_into().expect("twelve bytes were asked for");
        Self { suite, secret, header, key, iv }
    }

    /// The keys of Initial packets: the client's and the server's. RFC 9001 §5.2.
    pub(in crate::wire) fn initial(destination: &[u8]) -> [Self; 2] {
        let secret = Salt::new(HKDF_SHA256, &INITIAL_SALT).extract(destination);
        ["client in", "server in"].map(|label| Self::new(Suite::Aes128, &expand(&secret, label, 32)))
    }

    /// The keys after a key update. RFC 9001 §6.1.
    pub(in crate::wire) fn updated(&self) -> Self {
        let secret = self.suite.expand(&self.secret, "quic ku", self.secret.len());
        Self::with_header(self.suite, secret, self.header.clone())
    }

    /// Takes the mask off the header of a packet whose number begins at `number_at`; the number's length. RFC 9001 §5.4.
    pub(in crate::wire) fn unmask(&self, packet: &mut [u8], number_at: usize) -> Option<usize> {
        // RFC 9001 §5.4.2: the sample is taken as if the number had four bytes.
        let sample = packet.get(number_at.checked_add(4)?..number_at.checked_add(20)?)?;
        let key = HeaderProtectionKey::new(self.suite.header(), &self.header).ok()?;
        let mask = key.new_mask(sample).ok()?;
        packet[0] ^= mask[0] & if packet[0] & 0x80 == 0 { 0x1f } else { 0x0f };
        let length = usize::from(packet[0] & 3) + 1;
        packet[number_at..number_at + length].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
        Some(length)
    }

    /// Opens a packet whose mask is off; `largest` is the highest number that was seen of these packets. RFC 9001 §5.3.
    pub(in crate::wire) fn unseal(
        &self,
        mut bytes: Vec<u8>,
        number_at: usize,
        number_length: usize,
        largest: Option<u64>,
    ) -> Option<Opened> {
        let header = number_at + number_length;
        let truncated = bytes[number_at..header].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        let number = whole_number(truncated, number_length, largest);
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        let mut sealed = bytes.split_off(header);
        let tag = sealed.last_chunk::<TAG>().copied()?;
        let opened =
            self.key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&bytes), &mut sealed).ok()?;
        bytes.extend(&*opened);
        bytes.extend(tag);
        Some(Opened { number, number_length, bytes })
    }
}

#[cfg(test)]
impl Protection {
    /// Seals frames behind a header whose number is its last bytes, and puts the mask on: the other way round.
    pub(in crate::wire) fn seal(&self, header: &[u8], number: u64, frames: &[u8]) -> Vec<u8> {
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(byte, number)| *byte ^= number);
        let mut sealed = frames.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce, Aad::from(header), &mut sealed).expect("short");
        let mut packet = [header, &sealed].concat();
        let length = usize::from(header[0] & 3) + 1;
        let number_at = header.len() - length;
        let sample = &packet[number_at + 4..number_at + 20];
        let mask = HeaderProtectionKey::new(self.suite.header(), &self.header).expect("a key").new_mask(sample);
        let mask = mask.expect("sixteen bytes");
        packet[0] ^= mask[0] & if header[0] & 0x80 == 0 { 0x1f } else { 0x0f };
        packet[number_at..number_at + length].iter_mut().zip(&mask[1..]).for_each(|(byte, mask)| *byte ^= mask);
        packet
    }
}

/// The number closest to the one that is expected. RFC 9000 §A.3.
fn whole_number(truncated: u64, length: usize, largest: Option<u64>) -> u64 {
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let window = 1_u64 << (8 * length);
    let candidate = expected & !(window - 1) | truncated;
    if candidate.saturating_add(window / 2) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// Whether a Retry packet answers the client's first one, sent to `destination`. RFC 9001 §5.8.
pub(in crate::wire) fn retry_is_sound(packet: &[u8], destination: &[u8]) -> bool {
    let Some((retry, tag)) = packet.split_last_chunk::<TAG>() else { return false };
    let Ok(length) = u8::try_from(destination.len()) else { return false };
    let pseudo = [&[length], destination, retry].concat();
    let key = UnboundKey::new(&aead::AES_128_GCM, &RETRY_KEY).expect("sixteen bytes");
    let nonce = Nonce::assume_unique_for_key(RETRY_NONCE);
    let made = LessSafeKey::new(key).seal_in_place_separate_tag(nonce, Aad::from(pseudo), &mut []);
    made.is_ok_and(|made| made.as_ref() == tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::samples::{CLIENT_INITIAL, DESTINATION, RETRY, SERVER_INITIAL, bytes};

    fn open(protection: &Protection, packet: &str, number_at: usize, largest: Option<u64>) -> Option<Opened> {
        let mut packet = bytes(packet);
        let length = protection.unmask(&mut packet, number_at)?;
        protection.unseal(packet, number_at, length, largest)
    }

    /// RFC 9001 §A.1 to §A.3.
    #[test]
    fn the_initial_packets_of_the_rfc_are_opened() {
        let [client, server] = Protection::initial(&bytes(DESTINATION));
        assert_eq!(client.secret, bytes("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea"));
        assert_eq!(client.header, bytes("9f50449e04a0e810283a1e9933adedd2"));
        assert_eq!(server.iv.to_vec(), bytes("0ac1493ca1905853b0bba03e"));
        let opened = open(&client, CLIENT_INITIAL, 18, None).expect("it opens");
        assert_eq!((opened.number, opened.number_length, opened.bytes.len()), (2, 4, 1200));
        assert!(opened.bytes.starts_with(&bytes("c300000001088394c8f03e5157080000449e00000002060040f1010000ed0303")));
        let opened = open(&server, SERVER_INITIAL, 18, None).expect("it opens");
        assert_eq!(opened.number, 1);
        let start = "c1000000010008f067a5502a4262b5004075000102000000000600405a020000560303";
        assert!(opened.bytes.starts_with(&bytes(start)));
        assert_eq!(open(&server, CLIENT_INITIAL, 18, None), None, "another's keys");
    }

    /// RFC 9001 §A.4.
    #[test]
    fn the_retry_of_the_rfc_proves_itself() {
        let retry = bytes(RETRY);
        assert!(retry_is_sound(&retry, &bytes(DESTINATION)));
        assert!(!retry_is_sound(&retry, b"another"));
        assert!(!retry_is_sound(&retry[..10], &bytes(DESTINATION)));
    }

    /// RFC 9001 §A.5.
    #[test]
    fn the_short_header_of_the_rfc_is_opened_and_its_keys_are_updated() {
        let secret = bytes("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
        let protection = Protection::new(Suite::ChaCha20, &secret);
        let packet = "4cfe4189655e5cd55c41f69080575d7999c25a5bfb";
        let opened = open(&protection, packet, 1, Some(654_360_500)).expect("it opens");
        assert_eq!((opened.number, opened.number_length), (654_360_564, 3));
        assert_eq!(opened.bytes[..5], bytes("4200bff401"));
        let updated = protection.updated();
        assert_eq!(updated.secret, bytes("1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9"));
        assert_eq!(updated.header, protection.header);
    }

    /// RFC 9000 §A.3.
    #[test]
    fn the_whole_packet_number_is_the_one_closest_to_what_is_expected() {
        assert_eq!(whole_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
        assert_eq!(whole_number(0xff, 1, Some(0x100)), 0xff);
        assert_eq!(whole_number(0, 1, Some(0xff)), 0x100);
        assert_eq!(whole_number(7, 4, None), 7);
    }
}
