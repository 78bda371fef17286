//! The real binary in a real pseudo-terminal: first paint, memory, and what it does while nobody does anything.
//!
//! `cargo bench --bench terminal`, with `-- --peer presenterm` to start that on a small deck in turn with ours, in the same
//! run on the same machine. The terminal answers what a program asks it at the start, as a real one does.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#[path = "shared/running.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod running;

use std::path::Path;
use std::time::Duration;

use portable_pty::CommandBuilder;
use running::Running;

/// Starts of each program.
const STARTS: usize = 40;

const DECK: &str = "---\ntitle: A deck\nauthor: nobody\n---\n\nFirst\n===\n\n* one\n* two\n\n<!-- end_slide -->\n\nSecond\n===\n\nText.\n";

fn main() {
    let home = tempfile::tempdir().expect("a folder");
    let peer = std::env::args().skip_while(|it| it != "--peer").nth(1);
    first_paint(home.path(), peer.as_deref());
    memory_and_idling(home.path());
}

/// Starts ours and the peer in turn.
fn first_paint(home: &Path, peer: Option<&str>) {
    let deck = home.join("deck.md");
    std::fs::write(&deck, DECK).expect("a deck");
    let (mut ours, mut full, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut tutor = Running::start(home, roundtrip(&[]));
        ours.push(tutor.until(|screen| !screen.trim().is_empty()));
        full.push(tutor.until(|screen| screen.contains("Layers are questions")));
        tutor.end();
        if let Some(peer) = peer {
            let mut command = CommandBuilder::new(peer);
            command.arg(&deck);
            let mut peer = Running::start(home, command);
            theirs.push(peer.until(|screen| !screen.trim().is_empty()));
            peer.end();
        }
    }
    println!("from the start of the process, {STARTS} times      p50       p90");
    let ours = told("roundtrip: first painted cell", ours);
    told("roundtrip: home with the course", full);
    if peer.is_some() {
        let theirs = told("peer: first painted cell", theirs);
        println!("ratio of the medians: {:.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    }
}

fn told(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what:<42} {:>9.2?} {:>9.2?}", at(50), at(90));
    at(50)
}

/// Memory after a lesson with a demo; ticks of processor time and bytes written while idle.
fn memory_and_idling(home: &Path) {
    let mut tutor = Running::start(home, roundtrip(&[]));
    tutor.until(|screen| screen.contains("Layers are questions"));
    tutor.idle("home");
    tutor.keys("\r").until(|screen| screen.contains("step 1 of"));
    for step in 2..=8 {
        tutor.keys("n").until(|screen| screen.contains(&format!("step {step} of")));
        if step == 4 {
            tutor.keys("4\r").until(|screen| screen.contains("Measured"));
        }
    }
    tutor.idle("a lesson");
    println!(
        "resident after a lesson with its demo: {} kB, at most {} kB",
        tutor.status("VmRSS:"),
        tutor.status("VmHWM:")
    );
    tutor.end();
}

fn roundtrip(arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_roundtrip"));
    command.args(arguments);
    command
}
