//! The secrets of connections, as programs that read captures want them (the SSLKEYLOGFILE format).
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use rustls::KeyLog;

/// More than this is not kept: some 20,000 connections.
const MOST_BYTES: usize = 16 << 20;

/// What opens the captures of a world's connections. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Keys(Arc<Mutex<String>>);

impl Keys {
    /// All lines so far: `LABEL client-random secret`, in hexadecimal.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl KeyLog for Keys {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if text.len() < MOST_BYTES {
            writeln!(text, "{label} {} {}", HEXLOWER.encode(client_random), HEXLOWER.encode(secret))
                .expect("a String takes all text");
        }
    }
}
