//! What the two hellos settle: whose secrets open the connection, which version and which suite.

/// The random of a HelloRetryRequest: SHA-256 of those words (RFC 8446 §4.1.3).
const RETRY: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];

/// Of a ServerHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) random: [u8; 32],
    pub(super) suite: u16,
    pub(super) is_13: bool,
}

/// The random of a ClientHello's body.
pub(super) fn client_random(body: &[u8]) -> Option<[u8; 32]> {
    body.get(2..34)?.try_into().ok()
}

/// What a ServerHello's body says; `None` for a HelloRetryRequest, too, which settles nothing yet.
pub(super) fn chosen(body: &[u8]) -> Option<Chosen> {
    let random: [u8; 32] = body.get(2..34)?.try_into().ok()?;
    if random.starts_with(&RETRY) {
        return None;
    }
    let after = body.get(35 + usize::from(*body.get(34)?)..)?;
    let suite = u16::from_be_bytes(*after.first_chunk()?);
    // RFC 8446 §4.2.1: the extension names the version; without it, it is 1.2 at the most.
    let is_13 = extension(after.get(3..).unwrap_or_default(), 43) == Some(&[3, 4]);
    Some(Chosen { random, suite, is_13 })
}

/// The protocol that was agreed on (ALPN), in a ServerHello's body (TLS 1.2).
pub(super) fn protocol_of_hello(body: &[u8]) -> Option<Vec<u8>> {
    let after = body.get(35 + usize::from(*body.get(34)?)..)?;
    protocol(after.get(3..)?)
}

/// The same in a list of extensions, as EncryptedExtensions is one (TLS 1.3).
pub(super) fn protocol(extensions: &[u8]) -> Option<Vec<u8>> {
    let list = extension(extensions, 16)?;
    // RFC 7301 §3.1: a list of exactly one name.
    let length = usize::from(*list.get(2)?);
    Some(list.get(3..3 + length)?.to_vec())
}

/// The data of an extension in a list with its length in front.
fn extension(list: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = list.get(2..)?;
    loop {
        let kind = u16::from_be_bytes(*rest.first_chunk()?);
        let length = usize::from(u16::from_be_bytes(*rest.get(2..)?.first_chunk()?));
        let data = rest.get(4..4 + length)?;
        if kind == wanted {
            return Some(data);
        }
        rest = &rest[4 + length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_settles_nothing_and_a_hello_says_version_and_suite() {
        let mut hello = [vec![3, 3], vec![7; 32], vec![1, 9], vec![0x13, 1, 0], vec![0, 6, 0, 43, 0, 2, 3, 4]].concat();
        assert_eq!(chosen(&hello), Some(Chosen { random: [7; 32], suite: 0x1301, is_13: true }));
        hello[2..10].copy_from_slice(&RETRY);
        assert_eq!(chosen(&hello), None);
        let old = [vec![3, 3], vec![7; 32], vec![0], vec![0xc0, 0x2b, 0], vec![0, 9, 0, 16, 0, 5, 0, 3, 2, b'h', b'2']];
        let old = old.concat();
        assert_eq!(chosen(&old).map(|it| (it.suite, it.is_13)), Some((0xc02b, false)));
        assert_eq!(protocol_of_hello(&old).as_deref(), Some(&b"h2"[..]));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at(body: Vec<u8>) {
            let _ = (client_random(&body), chosen(&body), protocol_of_hello(&body), protocol(&body));
        }
    }
}
