//! The Huffman code of header strings: frequent characters take five bits, rare ones up to thirty. RFC 7541 §5.2, §B.
use std::sync::LazyLock;

/// The bits of each byte's code, and of EOS at last. The code is canonical: codes of one length count upwards by byte.
static LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
    10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
    5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22,
    22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
    22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28,
    27, 27, 27, 27, 27, 26, 30,
];
/// The end of a string, which never stands in one: its first bits fill the last byte.
const EOS: usize = 256;
const LONGEST: usize = 30;

static CODE: LazyLock<Code> = LazyLock::new(Code::new);

/// The text of a coded string. `None` where the code is broken: EOS inside, or a filling that is none.
pub(in crate::wire) fn decode(coded: &[u8]) -> Option<Vec<u8>> {
    let code = &*CODE;
    let mut text = Vec::new();
    let (mut value, mut length) = (0_u32, 0_usize);
    for bit in coded.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        value = value << 1 | u32::from(bit);
        length += 1;
        match code.symbol(value, length) {
            Some(EOS) => return None,
            Some(symbol) => {
                text.push(u8::try_from(symbol).ok()?);
                (value, length) = (0, 0);
            }
            None if length >= LONGEST => return None,
            None => {}
        }
    }
    // RFC 7541 §5.2: fewer than eight bits are left, all of them ones.
    (length < 8 && value == (1 << length) - 1).then_some(text)
}

/// How many bytes a text takes in this code.
#[must_use]
pub fn coded_length(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(LENGTHS[usize::from(*byte)])).sum::<usize>().div_ceil(8)
}

/// By the length of a code: the first code, where its symbols begin, and all symbols in the order of their codes.
struct Code {
    first: [u32; LONGEST + 2],
    start: [usize; LONGEST + 2],
    symbols: Vec<usize>,
}

impl Code {
    fn new() -> Self {
        let mut code = Self { first: [0; LONGEST + 2], start: [0; LONGEST + 2], symbols: Vec::with_capacity(257) };
        for length in 1..=LONGEST {
            let before = code.symbols.len();
            code.symbols.extend((0..LENGTHS.len()).filter(|symbol| usize::from(LENGTHS[*symbol]) == length));
            let here = u32::try_from(code.symbols.len() - before).expect("257 symbols at most");
            code.first[length + 1] = (code.first[length] + here) << 1;
            code.start[length + 1] = code.symbols.len();
        }
        code
    }

    /// The symbol of exactly these bits.
    fn symbol(&self, value: u32, length: usize) -> Option<usize> {
        let offset = usize::try_from(value.checked_sub(self.first[length])?).ok()?;
        let at = self.start[length] + offset;
        (at < self.start[length + 1]).then(|| self.symbols[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digits: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(digits.as_bytes()).expect("hexadecimal digits")
    }

    /// RFC 7541 §C.4, §C.6.
    #[test]
    fn the_strings_of_the_rfc_are_read() {
        for (coded, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ] {
            assert_eq!(decode(&hex(coded)).as_deref(), Some(text.as_bytes()));
            assert_eq!(coded_length(text.as_bytes()), coded.len() / 2);
        }
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        assert_eq!(decode(&[0xff; 4]), None, "EOS");
        assert_eq!(decode(&[0x1f, 0xff]), None, "a whole byte of filling");
        assert_eq!(decode(&[0x18]), None, "a filling of zeros");
        assert_eq!(decode(&[]), Some(Vec::new()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(coded: Vec<u8>) {
            if let Some(text) = decode(&coded) {
                proptest::prop_assert_eq!(coded_length(&text), coded.len());
            }
        }
    }
}
