//! What is said after an answer: the verdict, each option's why, the explanation, the source.
use super::Asking;
use super::draw::Page;
use crate::content::{self, Kind};
use crate::practice::{Answer, Confidence, Grade, Verdict, bearing, is_verdict};
use crate::tui::theme::Theme;

pub(super) fn draw(page: &mut Page, width: usize, theme: &Theme, asking: &Asking, answer: &Answer, grade: &Grade) {
    let (sign, style) = match (grade.verdict, answer) {
        (_, Answer::Skipped) => ("→ ", theme.warn),
        (Verdict::Right, _) => ("✔ ", theme.good),
        (Verdict::Partly, _) => ("◐ ", theme.warn),
        (Verdict::Wrong, _) => ("✘ ", theme.bad),
    };
    page.hung(sign, "  ", grade.word(answer), width, style);
    if let Answer::Values(typed) = answer {
        let blanks = asking.attempt.blanks();
        let typed = blanks.iter().filter_map(|it| Some(format!("{} {}", it.knob, typed.get(&it.knob)?)));
        page.hung("  you: ", "       ", &typed.collect::<Vec<_>>().join(", "), width, theme.text);
    }
    if let Some(text) = answer.words() {
        page.hung("  you: ", "       ", text, width, theme.text);
    }
    // An order or pairs: the right ones stand beside the learner's below.
    let beside = matches!(asking.attempt.kind(&asking.question), Kind::Order(_) | Kind::Match(_) | Kind::Exercise(_));
    if grade.verdict != Verdict::Right && !grade.right.is_empty() && !beside {
        let label = if asking.attempt.design().is_some() { "  one that works: " } else { "  right: " };
        page.hung(label, "         ", &content::unmarked(&grade.right), width, theme.strong);
    }
    if grade.verdict == Verdict::Wrong && *answer != Answer::Skipped && asking.confidence == Some(Confidence::Sure) {
        page.text(
            "You were sure. This one comes back soon; such answers are the ones worth catching.",
            width,
            theme.warn,
        );
    }
    page.gap();
    for remark in &grade.remarks {
        let (holds, note) = bearing(&asking.question, &asking.attempt, answer, remark);
        let style = match (remark.right, holds) {
            // What holds is never red, though the learner did not have it.
            (false, true) => theme.strong,
            (false, false) => theme.bad,
            (true, true) => theme.good,
            (true, false) => theme.dim,
        };
        let (about, why) = (content::unmarked(&remark.about), content::unmarked(&remark.why));
        if !about.is_empty() && !is_verdict(&asking.question.kind, remark) {
            let sign = if holds { "✔ " } else { "✘ " };
            page.hung(sign, "  ", &format!("{about}{note}"), width, style);
        }
        if !why.is_empty() {
            page.hung("  ", "  ", &why, width, theme.text);
        }
    }
    page.gap();
    page.prose(&asking.attempt.explanation, width, theme);
    page.gap();
    page.hung("source: ", "        ", &asking.question.source, width, theme.dim);
}
