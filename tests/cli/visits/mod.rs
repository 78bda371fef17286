//! `demo handshake-timing --live` at servers that misbehave: each visit ends in time and in bounded memory, and says in which part
//! and why; the parts before it stay.
mod exports;
mod frames;
mod hostile;
mod server;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tutor::{Ended, Home};

/// What a visit may take of the machine: its program, and what it keeps of an answer.
const KILOBYTES: u32 = 800_000;
/// A part is given up after 10 s, a visit has a few of them; a loaded machine may take its time with a flood.
const MOST: Duration = Duration::from_secs(90);

/// A visit of a page of loopback, and what it came to.
pub(crate) struct Visited {
    pub(crate) ended: Ended,
    took: Duration,
    page: String,
}

/// Visits with these settings, trusting this authority; `environment` is the host's beside it.
pub(crate) fn visit(page: &str, settings: &[&str], ca: &str, environment: &[(&str, &str)]) -> Visited {
    let home = Home::new();
    let file = home.file("ca.pem", ca);
    let line = [&["demo", "handshake-timing", "--live", page, "--json"], settings].concat();
    let mut tutor = home.tutor_within(KILOBYTES, &line).env("SSL_CERT_FILE", file);
    for (name, value) in environment {
        tutor = tutor.env(name, value);
    }
    #[expect(clippy::disallowed_methods, reason = "how long it takes is the question")]
    let began = Instant::now();
    let ended = tutor.run();
    Visited { ended, took: began.elapsed(), page: page.to_owned() }
}

pub(crate) fn https(at: SocketAddr) -> String {
    format!("https://{at}/")
}

impl Visited {
    pub(crate) fn json(&self) -> Value {
        self.ended.json()
    }

    /// The kinds of its rows.
    pub(crate) fn rows(&self) -> Vec<String> {
        let json = self.json();
        let steps = json["steps"].as_array().cloned().unwrap_or_default();
        steps.iter().map(|it| it["kind"].as_str().expect("a word").to_owned()).collect()
    }

    /// It failed after these rows, in this part, with these words on the screen and as the message.
    #[track_caller]
    pub(crate) fn failed(&self, rows: &[&str], part: &str, why: &str) {
        let what = format!("{}: {}", self.page, self.ended.stderr);
        self.ended.code(3).warns(why);
        assert_eq!(self.rows(), [rows, &["failed"]].concat(), "{what}");
        let json = self.json();
        let last = json["steps"].as_array().and_then(|it| it.last()).expect("a row").clone();
        let (title, reason) = (last["title"].as_str().expect("a title"), last["why"].as_str().expect("a reason"));
        assert!(title.ends_with(&format!("in {part}")), "{title}; {what}");
        assert!(reason.contains(why), "{reason}; {what}");
        let bars = json["spans"].as_array().expect("a list");
        assert!(bars.iter().any(|it| it["name"] == format!("{part}: no end")), "{bars:?}; {what}");
        assert!(self.took < MOST, "it took {:?}: {what}", self.took);
    }
}
