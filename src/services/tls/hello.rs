//! What a client says first, looked at before rustls reads it: one that is too old is told so.
//!
//! rustls misses the signature algorithms first, which a hello of TLS 1.1 does not have, and answers handshake_failure.
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::error::TlsError;
use crate::services::ahead::Ahead;

/// No hello that is longer is looked at: a record's length (RFC 8446 §5.1).
const MOST: usize = 1 << 14;
/// Before a record's fragment, and before a handshake message's body.
const RECORD: usize = 5;
const MESSAGE: usize = 4;
/// RFC 8446 §5.1, §4, §4.2.
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SUPPORTED_VERSIONS: [u8; 2] = [0, 43];
/// The oldest version that anything here speaks: TLS 1.2.
const OLDEST: [u8; 2] = [3, 3];

/// What the first bytes are.
enum First<'a> {
    /// There is more to come.
    Part,
    /// The body of a ClientHello.
    Hello(&'a [u8]),
    /// Something else, or too long: rustls says what is wrong with it.
    Other,
}

/// Looks at the hello. One that offers nothing from TLS 1.2 on is answered with the alert protocol_version (RFC 8446 §D.2,
/// RFC 5246 §E.1).
///
/// # Errors
/// When that was the answer, or the stream broke; with the stream.
pub(super) async fn look<S>(stream: S) -> Result<Ahead<S>, (TlsError, Ahead<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = Ahead::new(stream);
    loop {
        match first(stream.seen()) {
            First::Part => {}
            First::Hello(hello) if newest(hello).is_some_and(|it| it < OLDEST) => break,
            First::Hello(_) | First::Other => return Ok(stream),
        }
        match stream.look(MOST).await {
            Ok(0) => return Ok(stream),
            Ok(_) => {}
            Err(error) => return Err((error.into(), stream)),
        }
    }
    // RFC 8446 §6: a fatal alert, in a record whose version the client knows.
    let alert = [21, 3, 1, 0, 2, 2, 70];
    let error = match stream.write_all(&alert).await {
        Ok(()) => TlsError::NothingCommon("the client knows no version from TLS 1.2 on".to_owned()),
        Err(error) => error.into(),
    };
    Err((error, stream))
}

fn first(bytes: &[u8]) -> First<'_> {
    match bytes.first() {
        None => return First::Part,
        Some(&HANDSHAKE) => {}
        Some(_) => return First::Other,
    }
    let Some((head, rest)) = bytes.split_at_checked(RECORD) else { return First::Part };
    let record = usize::from(u16::from_be_bytes([head[3], head[4]]));
    let Some((message, _)) = rest.split_at_checked(record) else {
        return if record > MOST { First::Other } else { First::Part };
    };
    // A hello in several records is left to rustls.
    match message.split_at_checked(MESSAGE) {
        Some(([CLIENT_HELLO, a, b, c], body)) if u32::from_be_bytes([0, *a, *b, *c]).try_into() == Ok(body.len()) => {
            First::Hello(body)
        }
        _ => First::Other,
    }
}

/// The newest version that a ClientHello offers; RFC 8446 §4.2.1: where supported_versions is there, nothing else counts.
fn newest(hello: &[u8]) -> Option<[u8; 2]> {
    let (legacy, rest) = hello.split_first_chunk::<2>()?;
    let (_session, rest) = vector::<1>(rest.get(32..)?)?;
    let (_suites, rest) = vector::<2>(rest)?;
    let (_compression, rest) = vector::<1>(rest)?;
    if rest.is_empty() {
        return Some(*legacy);
    }
    let (mut extensions, _) = vector::<2>(rest)?;
    while let Some((kind, rest)) = extensions.split_first_chunk::<2>() {
        let (data, behind) = vector::<2>(rest)?;
        if *kind == SUPPORTED_VERSIONS {
            let (versions, _) = vector::<1>(data)?;
            // RFC 8701: what is of no version is passed over.
            return versions.chunks_exact(2).map(|it| [it[0], it[1]]).filter(|it| it[0] == 3).max();
        }
        extensions = behind;
    }
    Some(*legacy)
}

/// A vector with a length of so many bytes before it (RFC 8446 §3.4), and what is behind.
fn vector<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<N>()?;
    rest.split_at_checked(length.iter().fold(0, |sum, it| (sum << 8) | usize::from(*it)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ClientHello's record with these extensions.
    fn record(version: [u8; 2], extensions: Option<&[u8]>) -> Vec<u8> {
        let mut body = version.to_vec();
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x00, 0x2f, 1, 0]);
        if let Some(extensions) = extensions {
            body.extend([0, u8::try_from(extensions.len()).expect("short")]);
            body.extend(extensions);
        }
        let length = u8::try_from(body.len()).expect("short");
        [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], &body[..]].concat()
    }

    #[test]
    fn the_newest_version_is_the_extensions_where_there_is_one() {
        let of = |version, extensions| match first(&record(version, extensions)) {
            First::Hello(body) => newest(body),
            First::Part | First::Other => panic!("it is a hello"),
        };
        assert_eq!(
            (of([3, 2], None), of([3, 3], None), of([3, 1], Some(&[]))),
            (Some([3, 2]), Some([3, 3]), Some([3, 1]))
        );
        let both = [0, 10, 0, 0, 0, 43, 0, 7, 6, 0x7a, 0x7a, 3, 4, 3, 3];
        assert_eq!(of([3, 3], Some(&both)), Some([3, 4]));
        assert_eq!(of([3, 3], Some(&[0, 43, 0, 3, 2, 3, 2])), Some([3, 2]), "legacy_version does not count");
        assert_eq!(of([3, 2], Some(&[0, 43, 0, 30])), None, "what is cut off is left to rustls");
    }

    #[test]
    fn a_hello_that_comes_in_pieces_is_waited_for_and_other_bytes_are_not() {
        let whole = record([3, 2], None);
        assert!((0..whole.len()).all(|it| matches!(first(&whole[..it]), First::Part)));
        for other in [&b"GET / HTTP/1.1\r\n"[..], &[22, 3, 1, 0xff, 0xff], &[22, 3, 1, 0, 1, 1]] {
            assert!(matches!(first(other), First::Other), "{other:?}");
        }
    }

    /// Extensions, supported_versions among them where there are versions, as bytes.
    fn extensions(before: &[u8], versions: Option<&[[u8; 2]]>) -> Vec<u8> {
        let length = |it: &[u8]| u8::try_from(it.len()).expect("short");
        let mut all = [&[0, 0, 0, length(before)], before].concat();
        if let Some(versions) = versions {
            let versions = versions.concat();
            all.extend([0, 43, 0, length(&versions) + 1, length(&versions)]);
            all.extend(versions);
        }
        all
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_hello_or_not(mut bytes: Vec<u8>) {
            let _ = newest(&bytes);
            bytes.splice(..0, [22, 3, 1]);
            let _ = first(&bytes);
        }

        #[test]
        fn a_hello_offers_the_newest_of_its_versions_however_it_is_damaged(
            before in proptest::collection::vec(any::<u8>(), 0..40),
            versions in proptest::option::of(proptest::collection::vec([any::<u8>(), any::<u8>()], 0..12)),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut: prop::sample::Index,
        ) {
            let mut bytes = record([3, 3], Some(&extensions(&before, versions.as_deref())));
            let First::Hello(hello) = first(&bytes) else { panic!("it is a hello") };
            let newest_offered = match &versions {
                Some(versions) => versions.iter().copied().filter(|it| it[0] == 3).max(),
                None => Some([3, 3]),
            };
            prop_assert_eq!(newest(hello), newest_offered);
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                if let First::Hello(hello) = first(&bytes) {
                    let _ = newest(hello);
                }
            }
            let hello = &bytes[RECORD + MESSAGE..];
            let _ = newest(&hello[..cut.index(hello.len())]);
        }
    }
}
