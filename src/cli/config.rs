//! The configuration file: three settings, each of which a flag overrides. What cannot be read is told and left out.
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::arguments::Options;
use super::folders;
use crate::content::SourceFile;
use crate::tui::files;
use crate::tui::theme::{NAMES, Theme};
use crate::wire::text::visible;

/// A larger file is no configuration and no theme.
const MOST_BYTES: usize = 64 << 10;

/// What the file says.
#[derive(Debug, Default)]
struct Config {
    theme: Option<Theme>,
    content: Option<PathBuf>,
    data: Option<PathBuf>,
}

/// The options with the file's settings where no flag was given, and what is wrong with the file.
pub(super) fn under(mut flags: Options) -> Options {
    let Some(path) = path() else { return flags };
    let (config, trouble) = match bounded(&path) {
        Ok(text) => read(&path, text),
        Err(error) if error.kind() == ErrorKind::NotFound => return flags,
        Err(error) => (Config::default(), Some(format!("{}: {error}; the defaults hold", path.display()))),
    };
    flags.theme = flags.theme.or(config.theme);
    flags.content = flags.content.or(config.content);
    flags.data = flags.data.or(config.data);
    flags.trouble = trouble;
    flags
}

/// `$XDG_CONFIG_HOME/roundtrip/config.toml`, on macOS too; `None` without a home.
fn path() -> Option<PathBuf> {
    let folder = folders::xdg("XDG_CONFIG_HOME")?.config_dir();
    Some(folder.join("roundtrip").join("config.toml"))
}

/// The theme of that name, or in that file.
///
/// # Errors
/// A message for a person with what there is, or the place in the file.
pub(super) fn theme(name: &str, file: &Path) -> Result<Theme, String> {
    if let Some(theme) = Theme::named(name) {
        return Ok(theme);
    }
    match bounded(file) {
        Ok(text) => Theme::read(&visible(file.to_string_lossy().as_bytes()), &text),
        Err(error) => {
            Err(format!("`{}` is none of {}, and no file that can be read ({error})", visible(name), NAMES.join(", ")))
        }
    }
}

fn bounded(path: &Path) -> io::Result<String> {
    let bytes = files::read(path, MOST_BYTES)?;
    if bytes.len() > MOST_BYTES {
        return Err(io::Error::other(format!("it is larger than {} KiB", MOST_BYTES >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no UTF-8 text"))
}

/// What can be read of the file, and the first thing that cannot.
fn read(path: &Path, text: String) -> (Config, Option<String>) {
    let folder = path.parent().unwrap_or(path);
    let file = SourceFile::new(path.display().to_string(), text);
    let at = |offset: usize, what: &str| format!("{}:{}:{}: {what}", file.path, file.line(offset), file.column(offset));
    let table = match DeTable::parse(&file.text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            return (Config::default(), Some(at(offset, &error.message().replace('\n', "; "))));
        }
    };
    let mut config = Config::default();
    let mut troubles: Vec<(usize, String)> = Vec::new();
    for (key, value) in &table {
        if let Err((offset, what)) = config.set(folder, key, value) {
            troubles.push((offset, what));
        }
    }
    let first = troubles.into_iter().min();
    let trouble = first.map(|(offset, what)| at(offset, &what));
    (config, trouble)
}

impl Config {
    /// Takes one setting; an error has its byte offset.
    fn set(
        &mut self,
        folder: &Path,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), (usize, String)> {
        let name = key.get_ref().as_ref();
        if !["theme", "content", "data"].contains(&name) {
            let what = format!("there is no setting `{}`; there are theme, content and data", visible(name));
            return Err((key.span().start, what));
        }
        let offset = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            return Err((offset, format!("`{name}` is a text in quotes")));
        };
        let path = resolved(folder, text);
        match name {
            "theme" => self.theme = Some(theme(text, &path).map_err(|error| (offset, error))?),
            folder if !path.is_dir() && folder == "content" => {
                return Err((offset, format!("there is no folder {}", visible(path.to_string_lossy().as_bytes()))));
            }
            "content" => self.content = Some(path),
            _ => self.data = Some(path),
        }
        Ok(())
    }
}

/// A path as the file writes it: from the file's own folder, or from home with `~/`.
fn resolved(folder: &Path, text: &str) -> PathBuf {
    let home = etcetera::home_dir().ok();
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => folder.join(text),
    }
}
