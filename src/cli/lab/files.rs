//! The files that `lab up` writes for its clients: certificates, keys, a log of keys.
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::demos::quoted::pasted;
use crate::services::tls::Keys;
use crate::wire::text::visible;

/// Names that are tried for a file before it has its own.
const NAMES: u32 = 100;

/// Where they are: all beside the authority's certificate.
pub(super) struct Files {
    pub(super) authority: PathBuf,
    /// A client's certificate, and its key.
    pub(super) client: PathBuf,
    pub(super) client_key: PathBuf,
}

impl Files {
    pub(super) fn of(authority: PathBuf) -> Self {
        let beside = |name: &str| authority.with_file_name(name);
        Self { client: beside("lab-client.pem"), client_key: beside("lab-client-key.pem"), authority }
    }
}

/// Writes a file whole or not at all: a client may read it just now.
pub(super) fn write(path: &Path, text: &str, option: &str) -> anyhow::Result<()> {
    put(path, text, false).with_context(|| unwritable(path, option))
}

/// The same for nobody but this user to read.
pub(super) fn write_secret(path: &Path, text: &str, option: &str) -> anyhow::Result<()> {
    put(path, text, true).with_context(|| unwritable(path, option))
}

/// The log that programs which read captures open them with; lines are added to what is there.
pub(super) fn key_log(path: &Path) -> anyhow::Result<Keys> {
    let opened = folder(path).and_then(|()| private(OpenOptions::new().create(true).append(true), true).open(path));
    let opened = opened.and_then(|file| tightened(&file).map(|()| file));
    Ok(Keys::to(opened.with_context(|| unwritable(path, "--key-log"))?))
}

/// A path as a shell takes it, and as a terminal may show it.
pub(super) fn shown(path: &Path) -> String {
    let text = visible(path.to_string_lossy().as_bytes());
    pasted(&text)
}

fn unwritable(path: &Path, option: &str) -> String {
    format!("{} cannot be written: name another file with {option}", visible(path.to_string_lossy().as_bytes()))
}

fn put(path: &Path, text: &str, secret: bool) -> io::Result<()> {
    folder(path)?;
    let (mut file, beside) = new_beside(path, secret)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written
}

/// A file that nobody else has made: what already has the name, also a link, is passed over.
fn new_beside(path: &Path, secret: bool) -> io::Result<(File, PathBuf)> {
    let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..NAMES {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.{number}", std::process::id()));
        match private(OpenOptions::new().create_new(true).write(true), secret).open(&beside) {
            Ok(file) => return Ok((file, beside.into())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

/// The folder that a file is in, made where it is not there.
fn folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions, secret: bool) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(if secret { 0o600 } else { 0o644 })
}

/// A log that was there before may be open to others: from now on it has secrets. What is no file, as a pipe, is as it is.
#[cfg(unix)]
fn tightened(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let there = file.metadata()?;
    if there.is_file() && there.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn tightened(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions, _: bool) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        assert_eq!(shown(Path::new("/tmp/lab-ca.pem")), "/tmp/lab-ca.pem");
        assert_eq!(shown(Path::new("/tmp/my lab/it's.pem")), "'/tmp/my lab/it'\\''s.pem'");
        assert_eq!(shown(Path::new("/tmp/\u{1b}[2J")), "'/tmp/\\x1b[2J'");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_for_its_owner_only_and_what_cannot_be_written_names_the_option() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("new/key.pem");
        write_secret(&key, "secret", "--ca").expect("there is room");
        assert_eq!(fs::metadata(&key).expect("it is there").permissions().mode() & 0o777, 0o600);
        let below = key.join("file");
        let error = write(&below, "x", "--ca").expect_err("a file is no folder").to_string();
        assert!(error.ends_with("cannot be written: name another file with --ca"), "{error}");
        assert!(key_log(&below).expect_err("no folder").to_string().ends_with("with --key-log"));
    }

    #[cfg(unix)]
    #[test]
    fn what_others_put_in_the_way_is_not_written_to_and_what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, victim) = (folder.path().join("key.pem"), folder.path().join("victim"));
        fs::write(&victim, "mine").expect("there is room");
        let in_the_way = folder.path().join(format!("key.pem.{}.0", std::process::id()));
        std::os::unix::fs::symlink(&victim, &in_the_way).expect("a link");
        write_secret(&key, "secret", "--ca").expect("there are other names");
        assert_eq!(fs::read_to_string(&victim).expect("it is there"), "mine");
        assert_eq!(fs::read_to_string(&key).expect("it is there"), "secret");
        fs::remove_file(&in_the_way).expect("it is there");
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("full")).expect("there is room");
        write(&taken, "x", "--ca").expect_err("a folder is there");
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 3, "key, victim, taken");
    }

    #[cfg(unix)]
    #[test]
    fn a_log_of_keys_that_others_could_read_is_closed_to_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("keys.log");
        fs::write(&log, "old\n").expect("there is room");
        fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).expect("it is ours");
        key_log(&log).expect("it is ours");
        assert_eq!(fs::metadata(&log).expect("it is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&log).expect("it is there"), "old\n");
    }
}
