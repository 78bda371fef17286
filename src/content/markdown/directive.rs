//! Directives: `<!-- show: view @marker highlight=a,b -->` and `<!-- run: demo knob=value -->` under a step's heading.
use std::ops::Range;

use super::Reader;
use super::blocks::HTML_HELP;
use crate::content::parse_show::show;
use crate::content::problems::Problems;
use crate::content::rule::Rule;
use crate::content::{DemoRef, Step};

const SHOW_HELP: &str =
    "write <!-- show: sequence @marker highlight=ip.ttl,tcp.flags -->; marker and highlight may be left out";
const RUN_HELP: &str = "write <!-- run: demo knob=value knob=value -->";

impl Reader<'_, '_, '_> {
    /// An HTML block at the top level: a directive, a comment, or HTML that cannot be shown.
    pub(super) fn comment(&mut self, text: &str, span: &Range<usize>, demo: Option<&DemoRef>, step: Option<&mut Step>) {
        let trimmed = text.trim();
        let inside = trimmed.strip_prefix("<!--").and_then(|rest| rest.split_once("-->"));
        let Some((inside, after)) = inside else {
            return self.problems.error(Rule::Markdown, span.clone(), "HTML cannot be shown in a terminal", HTML_HELP);
        };
        if !after.trim().is_empty() {
            let help = "put the text on a line of its own, with an empty line above";
            self.problems.error(Rule::Directive, span.clone(), "text behind a comment is not shown", help);
        }
        let Some((word, rest)) = inside.split_once(':') else { return };
        match word.trim() {
            name @ ("show" | "run") => self.directive(name, rest, span, demo, step),
            other => self.mistyped(other, span),
        }
    }

    /// Comments are free, but `Show:` or `shwo:` was surely meant to do something.
    fn mistyped(&mut self, word: &str, span: &Range<usize>) {
        let meant = ["show", "run"].into_iter().find(|it| same_letters(it, word));
        if let Some(meant) = meant {
            let title = format!("`{word}` is no directive");
            self.problems.error(Rule::Directive, span.clone(), title, format!("write `{meant}:`"));
        }
    }

    fn directive(
        &mut self,
        name: &str,
        rest: &str,
        span: &Range<usize>,
        demo: Option<&DemoRef>,
        step: Option<&mut Step>,
    ) {
        let Some(step) = step else {
            let help = "put it directly under the heading of the step it belongs to";
            return self.problems.error(Rule::Directive, span.clone(), format!("`{name}` outside a step"), help);
        };
        let twice = if name == "show" { step.show.is_some() } else { step.run.is_some() };
        if twice || !step.blocks.is_empty() || step.predict.is_some() {
            let title =
                if twice { format!("a second `{name}` in one step") } else { format!("`{name}` below the text") };
            let help =
                "each step has at most one, directly under its heading; begin a new step where the demo moves on";
            return self.problems.error(Rule::Directive, span.clone(), title, help);
        }
        if name == "show" {
            step.show = show(rest, span, SHOW_HELP, self.problems);
        } else {
            step.run = run(rest, span, demo, self.problems);
        }
    }
}

/// The run, with the front matter's knobs where it is the same demo and the directive does not set them.
fn run(text: &str, span: &Range<usize>, front: Option<&DemoRef>, problems: &mut Problems<'_>) -> Option<DemoRef> {
    let mut words = text.split_whitespace();
    let Some(name) = words.next().filter(|it| !it.contains('=')) else {
        problems.error(Rule::Directive, span.clone(), "`run` names no demo", RUN_HELP);
        return None;
    };
    let inherited = front.filter(|it| it.name == name).map(|it| it.knobs.clone());
    let mut demo = DemoRef { name: name.to_owned(), knobs: inherited.unwrap_or_default() };
    for word in words {
        match word.split_once('=') {
            Some((knob, value)) if !knob.is_empty() && !value.is_empty() => {
                demo.knobs.insert(knob.to_owned(), value.to_owned());
            }
            _ => problems.error(Rule::Directive, span.clone(), format!("`{word}` sets no knob"), RUN_HELP),
        }
    }
    Some(demo)
}

/// Whether two words have the same letters, in any order and case.
fn same_letters(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.to_ascii_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(a) == sorted(b)
}
