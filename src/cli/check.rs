//! `check`: holds lessons and quizzes to their rules, and runs every demo they name.
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;

use super::NO;
use super::arguments::Options;
use super::streams::{print, tell};
use crate::content::{self, Source, summary};
use crate::recording::json::pretty;
use crate::tui::runs::DemoRuns;

/// Prints every problem; exit code 1 when one of them is an error.
pub(super) fn run(options: &Options, dir: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
    let source = match dir.or(options.content.as_deref()) {
        None => Source::Embedded,
        Some(dir) if dir.is_dir() => Source::Folder(dir),
        Some(dir) => bail!("{} is no folder; name the one that holds lessons/ and quizzes/", dir.display()),
    };
    let (content, mut problems) = content::load(source);
    // A folder that brings nothing is told so; what ships was checked before it shipped.
    if matches!(source, Source::Embedded) || content.sources.values().any(|file| !file.shipped) {
        problems.extend(content::check(&content, &DemoRuns));
    }
    if json {
        print(&pretty(&problems)?)?;
    } else {
        let styled = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        for problem in &problems {
            print(&format!("{}\n", problem.render(styled)))?;
        }
        tell(&summary(&problems));
    }
    Ok(if problems.iter().any(content::Diagnostic::is_error) { ExitCode::from(NO) } else { ExitCode::SUCCESS })
}
