//! qlog (draft-ietf-quic-qlog-main-schema): what an end of QUIC did, for programs that draw it.
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use quinn::{QlogConfig, QlogStream};
use serde_json::{Value, json};

use crate::net::Clock;
use crate::recording::Time;

/// More than this is not kept.
const MOST_BYTES: usize = 16 << 20;
/// What begins a record of a JSON text sequence (RFC 7464 §2.2).
const RECORD: char = '\u{1e}';

/// The log of one end. Clones share it.
#[derive(Clone, Debug)]
pub struct Qlog {
    title: String,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Qlog {
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), written: Arc::default() }
    }

    /// Where the library writes it; events are dated from the beginning of the world.
    pub(super) fn stream(&self, clock: &Clock) -> Option<QlogStream> {
        let mut config = QlogConfig::default();
        config.writer(Box::new(self.clone())).title(Some(self.title.clone()));
        config.start_time(clock.instant(Time::ZERO));
        config.into_stream()
    }

    /// The log so far as one JSON document, as qvis and other programs read it.
    #[must_use]
    pub fn text(&self) -> String {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&written);
        // A record that was cut off is left out.
        let mut records = text.split(RECORD).filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let head = records.next().unwrap_or_default();
        let mut trace = head.get("trace").cloned().unwrap_or_else(|| json!({}));
        if let Some(trace) = trace.as_object_mut() {
            trace.insert("events".to_owned(), records.collect());
        }
        let version = head.get("qlog_version").cloned().unwrap_or_default();
        let document = json!({
            "qlog_version": version, "qlog_format": "JSON", "title": self.title, "traces": [trace],
        });
        serde_json::to_string_pretty(&document).expect("a document of texts and numbers") + "\n"
    }
}

impl Write for Qlog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() < MOST_BYTES {
            written.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
