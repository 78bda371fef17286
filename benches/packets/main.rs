//! How long a capture of a million packets takes to open.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
mod made;

use std::path::PathBuf;
use std::time::Instant;

fn main() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("million.pcap");
    if !path.exists() {
        let began = Instant::now();
        let bytes = made::write(&path, 1_000_000).expect("room on the disk");
        println!("made {bytes} bytes in {:?}", began.elapsed());
    }
}
