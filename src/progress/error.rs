//! What can go wrong with the progress file, each with what to do about it.
use std::path::{Path, PathBuf};

use rusqlite::{Error as Sql, ErrorCode};

/// A progress file that cannot be used. Nothing in it is ever deleted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its schema is of a later version.
    #[error(
        "{} was written by a newer Roundtrip (schema {found}, this one knows {known}): update Roundtrip, or use another folder with --data DIR",
        .path.display()
    )]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// Not a database, or one whose pages contradict each other.
    #[error(
        "{} is damaged ({detail}): it is kept as it is; put a copy back, or begin anew: `roundtrip progress --set-aside` moves it to {}",
        .path.display(), .aside.display()
    )]
    Damaged { path: PathBuf, aside: PathBuf, detail: String },
    /// A database of another program.
    #[error("{} is a database of another program: name another folder with --data DIR", .path.display())]
    Foreign { path: PathBuf },
    /// The file or its folder may not be written.
    #[error(
        "{} cannot be written: give yourself the right to write it, or name another folder with --data DIR",
        .path.display()
    )]
    ReadOnly { path: PathBuf },
    /// No room for what was to be stored; it is not stored.
    #[error("the disk that holds {} is full: free some space and try again; what was stored before is safe", .path.display())]
    Full { path: PathBuf },
    /// The folder is not there and cannot be made.
    #[error("cannot make the folder {}: {source}; name another one with --data DIR", .folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    /// The file cannot be opened or made.
    #[error("cannot open {}: name another folder with --data DIR", .path.display())]
    CannotOpen { path: PathBuf },
    /// Another instance writes and does not come to an end.
    #[error("another Roundtrip is writing to {}: try again in a moment", .path.display())]
    Busy { path: PathBuf },
    /// The disk failed, or an error without a case of its own.
    #[error("{} could not be read or written: {source}", .path.display())]
    Failed { path: PathBuf, source: Sql },
}

impl StoreError {
    pub(super) fn of(path: &Path, error: Sql) -> Self {
        let path = path.to_owned();
        match (&error, error.sqlite_error_code()) {
            (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            | (Sql::FromSqlConversionFailure(..) | Sql::InvalidColumnType(..) | Sql::IntegralValueOutOfRange(..), _) => {
                Self::damaged(&path, error.to_string())
            }
            (_, Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied)) => Self::ReadOnly { path },
            (_, Some(ErrorCode::DiskFull)) => Self::Full { path },
            (_, Some(ErrorCode::CannotOpen)) => Self::CannotOpen { path },
            (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => Self::Busy { path },
            _ => Self::Failed { path, source: error },
        }
    }

    pub(super) fn damaged(path: &Path, detail: String) -> Self {
        Self::Damaged { path: path.to_owned(), aside: aside(path), detail }
    }
}

/// A name beside `path` that is free.
pub(super) fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(|| "progress".to_owned(), |name| name.to_string_lossy().into_owned());
    let numbered = (1..1_000).map(|number| path.with_file_name(format!("{name}.damaged-{number}")));
    let fallback = path.with_file_name(format!("{name}.damaged"));
    numbered.into_iter().find(|candidate| !candidate.exists()).unwrap_or(fallback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_what_to_do() {
        let path = PathBuf::from("/home/me/progress.db");
        let sql = |code: i32| Sql::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let errors = [
            StoreError::Newer { path: path.clone(), found: 9, known: 1 },
            StoreError::Foreign { path: path.clone() },
            StoreError::Folder { folder, source: std::io::ErrorKind::PermissionDenied.into() },
            StoreError::of(&path, sql(rusqlite::ffi::SQLITE_CORRUPT)),
            StoreError::of(&path, sql(rusqlite::ffi::SQLITE_READONLY)),
            StoreError::of(&path, sql(rusqlite::ffi::SQLITE_FULL)),
            StoreError::of(&path, sql(rusqlite::ffi::SQLITE_CANTOPEN)),
            StoreError::of(&path, sql(rusqlite::ffi::SQLITE_BUSY)),
            StoreError::of(&path, sql(rusqlite::ffi::SQLITE_IOERR)),
        ];
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
