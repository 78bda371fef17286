//! base64url without padding (RFC 4648 §5, §3.2): a message in the path of a request.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The bytes as text.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        // Three bytes are four letters of 6 bits; what is missing at the end counts as zeros.
        let word = (0..3).fold(0, |word, at| word << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        text.extend((0..=group.len()).map(|place| char::from(ALPHABET[word >> (18 - 6 * place) & 63])));
    }
    text
}

/// The text's bytes; `None` where it is no base64url, or ends in bits that should be zero (RFC 4648 §3.5).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut word, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|it| *it == letter)?;
        word = word << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits).ok()?);
            word &= (1 << bits) - 1;
        }
    }
    (bits < 6 && word == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_and_rfc_8484_come_out() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        // RFC 8484 §4.1.1: a query for the A records of www.example.com.
        let query = decode("AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB").expect("it is base64url");
        assert_eq!((query.len(), &query[12..16]), (33, &b"\x03www"[..]));
    }

    #[test]
    fn what_is_no_base64url_is_refused() {
        for text in ["Z", "Zg==", "Z+/8", "Zh", "Zm9vY", "Zm 9v", "Zäb"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_refused_or_one_way_to_write_its_bytes(text in "[A-Za-z0-9_-]{0,20}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
