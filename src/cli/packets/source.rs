//! Where a capture comes from: a file or standard input, compressed with gzip or not.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, stdin};
use std::path::Path;

use anyhow::{Context, bail};
use flate2::bufread::MultiGzDecoder;

use crate::cli::streams::tell;
use crate::wire::capture::study::{Collected, Study};
use crate::wire::capture::{Item, Reader};
use crate::wire::text::visible;

/// Packets are held while they are looked at together: of more bytes than this a part must be cut out first.
const MOST_BYTES: usize = 1 << 30;
/// A key log with more is none.
const MOST_KEYS: u64 = 64 << 20;
const PIECE: usize = 64 << 10;

/// A capture as far as it could be read.
pub(super) struct Opened {
    pub(super) study: Study,
    /// Why it ends before its end.
    pub(super) fault: Option<String>,
}

/// Reads a capture, `-` being standard input, with the keys of a key log.
pub(super) fn open(file: &Path, keys: Option<&Path>) -> anyhow::Result<Opened> {
    let keys = keys.map_or(Ok(String::new()), key_log)?;
    let name = file.display().to_string();
    let (collected, fault) = if file == Path::new("-") {
        collect(stdin().lock()).context("standard input")?
    } else {
        let opened = File::open(file).with_context(|| format!("{name} cannot be read"))?;
        collect(opened).with_context(|| name.clone())?
    };
    let study = collected.study(&keys);
    for (link, count) in study.unread() {
        let packets = if count == 1 { "packet came" } else { "packets came" };
        tell(&format!(
            "roundtrip: {name}: {count} {packets} over {}, which is not read: its bytes are shown as data",
            link.name()
        ));
    }
    Ok(Opened { study, fault: fault.map(|it| format!("{name}: {it}")) })
}

fn key_log(path: &Path) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("--keys: {} cannot be read", path.display()))?;
    file.take(MOST_KEYS)
        .read_to_end(&mut text)
        .with_context(|| format!("--keys: {} cannot be read", path.display()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// All packets up to the end or to a fault.
fn collect(input: impl Read) -> anyhow::Result<(Collected, Option<String>)> {
    let mut input = BufReader::with_capacity(PIECE, input);
    // A pipe may give its first byte alone; then the rest is not compressed, or the reader of captures says so.
    let is_gzip = input.fill_buf().context("it cannot be read")?.starts_with(&[0x1f, 0x8b]);
    if is_gzip { pieces(MultiGzDecoder::new(input)) } else { pieces(input) }
}

fn pieces(mut input: impl Read) -> anyhow::Result<(Collected, Option<String>)> {
    let (mut reader, mut collected) = (Reader::default(), Collected::default());
    let (mut piece, mut held, mut ended) = (vec![0; PIECE], 0, false);
    loop {
        match reader.next_item() {
            Ok(Some(item)) => {
                if let Item::Packet(it) = &item {
                    held += it.bytes.len();
                }
                collected.take(item);
            }
            Ok(None) if ended => return Ok((collected, None)),
            Ok(None) => match input.read(&mut piece) {
                Ok(0) => {
                    reader.end();
                    ended = true;
                }
                Ok(count) => reader.push(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if collected.packets.is_empty() => return Err(error).context("it cannot be read"),
                Err(error) => {
                    return Ok((collected, Some(format!("it cannot be read further: {}", visible(error.to_string())))));
                }
            },
            Err(fault) if collected.packets.is_empty() => return Err(fault.into()),
            Err(fault) => return Ok((collected, Some(fault.to_string()))),
        }
        if held > MOST_BYTES {
            bail!(
                "its packets have more than 1 GiB: cut a part out first, with `editcap -r FILE part.pcapng 1-100000`"
            );
        }
    }
}
