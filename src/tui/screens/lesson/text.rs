//! The text pane of a lesson: the step, its numbers, the guess.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Widget};

use super::guess::Guess;
use crate::content::layout::{self, Facts};
use crate::content::{Block as Text, Inline, Step};
use crate::demos::Knobs;
use crate::practice::guess::Verdict;
use crate::practice::number_hint;
use crate::recording::Recording;
use crate::tui::app::World;
use crate::tui::theme::Theme;
use crate::tui::widgets::prose;

/// What the pane shows.
pub(super) struct Page<'a> {
    pub(super) step: &'a Step,
    pub(super) guess: Option<&'a Guess>,
    /// The run whose numbers the text may say.
    pub(super) recording: Option<&'a Recording>,
    pub(super) knobs: Option<&'a Knobs>,
    pub(super) scroll: usize,
    pub(super) has_focus: bool,
}

/// The numbers of a run, for `{m:..}` and `{k:..}`; dots while the run is on its way.
pub(in crate::tui) struct RunFacts<'a> {
    pub(in crate::tui) recording: Option<&'a Recording>,
    pub(in crate::tui) knobs: Option<&'a Knobs>,
}

impl Facts for RunFacts<'_> {
    fn measured(&self, name: &str) -> Option<String> {
        let Some(recording) = self.recording else { return Some("…".to_owned()) };
        Some(recording.measurement(name)?.value.to_string())
    }

    fn setting(&self, name: &str) -> Option<String> {
        let mut settings = self.knobs?.iter();
        settings.find(|(knob, _)| knob.name == name).map(|(_, value)| value.to_string())
    }
}

/// Draws the step in its border.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, world: &World, page: &Page<'_>) {
    let theme = &world.theme;
    let border = if page.has_focus { theme.focus } else { theme.border };
    let block = Block::bordered()
        .border_style(border)
        .style(theme.text)
        .padding(Padding::horizontal(1))
        .title(Span::styled(format!(" {} ", page.step.title), theme.title));
    let inner = block.inner(area);
    block.render(area, buffer);
    let lines = lines(page, usize::from(inner.width), theme);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    let scroll = page.scroll.min(most);
    for (row, line) in inner.rows().zip(&lines[scroll..]) {
        line.render(row, buffer);
    }
    if scroll < most {
        let more = Line::styled(format!(" ↓ {} more ", most - scroll), theme.accent).right_aligned();
        more.render(Rect { y: area.bottom() - 1, height: 1, ..area.inner(ratatui::layout::Margin::new(1, 0)) }, buffer);
    }
}

/// Rows the whole step needs in a pane of this width, its border included.
pub(super) fn height(page: &Page<'_>, width: u16, theme: &Theme) -> u16 {
    let rows = lines(page, usize::from(width.saturating_sub(4)), theme).len();
    u16::try_from(rows + 2).unwrap_or(u16::MAX)
}

fn lines(page: &Page<'_>, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let facts = RunFacts { recording: page.recording, knobs: page.knobs };
    let mut lines = prose::lines(&layout::rows(&page.step.blocks, width, &facts), theme);
    let Some(guess) = page.guess else { return lines };
    let ask = vec![Text::Paragraph(vec![Inline::Strong(guess.predict.ask.clone())])];
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(prose::lines(&layout::rows(&ask, width, &facts), theme));
    lines.push(Line::default());
    if guess.is_open() {
        lines.push(field_line(guess, theme));
        let hint = || format!("{}; enter says it, tab skips it", number_hint(guess.predict.unit));
        lines.extend(match &guess.unreadable {
            Some(message) => plain(&format!("! {message}"), width, theme.warn),
            None => plain(&hint(), width, theme.dim),
        });
    } else {
        lines.extend(guess.verdict(page.recording).map(|it| verdict(&it, width, theme)).unwrap_or_default());
    }
    lines
}

fn field_line(guess: &Guess, theme: &Theme) -> Line<'static> {
    Line::from(vec![
        Span::styled("your guess ▸ ", theme.key),
        Span::styled(guess.field.text.clone(), theme.strong),
        Span::styled("▏", theme.accent),
    ])
}

fn verdict(verdict: &Verdict, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let (sign, style) = if verdict.right == Some(true) { ("✔", theme.good) } else { ("✘", theme.bad) };
    let said = verdict.said.iter().flat_map(|said| plain(&format!("{sign} {said}"), width, style));
    said.chain(verdict.sentences.iter().flat_map(|text| plain(text, width, theme.text))).collect()
}

fn plain(text: &str, width: usize, style: ratatui::style::Style) -> Vec<Line<'static>> {
    let wrapped = textwrap::wrap(text, width.max(1));
    wrapped.into_iter().map(|line| Line::styled(line.into_owned(), style)).collect()
}

/// The links of a step: what they say and where they lead.
pub(super) fn links(step: &Step) -> Vec<(String, String)> {
    let mut all = Vec::new();
    step.blocks.iter().for_each(|block| block_links(block, &mut all));
    all
}

fn block_links(block: &Text, all: &mut Vec<(String, String)>) {
    let mut inlines = |inlines: &[Inline]| {
        all.extend(inlines.iter().filter_map(|inline| match inline {
            Inline::Link { text, target } => Some((text.clone(), target.clone())),
            _ => None,
        }));
    };
    match block {
        Text::Heading(it) | Text::Paragraph(it) => inlines(it),
        Text::Table(rows) => rows.iter().flatten().for_each(|cell| inlines(cell)),
        Text::List { items, .. } => items.iter().flatten().for_each(|block| block_links(block, all)),
        Text::Quote(blocks) => blocks.iter().for_each(|block| block_links(block, all)),
        Text::Code { .. } => {}
    }
}
