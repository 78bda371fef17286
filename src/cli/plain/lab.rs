//! Lab 1A on a capture of the learner's own: the eight questions of the course, asked of its packets.
use std::fmt::Write as _;
use std::process::ExitCode;

use super::loaded;
use super::sitter::Sitter;
use crate::cli::arguments::{OfCapture, Options};
use crate::cli::packets;
use crate::cli::streams::write;
use crate::cli::{Misuse, start};
use crate::content::{Content, Kind, Question, unmarked};
use crate::practice::drill::again;
use crate::practice::{Answer, Attempt, Verdict, Wish, grade};
use crate::tui::capture::Opened;
use crate::tui::exercises::OfFile;
use crate::wire::capture::study::Kept;
use crate::wire::exercise::Capture;
use crate::wire::text::visible;

/// The tag of the lab's questions.
const LAB: &str = "lab-1a";

/// Asks them, or tells their answers; what the capture lacks for one is said in its place.
pub(in crate::cli) fn lab_1a(options: &Options, asked: &OfCapture) -> anyhow::Result<ExitCode> {
    let content = loaded(options);
    let questions = questions(&content);
    if questions.is_empty() {
        return Err(Misuse(format!("this content has no exercise with the tag {LAB}")).into());
    }
    if !asked.answers && asked.file.as_os_str() == "-" {
        let text =
            "lab 1a: answers come over standard input, so the capture has to be a file; with --answers it may be `-`";
        return Err(Misuse(text.to_owned()).into());
    }
    let Opened { study, fault, .. } = packets::opened(&asked.file, None)?;
    let frames: Vec<_> = study.frames().collect();
    let runs = OfFile(Capture::new(frames.iter().map(Kept::linked)));
    if asked.answers {
        write(answers(&questions, &runs, options.seed.unwrap_or(start::SEED)).as_bytes())?;
        return Ok(packets::ended(fault));
    }
    let mut sitter = Sitter::of_file(options, &runs)?;
    let name = visible(asked.file.display().to_string());
    let count = study.count();
    sitter.console.say(&format!(
        "{name}: {count} packets. `roundtrip packets {name}` lists them; Wireshark counts them alike."
    ))?;
    let ids: Vec<String> = questions.iter().map(|it| it.id.clone()).collect();
    let open = sitter.begin(None, again(&ids, sitter.seed), Wish::default())?;
    if let Some(finished) = sitter.sit(&content, open, None)? {
        let right = finished.all.iter().filter(|it| it.grade.verdict == Verdict::Right).count();
        sitter.console.say(&format!("{right} of {} right. Answers on a file are not kept.", finished.asked))?;
    }
    Ok(packets::ended(fault))
}

/// The lab's questions that are made of a capture, in the order of the course.
fn questions(content: &Content) -> Vec<Question> {
    let is_of_lab = |it: &&Question| matches!(it.kind, Kind::Exercise(_)) && it.tags.iter().any(|tag| tag == LAB);
    content.questions().filter(is_of_lab).cloned().collect()
}

/// Each question with its answer, and how that follows.
fn answers(questions: &[Question], runs: &OfFile<'_>, seed: u64) -> String {
    let mut out = String::new();
    for (number, question) in (1..).zip(questions) {
        let told = Attempt::new(question, seed, runs).and_then(|attempt| {
            let grade = grade(question, &attempt, &Answer::Skipped, runs).map_err(|error| error.0)?;
            let how = attempt.explanation.split("\n\n").next().unwrap_or_default().to_owned();
            Ok(format!("{}\n   {}", grade.right, unmarked(&how)))
        });
        let told = told.unwrap_or_else(|why| why.split_once(": ").map_or_else(|| why.clone(), |it| it.1.to_owned()));
        // A String takes all text.
        let _ = writeln!(out, "{number}. {}\n   {}", visible(unmarked(&question.prompt)), told);
    }
    out
}
