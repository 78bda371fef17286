//! What is said after an answer: the verdict, each option's why, the explanation, the source.
use super::Asking;
use super::draw::Page;
use crate::practice::{Answer, Confidence, Grade, Verdict, bearing};
use crate::tui::theme::Theme;

pub(super) fn draw(page: &mut Page, width: usize, theme: &Theme, asking: &Asking, answer: &Answer, grade: &Grade) {
    let (sign, word, style) = match (grade.verdict, answer) {
        (_, Answer::Skipped) => ("→ ", "Skipped.", theme.warn),
        (Verdict::Right, _) => ("✔ ", "Right.", theme.good),
        (Verdict::Partly, _) => ("◐ ", "Partly right.", theme.warn),
        (Verdict::Wrong, _) => ("✘ ", "Not right.", theme.bad),
    };
    page.hung(sign, "  ", word, width, style);
    if let Answer::Number(text) | Answer::Text(text) = answer {
        page.hung("  you: ", "       ", text, width, theme.text);
    }
    if grade.verdict != Verdict::Right && !grade.right.is_empty() {
        page.hung("  right: ", "         ", &grade.right, width, theme.strong);
    }
    if grade.verdict == Verdict::Wrong && asking.confidence == Some(Confidence::Sure) {
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
            (false, _) => theme.bad,
            (true, true) => theme.good,
            (true, false) => theme.dim,
        };
        if !remark.about.is_empty() {
            let sign = if holds { "✔ " } else { "✘ " };
            page.hung(sign, "  ", &format!("{}{note}", remark.about), width, style);
        }
        page.hung("  ", "  ", &remark.why, width, theme.text);
    }
    page.gap();
    page.prose(&asking.attempt.explanation, width, theme);
    page.gap();
    page.hung("source: ", "        ", &asking.question.source, width, theme.dim);
}
