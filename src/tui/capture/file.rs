//! Where a capture comes from: a file or standard input, compressed with gzip or not.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use std::{mem, thread};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;

use super::{Opened, Watch};
use crate::wire::capture::Reader;
use crate::wire::capture::indexer::Indexer;
use crate::wire::capture::study::Bytes;
use crate::wire::text::visible;

/// What cannot be read again, a pipe or what was compressed, is kept: of more bytes than this a part must be cut out first.
const MOST_BYTES: usize = 1 << 30;
/// A key log with more is none.
const MOST_KEYS: u64 = 64 << 20;
const PIECE: usize = 256 << 10;
/// So many pieces are read before they are asked for.
const AHEAD: usize = 4;
/// What was read is told after so many pieces, sooner where it is the first, and where no more comes for a while.
const TOLD: usize = 64;
const WHILE: Duration = Duration::from_millis(100);

/// Why a capture ends where it was stopped.
const STOPPED: &str = "its reading was stopped here";
const TOO_MUCH: &str = "of what cannot be read twice 1 GiB is kept, and it has more: write it into a file that is not compressed, \
                        and give that";

/// A file whose packets are read when they are asked for.
pub struct OnDisk(pub File);

impl Bytes for OnDisk {
    fn read(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.0.read_exact_at(&mut bytes, offset).ok().map(|()| bytes)
    }
}

/// What was read and cannot be read again.
#[derive(Clone, Default)]
struct Kept(Arc<RwLock<Vec<u8>>>);

impl Bytes for Kept {
    fn read(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).read(offset, length)
    }
}

/// Reads a capture, `-` being standard input, with the keys of a key log; `watch` is told on the way.
///
/// # Errors
/// When not one packet can be read; a later fault is told beside the packets before it.
pub fn open(file: &Path, keys: Option<&Path>, watch: &mut Watch<'_>) -> anyhow::Result<Opened> {
    let keys = keys.map_or(Ok(String::new()), key_log)?;
    let name = file.display().to_string();
    let opened = if file == Path::new("-") {
        from_pipe(stdin(), &keys, watch).context("standard input")?
    } else {
        let opened = File::open(file).with_context(|| format!("{name} cannot be read"))?;
        from_file(opened, &keys, watch).with_context(|| name.clone())?
    };
    let notes = opened.study.unread().into_iter().map(|(link, count)| {
        let packets = if count == 1 { "packet came" } else { "packets came" };
        format!("{name}: {count} {packets} over {}, which is not read: its bytes are shown as data", link.name())
    });
    let notes = notes.collect();
    Ok(Opened { fault: opened.fault.map(|it| format!("{name}: {it}")), notes, ..opened })
}

/// The lines of a key log.
///
/// # Errors
/// When it cannot be read.
pub fn key_log(path: &Path) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("--keys: {} cannot be read", path.display()))?;
    file.take(MOST_KEYS)
        .read_to_end(&mut text)
        .with_context(|| format!("--keys: {} cannot be read", path.display()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn from_file(file: File, keys: &str, watch: &mut Watch<'_>) -> anyhow::Result<Opened> {
    let mut start = [0; 2];
    let read = file.read_at(&mut start, 0).unwrap_or(0);
    let is_plain = file.metadata().is_ok_and(|it| it.is_file()) && !is_gzip(&start[..read]);
    if !is_plain {
        return from_pipe(file, keys, watch);
    }
    let indexer = Indexer::new(OnDisk(file.try_clone().context("it cannot be read")?));
    index(indexer, file, keys, (|_| true, watch))
}

/// From what is read only once: its bytes are kept.
fn from_pipe(input: impl Read + Send + 'static, keys: &str, watch: &mut Watch<'_>) -> anyhow::Result<Opened> {
    let mut input = BufReader::with_capacity(PIECE, input);
    // A pipe may give its first byte alone; then the rest is not compressed, or the reader of captures says so.
    let compressed = is_gzip(input.fill_buf().context("it cannot be read")?);
    let kept = Kept::default();
    let indexer = Indexer::new(kept.clone());
    let keep = |piece: &[u8]| {
        let mut held = kept.0.write().unwrap_or_else(PoisonError::into_inner);
        let fits = held.len() + piece.len() <= MOST_BYTES;
        if fits {
            held.extend_from_slice(piece);
        }
        fits
    };
    match compressed {
        true => index(indexer, MultiGzDecoder::new(input), keys, (keep, watch)),
        false => index(indexer, input, keys, (keep, watch)),
    }
}

fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// Reads all packets up to the end or to a fault. The next bytes are read while the last are looked at. `keep` says whether
/// there was room for a piece.
fn index(
    mut indexer: Indexer,
    input: impl Read + Send + 'static,
    keys: &str,
    (mut keep, watch): (impl FnMut(&[u8]) -> bool, &mut Watch<'_>),
) -> anyhow::Result<Opened> {
    let study = indexer.study();
    let (mut reader, mut untold) = (Reader::default(), 0);
    let (send, pieces) = sync_channel(AHEAD);
    // It ends when nobody takes its pieces any more; what waits for a pipe is not waited for.
    thread::spawn(move || read_ahead(input, &send));
    let fault = loop {
        if !(watch.wanted)() {
            break Some(STOPPED.to_owned());
        }
        let piece = match pieces.recv_timeout(WHILE) {
            Ok(Ok(piece)) => piece,
            Err(RecvTimeoutError::Timeout) => {
                if mem::take(&mut untold) > 0 {
                    (watch.grown)(&study);
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => {
                reader.end();
                match indexer.take(&mut reader) {
                    Err(fault) if study.count() == 0 => return Err(fault.into()),
                    ended => break ended.err().map(|it| it.to_string()),
                }
            }
            Ok(Err(error)) if study.count() == 0 => return Err(error).context("it cannot be read"),
            Ok(Err(error)) => break Some(format!("it cannot be read further: {}", visible(error.to_string()))),
        };
        if !keep(&piece) {
            break Some(TOO_MUCH.to_owned());
        }
        reader.push(&piece);
        let is_first = study.count() == 0;
        match indexer.take(&mut reader) {
            Err(fault) if study.count() == 0 => return Err(fault.into()),
            Err(fault) => break Some(fault.to_string()),
            Ok(()) => untold += 1,
        }
        if (is_first && study.count() > 0) || untold >= TOLD {
            (watch.grown)(&study);
            untold = 0;
        }
    };
    Ok(Opened { study: indexer.finish(keys), fault, notes: Vec::new() })
}

/// Sends what can be read, up to its end or to an error.
fn read_ahead(mut input: impl Read, send: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = input.read(&mut piece).map(|count| {
            piece.truncate(count);
            piece
        });
        let is_over = match &read {
            Ok(piece) if piece.is_empty() => return,
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => true,
        };
        if send.send(read).is_err() || is_over {
            return;
        }
    }
}
