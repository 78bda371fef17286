//! What the box changes in a hello, which nobody can seal: a pure function of the first record of one direction.

/// A record's head, and that of a handshake message in it (RFC 8446 §5.1, §4; RFC 5246 §6.2.1, §7.4).
const RECORD: usize = 5;
const MESSAGE: usize = 4;
/// In both hellos: the version and the random value go before the session id.
const RANDOM: usize = RECORD + MESSAGE + 2;
const SESSION: usize = RANDOM + 32;
/// The share of the key exchange (RFC 8446 §4.2).
const KEY_SHARE: [u8; 2] = [0, 51];
/// For private use (RFC 8446 §11): no client here asks for it.
const NOBODYS: [u8; 2] = [0xff, 0x02];
/// TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 (RFC 5289 §3.1): nobody here offers it.
const FOREIGN: [u8; 2] = [0xc0, 0x23];
/// DEFLATE (RFC 3749 §2), in place of 0.
const DEFLATE: u8 = 1;
/// A record with the message ServerHelloDone, which is empty (RFC 5246 §7.4.5).
const DONE: [u8; RECORD + MESSAGE] = [22, 3, 3, 0, 4, 14, 0, 0, 0];

/// What is done to a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// The client's record says that it is 65,535 bytes long.
    LongRecord,
    /// The client's list of cipher suites says that it is one byte longer.
    OddLength,
    /// One bit of the client's random value is the other.
    Random,
    /// The client's key share is taken out.
    NoClientShare,
    /// The server's key share is taken out.
    NoServerShare,
    /// The server's compression is one that nobody offered.
    Compression,
    /// The server's cipher suite is one that nobody offered.
    Suite,
    /// An extension is added to the server's that nobody asked for.
    Extension,
    /// Another message goes before the server's hello.
    Before,
}

impl Edit {
    /// Whether it is the client's hello that is changed.
    pub(super) const fn is_of_client(self) -> bool {
        matches!(self, Self::LongRecord | Self::OddLength | Self::Random | Self::NoClientShare)
    }

    /// What the box does, for the log.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::LongRecord => "the box writes 65535 into the length of the client's first record",
            Self::OddLength => "the box makes the length of the client's list of cipher suites one larger",
            Self::Random => "the box changes one bit of the client's random value",
            Self::NoClientShare => "the box takes the key share out of the client's hello, and mends the lengths",
            Self::NoServerShare => "the box takes the key share out of the server's hello, and mends the lengths",
            Self::Compression => "the box writes DEFLATE into the server's hello, where no compression stood",
            Self::Suite => "the box writes a cipher suite into the server's hello that the client did not offer",
            Self::Extension => "the box adds an extension to the server's hello that the client did not ask for",
            Self::Before => "the box sends the client a message ServerHelloDone before the server's hello",
        }
    }

    /// The record of a hello, changed; none where it is no such hello.
    pub(super) fn of(self, record: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = record.to_vec();
        let hello = Hello::read(record).filter(|it| it.is_of_client == self.is_of_client())?;
        match self {
            Self::LongRecord => bytes.get_mut(3..RECORD)?.fill(0xff),
            Self::OddLength => grow(&mut bytes, hello.suite, 2, 1)?,
            Self::Random => *bytes.get_mut(RANDOM)? ^= 1,
            Self::NoClientShare | Self::NoServerShare => {
                let (from, to) = hello.extension(record, KEY_SHARE)?;
                bytes.drain(from..to);
                hello.resize(&mut bytes, from.checked_signed_diff(to)?)?;
            }
            Self::Compression => *bytes.get_mut(hello.compression)? = DEFLATE,
            Self::Suite => bytes.get_mut(hello.suite..hello.suite + 2)?.copy_from_slice(&FOREIGN),
            Self::Extension => {
                let added = [NOBODYS, [0, 0]].concat();
                bytes.splice(hello.extensions + 2..hello.extensions + 2, added.iter().copied());
                hello.resize(&mut bytes, added.len().checked_signed_diff(0)?)?;
            }
            Self::Before => bytes.splice(..0, DONE).for_each(drop),
        }
        Some(bytes)
    }
}

/// Whether a whole record is there, and how long it is.
pub(super) fn whole(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(3..RECORD)?;
    Some(RECORD + number(length)).filter(|it| *it <= bytes.len())
}

/// Where the parts of a hello are in its record.
struct Hello {
    is_of_client: bool,
    /// The server's suite, or the length of the client's list.
    suite: usize,
    /// The server's compression, or the length of the client's list.
    compression: usize,
    /// The length of the extensions.
    extensions: usize,
}

impl Hello {
    fn read(record: &[u8]) -> Option<Self> {
        let is_of_client = match (record.first()?, record.get(RECORD)?) {
            (22, 1) => true,
            (22, 2) => false,
            _ => return None,
        };
        let suite = SESSION + 1 + usize::from(*record.get(SESSION)?);
        let compression = if is_of_client { suite + 2 + number(record.get(suite..suite + 2)?) } else { suite + 2 };
        let methods = usize::from(*record.get(compression)?);
        let extensions = compression + 1 + if is_of_client { methods } else { 0 };
        record.get(extensions..extensions + 2)?;
        Some(Self { is_of_client, suite, compression, extensions })
    }

    /// From where to where an extension goes.
    fn extension(&self, record: &[u8], kind: [u8; 2]) -> Option<(usize, usize)> {
        let mut at = self.extensions + 2;
        let end = at + number(record.get(self.extensions..at)?);
        while at < end {
            let to = at + 4 + number(record.get(at + 2..at + 4)?);
            if record.get(at..at + 2)? == kind {
                return (to <= end && end <= record.len()).then_some((at, to));
            }
            at = to;
        }
        None
    }

    /// The lengths after the extensions have grown by so many bytes: theirs, the message's, the record's.
    fn resize(&self, bytes: &mut [u8], by: isize) -> Option<()> {
        grow(bytes, self.extensions, 2, by)?;
        grow(bytes, RECORD + 1, 3, by)?;
        grow(bytes, 3, 2, by)
    }
}

/// Adds to a number that stands there in so many bytes.
fn grow(bytes: &mut [u8], at: usize, width: usize, by: isize) -> Option<()> {
    let field = bytes.get_mut(at..at + width)?;
    let grown = number(field).checked_add_signed(by)?.to_be_bytes();
    field.copy_from_slice(grown.last_chunk::<4>()?.get(4 - width..)?);
    Some(())
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, it| (sum << 8) | usize::from(*it))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Edit; 9] = [
        Edit::LongRecord,
        Edit::OddLength,
        Edit::Random,
        Edit::NoClientShare,
        Edit::NoServerShare,
        Edit::Compression,
        Edit::Suite,
        Edit::Extension,
        Edit::Before,
    ];

    /// A hello with a key share between two other extensions; a server's has another message behind it in its record.
    fn hello(is_of_client: bool) -> Vec<u8> {
        let extensions = [&[0, 43, 0, 2, 3, 4][..], &KEY_SHARE, &[0, 3, 7, 7, 7], &[0, 16, 0, 0]].concat();
        let choice: &[u8] = if is_of_client { &[0, 4, 0x13, 1, 0x13, 2, 1, 0] } else { &[0x13, 1, 0] };
        let body = [&[3, 3][..], &[9; 32], &[1, 8], choice, &[0, 17], &extensions].concat();
        let length = u8::try_from(body.len()).expect("short");
        let behind: &[u8] = if is_of_client { &[] } else { &[14, 0, 0, 0] };
        let all = length + 4 + u8::try_from(behind.len()).expect("short");
        [&[22, 3, 3, 0, all, if is_of_client { 1 } else { 2 }, 0, 0, length], &body[..], behind].concat()
    }

    #[test]
    fn an_edit_changes_what_it_says_and_keeps_the_lengths() {
        for edit in ALL {
            let before = hello(edit.is_of_client());
            let after = edit.of(&before).expect("it is such a hello");
            assert_ne!(before, after, "{edit:?}");
            assert_eq!(edit.of(&hello(!edit.is_of_client())), None, "{edit:?}: the other's is left alone");
            let grown = after.len().checked_signed_diff(before.len()).expect("short");
            let by = match edit {
                Edit::NoClientShare | Edit::NoServerShare => -7,
                Edit::Extension => 4,
                Edit::Before => 9,
                _ => 0,
            };
            assert_eq!(grown, by, "{edit:?}");
            match edit {
                Edit::LongRecord => assert_eq!(whole(&after), None),
                Edit::Before => assert_eq!(after[9..], before),
                _ => assert_eq!(whole(&after), Some(after.len()), "{edit:?}"),
            }
            if let Edit::NoClientShare | Edit::NoServerShare | Edit::Extension = edit {
                let hello = Hello::read(&after).expect("it still is one");
                assert_eq!(hello.extension(&after, KEY_SHARE).is_some(), edit == Edit::Extension);
                assert!(hello.extension(&after, [0, 16]).is_some(), "{edit:?}: the others are there");
                let message = number(&after[6..9]);
                let end = hello.extensions + 2 + number(&after[hello.extensions..hello.extensions + 2]);
                assert_eq!(RECORD + MESSAGE + message, end, "{edit:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_record_is_changed_or_left(mut bytes: Vec<u8>, client: bool) {
            let _ = (whole(&bytes), ALL.map(|it| it.of(&bytes)));
            bytes.splice(..0, [22, 3, 3, 0, 200, if client { 1 } else { 2 }, 0, 0, 196]);
            let _ = (whole(&bytes), ALL.map(|it| it.of(&bytes)));
        }

        #[test]
        fn a_damaged_hello_is_changed_or_left(client: bool, at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
            let mut bytes = hello(client);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = (whole(&bytes), ALL.map(|it| it.of(&bytes)));
            bytes.truncate(cut.index(bytes.len()));
            let _ = (whole(&bytes), ALL.map(|it| it.of(&bytes)));
        }
    }
}
