//! The secrets of connections by the client's random: the lines of a key log (draft-ietf-tls-keylogfile §2).
use std::collections::BTreeMap;

use data_encoding::HEXLOWER_PERMISSIVE;

/// More lines than this are not read.
const MOST_LINES: usize = 100_000;
/// Connections that begin with the same ClientHello, because one was replayed, have secrets of the same name.
const MOST_SAME: usize = 8;
/// The longest secret there is: a hash of 48 bytes, as TLS 1.2's master secret has too.
const LONGEST: usize = 64;

/// What opens connections.
#[derive(Clone, Debug, Default)]
pub(in crate::wire) struct Secrets(BTreeMap<[u8; 32], BTreeMap<String, Vec<Vec<u8>>>>);

impl Secrets {
    /// Reads lines of `LABEL client-random secret`; what is none is left aside, as the format asks.
    pub(in crate::wire) fn read(text: &str) -> Self {
        let mut all: BTreeMap<[u8; 32], BTreeMap<String, Vec<Vec<u8>>>> = BTreeMap::new();
        for line in text.lines().take(MOST_LINES) {
            if let Some((label, random, secret)) = parts(line) {
                let same: &mut Vec<Vec<u8>> = all.entry(random).or_default().entry(label).or_default();
                if !same.contains(&secret) && same.len() < MOST_SAME {
                    same.push(secret);
                }
            }
        }
        Self(all)
    }

    pub(in crate::wire) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secrets of that label (`CLIENT_HANDSHAKE_TRAFFIC_SECRET`) of connections whose ClientHello has this random: one,
    /// unless it was replayed.
    pub(in crate::wire) fn of(&self, random: &[u8], label: &str) -> impl Iterator<Item = &[u8]> {
        let all = self.0.get(random).and_then(|it| it.get(label));
        all.into_iter().flatten().map(Vec::as_slice)
    }
}

fn parts(line: &str) -> Option<(String, [u8; 32], Vec<u8>)> {
    let mut words = line.split_ascii_whitespace();
    let (label, random, secret) = (words.next()?, words.next()?, words.next()?);
    if label.starts_with('#') || secret.len() > 2 * LONGEST {
        return None;
    }
    let random = HEXLOWER_PERMISSIVE.decode(random.as_bytes()).ok()?.try_into().ok()?;
    let secret = HEXLOWER_PERMISSIVE.decode(secret.as_bytes()).ok()?;
    Some((label.to_owned(), random, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_are_left_aside() {
        let random = "ab".repeat(32);
        let text = format!(
            "# a comment\nA {random} 0102\nB {random}\nB {random} 01020\nB {random} zz\nA {random} 0303\n\nB x 01\n"
        );
        let secrets = Secrets::read(&text);
        assert_eq!(secrets.of(&[0xab; 32], "A").collect::<Vec<_>>(), [[1, 2], [3, 3]]);
        assert_eq!(secrets.of(&[0xab; 32], "B").count(), 0);
        assert_eq!(secrets.of(&[0xab; 31], "A").count(), 0);
        assert!(!secrets.is_empty() && Secrets::read("").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text: String) {
            Secrets::read(&text);
        }
    }
}
