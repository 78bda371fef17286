//! What the learner notes about packets, and what is saved of it.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Wish;
use super::bench::Bench;
use super::prompt::{Prompt, Which};
use crate::quantity::counted;
use crate::tui::action::{Action, Effect};
use crate::tui::capture::{Job, Rows, Ticket, Work};
use crate::tui::files::Refused;
use crate::tui::widgets::field::Field;
use crate::wire::text::visible;

/// A file being written.
#[derive(Clone, Debug)]
pub(super) struct Saving {
    ticket: Ticket,
    which: Which,
    /// The comments that stand in it.
    comments: BTreeMap<u32, String>,
}

impl Bench {
    /// Whether a comment is in no file.
    pub(super) fn is_unsaved(&self) -> bool {
        self.comments != self.kept
    }

    pub(super) fn mark(&mut self) {
        let Some(number) = self.number() else { return };
        if !self.marked.remove(&number) {
            self.marked.insert(number);
        }
    }

    pub(super) fn ask_comment(&mut self) {
        let Some(packet) = self.packet() else { return };
        let (number, text) = (packet.number, self.comment(&packet).unwrap_or_default());
        let mut field = Field::default();
        field.paste(text);
        self.prompt = Some(Prompt::Comment { number, field });
    }

    /// Keeps a comment; one that is the file's again is no change.
    pub(super) fn take_comment(&mut self, number: u32, text: &str) {
        let Some(held) = self.study.held(number) else { return };
        // One that came whole into the line and left it as it was keeps its line ends.
        let mut before = Field::default();
        before.paste(held.comment.as_deref().unwrap_or_default());
        if before.text.trim() == text {
            self.comments.remove(&number);
        } else {
            self.comments.insert(number, text.to_owned());
        }
    }

    /// Offers what can be saved; where that is one thing, asks for its name at once.
    pub(super) fn offer_saving(&mut self) -> Vec<Effect> {
        let all = format!("all {} with the comments", counted(self.count, "packet"));
        let mut choices = vec![(Which::All, all)];
        if self.rows.len() < self.count {
            choices.push((Which::Shown, format!("the {} listed now", counted(self.rows.len(), "packet"))));
        }
        if !self.marked.is_empty() {
            choices.push((Which::Marked, format!("the {} marked", counted(self.marked.len(), "packet"))));
        }
        if let [(which, _)] = choices.as_slice() {
            self.ask_name(*which);
            return Vec::new();
        }
        let choice = |(which, text)| ("pcapng", text, Action::Capture(Wish::SaveAs(which)));
        vec![Effect::Offer { title: "Save", choices: choices.into_iter().map(choice).collect() }]
    }

    pub(super) fn ask_name(&mut self, which: Which) {
        let what = match which {
            Which::All => "commented",
            Which::Shown => "part",
            Which::Marked => "marked",
        };
        let text = format!("{}-{what}.pcapng", self.copy);
        self.prompt = Some(Prompt::Save { which, field: Field { text } });
    }

    /// Has packets written; `over` says whether a file of that name may go.
    pub(super) fn save(&mut self, which: Which, path: &str, over: bool) -> Vec<Effect> {
        if path.is_empty() {
            self.ask_name(which);
            return vec![Effect::Warn("A file needs a name.".to_owned())];
        }
        let rows = match which {
            Which::All => Rows::All(self.count),
            Which::Shown => self.rows.clone(),
            Which::Marked => Rows::Some(Arc::new(self.marked.iter().copied().collect())),
        };
        let (ticket, comments) = (Ticket::default(), self.comments.clone());
        self.saving = Some(Saving { ticket: ticket.clone(), which, comments: comments.clone() });
        let study = Arc::clone(&self.study);
        let work = Work::Save { study, rows, comments, path: path.to_owned(), over };
        vec![Effect::Capture(Job { ticket, work })]
    }

    /// The file is written, or was refused.
    pub(super) fn saved(&mut self, ticket: &Ticket, path: &str, saved: &Result<usize, Refused>) -> Vec<Effect> {
        let Some(saving) = self.saving.take_if(|it| it.ticket.is(ticket)) else { return Vec::new() };
        let Saving { which, comments, .. } = saving;
        match saved {
            Ok(count) => {
                if which == Which::All {
                    self.kept = comments;
                }
                vec![Effect::Say(format!("{} saved as {}", counted(*count, "packet"), visible(path)))]
            }
            Err(Refused::Taken) => {
                self.prompt = Some(Prompt::Replace { which, path: path.to_owned() });
                Vec::new()
            }
            Err(Refused::Failed(why)) => {
                self.prompt = Some(Prompt::Save { which, field: Field { text: path.to_owned() } });
                vec![Effect::Warn(format!("{} was not saved: {}", visible(path), visible(why)))]
            }
        }
    }
}
