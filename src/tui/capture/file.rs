//! Where a capture comes from: a file or standard input, compressed with gzip or not.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use anyhow::{Context, bail};
use flate2::bufread::MultiGzDecoder;

use super::Opened;
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

/// A file whose packets are read when they are asked for.
struct OnDisk(File);

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

/// Reads a capture, `-` being standard input, with the keys of a key log.
pub fn open(file: &Path, keys: Option<&Path>) -> anyhow::Result<Opened> {
    let keys = keys.map_or(Ok(String::new()), key_log)?;
    let name = file.display().to_string();
    let opened = if file == Path::new("-") {
        from_pipe(stdin(), &keys).context("standard input")?
    } else {
        let opened = File::open(file).with_context(|| format!("{name} cannot be read"))?;
        from_file(opened, &keys).with_context(|| name.clone())?
    };
    let notes = opened.study.unread().into_iter().map(|(link, count)| {
        let packets = if count == 1 { "packet came" } else { "packets came" };
        format!("{name}: {count} {packets} over {}, which is not read: its bytes are shown as data", link.name())
    });
    let notes = notes.collect();
    Ok(Opened { fault: opened.fault.map(|it| format!("{name}: {it}")), notes, ..opened })
}

fn key_log(path: &Path) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("--keys: {} cannot be read", path.display()))?;
    file.take(MOST_KEYS)
        .read_to_end(&mut text)
        .with_context(|| format!("--keys: {} cannot be read", path.display()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn from_file(file: File, keys: &str) -> anyhow::Result<Opened> {
    let mut start = [0; 2];
    let read = file.read_at(&mut start, 0).unwrap_or(0);
    let is_plain = file.metadata().is_ok_and(|it| it.is_file()) && !is_gzip(&start[..read]);
    if !is_plain {
        return from_pipe(file, keys);
    }
    let indexer = Indexer::new(OnDisk(file.try_clone().context("it cannot be read")?));
    index(indexer, file, keys, |_| Ok(()))
}

/// From what is read only once: its bytes are kept.
fn from_pipe(input: impl Read + Send + 'static, keys: &str) -> anyhow::Result<Opened> {
    let mut input = BufReader::with_capacity(PIECE, input);
    // A pipe may give its first byte alone; then the rest is not compressed, or the reader of captures says so.
    let compressed = is_gzip(input.fill_buf().context("it cannot be read")?);
    let kept = Kept::default();
    let indexer = Indexer::new(kept.clone());
    let keep = |piece: &[u8]| {
        let mut held = kept.0.write().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(piece);
        if held.len() > MOST_BYTES {
            bail!(
                "it has more than 1 GiB, and cannot be read twice: write it into a file that is not compressed, and give that"
            )
        }
        Ok(())
    };
    if compressed { index(indexer, MultiGzDecoder::new(input), keys, keep) } else { index(indexer, input, keys, keep) }
}

fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// Reads all packets up to the end or to a fault. The next bytes are read while the last are looked at.
fn index(
    mut indexer: Indexer,
    input: impl Read + Send + 'static,
    keys: &str,
    mut keep: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<Opened> {
    let study = indexer.study();
    let (mut reader, mut ended) = (Reader::default(), false);
    let (send, pieces) = sync_channel(AHEAD);
    // It ends when nobody takes its pieces any more; what waits for a pipe is not waited for.
    thread::spawn(move || read_ahead(input, &send));
    let fault = loop {
        match reader.next_item() {
            Ok(Some(item)) => indexer.take(item),
            Ok(None) if ended => break None,
            Ok(None) => match pieces.recv() {
                Err(_) => {
                    reader.end();
                    ended = true;
                }
                Ok(Ok(piece)) => {
                    keep(&piece)?;
                    reader.push(&piece);
                }
                Ok(Err(error)) if study.count() == 0 => return Err(error).context("it cannot be read"),
                Ok(Err(error)) => break Some(format!("it cannot be read further: {}", visible(error.to_string()))),
            },
            Err(fault) if study.count() == 0 => return Err(fault.into()),
            Err(fault) => break Some(fault.to_string()),
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
