//! Files the tutor reads and writes: bounded, and never over another file.
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::wire::capture::copy::Gone;

/// How many names are tried before a folder is given up.
const MOST_NAMES: u32 = 1000;

/// A file of at most `most` bytes; a larger one comes cut off one byte above, so that its reader can refuse it.
///
/// # Errors
/// When it is no regular file (a pipe or a device may never end), or cannot be read.
pub fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a new file and gives its name: the wished one, or with a number where that is taken.
///
/// # Errors
/// When the folder does not allow it, or the disk is full.
pub fn write_new(wished: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    for number in 1..=MOST_NAMES {
        let path = numbered(wished, number);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => return file.write_all(bytes).map(|()| path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are a thousand files of that name"))
}

/// Why a file was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("there is a file of that name already")]
    Taken,
    #[error("it cannot be written: {0}")]
    Failed(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Taken,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Writes a file that is there whole or not at all: beside its place first, then under its name. `over` says whether it may
/// take the place of another.
///
/// # Errors
/// When there is a file of that name and `over` is false; when the folder does not allow it, or the disk is full.
pub fn write_whole<T>(
    path: &Path,
    over: bool,
    write: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<T>,
) -> Result<T, Refused> {
    if !over && path.symlink_metadata().is_ok() {
        return Err(Refused::Taken);
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = BufWriter::new(builder.prefix(".roundtrip-").tempfile_in(folder)?);
    let written = write(&mut |bytes| file.write_all(bytes))?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    let kept = if over { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map_err(|it| it.error)?;
    Ok(written)
}

/// `run.json`, `run-2.json`, ...: the number stands before the first dot of the file's name.
fn numbered(wished: &str, number: u32) -> PathBuf {
    let path = Path::new(wished);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (stem, rest) = name.split_once('.').map_or((name, String::new()), |(stem, rest)| (stem, format!(".{rest}")));
    let number = if number == 1 { String::new() } else { format!("-{number}") };
    path.with_file_name(format!("{stem}{number}{rest}"))
}

impl From<Gone> for io::Error {
    fn from(gone: Gone) -> Self {
        Self::other(gone.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let wished = folder.path().join("demo-1.run.json");
        let wished = wished.to_str().expect("UTF-8");
        fs::write(wished, b"mine").expect("a file");
        let written = write_new(wished, b"new").expect("another name");
        assert!(written.ends_with("demo-1-2.run.json"), "{written:?}");
        assert_eq!(fs::read(wished).expect("still there"), b"mine");
        assert_eq!(fs::read(written).expect("there"), b"new");
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_takes_no_others_place_unasked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pcapng");
        let names = || fs::read_dir(folder.path()).expect("a folder").count();
        let write = |over, text: &'static str| {
            write_whole(&path, over, |put| put(text.as_bytes()).and_then(|()| put(b"!")).map(|()| text.len()))
        };
        assert_eq!(write(false, "one"), Ok(3));
        assert_eq!(fs::read(&path).expect("there"), b"one!");
        assert_eq!(write(false, "two"), Err(Refused::Taken));
        assert_eq!(fs::read(&path).expect("there"), b"one!");
        let broken: Result<(), Refused> =
            write_whole(&path, true, |put| put(b"half").and_then(|()| Err(io::Error::other("the disk is full"))));
        assert_eq!(broken, Err(Refused::Failed("the disk is full".to_owned())));
        assert_eq!((fs::read(&path).expect("there").as_slice(), names()), (&b"one!"[..], 1));
        assert_eq!(write(true, "three"), Ok(5));
        assert_eq!((fs::read(&path).expect("there").as_slice(), names()), (&b"three!"[..], 1));
        assert!(matches!(write_whole(&folder.path().join("no/file"), false, |_| Ok(())), Err(Refused::Failed(_))));
    }

    #[test]
    fn a_large_file_comes_cut_and_a_device_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("large");
        fs::write(&file, vec![0; 100]).expect("a file");
        assert_eq!(read(&file, 10).expect("its start").len(), 11);
        assert!(read(Path::new("/dev/zero"), 10).is_err());
        assert!(read(folder.path(), 10).is_err());
    }
}
