//! The secrets of connections, as programs that read captures want them (the SSLKEYLOGFILE format).
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use rustls::KeyLog;

/// More than this is not kept: some 20,000 connections.
const MOST_BYTES: usize = 16 << 20;

/// What opens the captures of a world's connections. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    text: String,
    /// Where lines go at once, instead of being kept.
    out: Option<Box<dyn Write + Send>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No secret in a message.
        f.debug_struct("Kept").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys that are written down line by line, and not kept.
    pub fn to(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Kept { text: String::new(), out: Some(Box::new(out)) })))
    }

    /// All lines that are kept: `LABEL client-random secret`, in hexadecimal.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }
}

impl KeyLog for Keys {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", HEXLOWER.encode(client_random), HEXLOWER.encode(secret));
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { text, out } = &mut *guard;
        if let Some(it) = out {
            // A full disk ends the log and no connection: whoever reads the log sees that it stops.
            if it.write_all(line.as_bytes()).and_then(|()| it.flush()).is_err() {
                *it = Box::new(io::sink());
            }
        } else if text.len() < MOST_BYTES {
            text.push_str(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place that takes so many lines.
    struct Small(Arc<Mutex<Vec<u8>>>, usize);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = self.1.checked_sub(1).ok_or_else(|| io::Error::other("full"))?;
            self.0.lock().expect("nobody panics").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_go_out_at_once_until_there_is_no_room() {
        let read = Arc::<Mutex<Vec<u8>>>::default();
        let keys = Keys::to(Small(Arc::clone(&read), 1));
        for _ in 0..3 {
            keys.log("LABEL", &[1, 2], &[0xff]);
        }
        assert_eq!(read.lock().expect("nobody panics").as_slice(), b"LABEL 0102 ff\n");
        assert_eq!(keys.text(), "");
        let kept = Keys::default();
        kept.log("LABEL", &[1], &[2]);
        assert_eq!((kept.text().as_str(), format!("{kept:?}").contains("02")), ("LABEL 01 02\n", false));
    }
}
