//! What is selected in a packet: a field by its name, so that it stays selected from packet to packet, and a byte of it.
use std::ops::Range;

use super::PER_LINE;
use crate::tui::action::Action;
use crate::wire::analysis::Mark;
use crate::wire::opened::Unit;
use crate::wire::{Decoded, Field, Layer, Problem};

/// Which pane has the arrow keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    List,
    Tree,
    Bytes,
}

impl Pane {
    const ALL: [Self; 3] = [Self::List, Self::Tree, Self::Bytes];

    /// The pane after or before this one.
    #[must_use]
    pub fn next(self, forward: bool) -> Self {
        let here = Self::ALL.iter().position(|it| *it == self).unwrap_or(0);
        Self::ALL[(here + if forward { 1 } else { 2 }) % 3]
    }
}

/// The selection inside a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub pane: Pane,
    /// A row's name, and how many rows of that name stand above it.
    pub selected: Option<(String, usize)>,
    pub byte: Option<usize>,
}

/// A line of the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TreeRow<'a> {
    Layer(&'a Layer),
    /// With its depth below the layer, from 1.
    Field(&'a Field, u16),
    Problem(&'a Problem),
    /// What the packet is among the others of its capture, below the layer it is about.
    Mark(Mark, &'a Layer),
    /// What was opened: it has bytes of its own, and all rows below are about those, up to the next such row.
    Unit(&'a Unit),
}

impl TreeRow<'_> {
    pub(crate) const fn name(&self) -> &str {
        match self {
            Self::Layer(layer) => layer.name,
            Self::Field(field, _) => field.name,
            Self::Problem(_) => "problem",
            Self::Mark(mark, _) => mark.filter(),
            Self::Unit(_) => "opened",
        }
    }

    /// The bits of its buffer it is about.
    pub(crate) const fn bits(&self) -> Range<usize> {
        match self {
            Self::Layer(layer) | Self::Mark(_, layer) => layer.bytes.start * 8..layer.bytes.end * 8,
            Self::Field(field, _) => field.bits.start..field.bits.end,
            Self::Problem(problem) => problem.bytes.start * 8..problem.bytes.end * 8,
            Self::Unit(unit) => 0..unit.bytes.len() * 8,
        }
    }

    /// The bytes it has a bit in.
    pub(crate) const fn bytes(&self) -> Range<usize> {
        let bits = self.bits();
        bits.start / 8..bits.end.div_ceil(8)
    }
}

/// The rows that are about the same bytes as one of them: the frame's, or those of what was opened.
pub(crate) fn buffer(rows: &[TreeRow<'_>], index: usize) -> Range<usize> {
    let begins = |at: &usize| matches!(rows[*at], TreeRow::Unit(_));
    let start = (0..rows.len().min(index + 1)).rev().find(begins).unwrap_or(0);
    let end = (index + 1..rows.len()).find(begins).unwrap_or(rows.len());
    start..end
}

/// The tree of a packet, a line after another: the frame's layers, then those of what was opened with it.
pub(crate) fn tree<'a>(decoded: &'a Decoded, marks: &[Mark], opened: &[&'a Unit]) -> Vec<TreeRow<'a>> {
    let mut rows = layers(decoded, marks);
    for unit in opened {
        rows.push(TreeRow::Unit(unit));
        rows.extend(layers(&unit.decoded, &[]));
    }
    rows
}

fn layers<'a>(decoded: &'a Decoded, marks: &[Mark]) -> Vec<TreeRow<'a>> {
    let mut rows = Vec::new();
    for layer in &decoded.layers {
        rows.push(TreeRow::Layer(layer));
        // Below the first layer they are about: an error quotes layers of the same name.
        let first = decoded.layer(layer.name).is_some_and(|it| std::ptr::eq(it, layer));
        let here = marks.iter().filter(|mark| first && mark.is_about(layer.name));
        rows.extend(here.map(|mark| TreeRow::Mark(*mark, layer)));
        push_fields(&mut rows, &layer.fields, 1);
    }
    rows.extend(decoded.problems.iter().map(TreeRow::Problem));
    rows
}

fn push_fields<'a>(rows: &mut Vec<TreeRow<'a>>, fields: &'a [Field], depth: u16) {
    for field in fields {
        rows.push(TreeRow::Field(field, depth));
        push_fields(rows, &field.parts, depth + 1);
    }
}

impl Reading {
    /// The row of the tree that is selected, if this packet has it.
    pub(crate) fn row(&self, rows: &[TreeRow<'_>]) -> Option<usize> {
        let (name, nth) = self.selected.as_ref()?;
        let mut same = rows.iter().enumerate().filter(|(_, row)| row.name() == name);
        same.nth(*nth).map(|(index, _)| index)
    }

    /// Selects a row of the tree and the first byte of it.
    pub(crate) fn select(&mut self, rows: &[TreeRow<'_>], index: usize) {
        let Some(row) = rows.get(index) else { return };
        let above = rows[..index].iter().filter(|it| it.name() == row.name()).count();
        self.selected = Some((row.name().to_owned(), above));
        self.byte = Some(row.bytes().start);
    }

    /// Selects the innermost field that holds a byte's first bit, in the buffer on show.
    pub(crate) fn select_byte(&mut self, rows: &[TreeRow<'_>], byte: usize) {
        let here = buffer(rows, self.row(rows).unwrap_or(0));
        let holds = |row: &TreeRow<'_>| matches!(row, TreeRow::Field(..)) && row.bits().contains(&(byte * 8));
        // Parts stand behind the field they belong to: the last that holds it is the innermost.
        let field = rows[here.clone()].iter().rposition(holds);
        let field = field.or_else(|| rows[here.clone()].iter().rposition(|row| row.bytes().contains(&byte)));
        if let Some(index) = field {
            self.select(rows, here.start + index);
        }
        self.byte = Some(byte);
    }

    /// Moves in the tree or the bytes, whichever has the keys; false when it is no such key. `length` is that of the bytes on
    /// show.
    pub(crate) fn step(&mut self, action: &Action, rows: &[TreeRow<'_>], length: usize) -> bool {
        match (self.pane, action) {
            (Pane::Tree, Action::Up) => self.move_row(rows, -1),
            (Pane::Tree, Action::Down) => self.move_row(rows, 1),
            (Pane::Tree | Pane::Bytes, Action::First) => self.select(rows, 0),
            (Pane::Tree | Pane::Bytes, Action::Last) => self.select(rows, rows.len().saturating_sub(1)),
            (Pane::Tree, Action::PageUp) => self.move_layer(rows, false),
            (Pane::Tree, Action::PageDown) => self.move_layer(rows, true),
            (Pane::Bytes, Action::PageUp) => self.move_field(rows, false),
            (Pane::Bytes, Action::PageDown) => self.move_field(rows, true),
            (Pane::Bytes, Action::Left) => self.move_byte(rows, -1, length),
            (Pane::Bytes, Action::Right) => self.move_byte(rows, 1, length),
            (Pane::Bytes, Action::Up) => self.move_byte(rows, -isize::from(PER_LINE.cast_signed()), length),
            (Pane::Bytes, Action::Down) => self.move_byte(rows, isize::from(PER_LINE.cast_signed()), length),
            _ => return false,
        }
        true
    }

    /// One row of the tree up or down; the first time, the first row.
    pub(crate) fn move_row(&mut self, rows: &[TreeRow<'_>], by: isize) {
        let last = rows.len().saturating_sub(1);
        let next = self.row(rows).map_or(0, |row| row.saturating_add_signed(by).min(last));
        self.select(rows, next);
    }

    /// To the next layer's row, or the one before.
    pub(crate) fn move_layer(&mut self, rows: &[TreeRow<'_>], down: bool) {
        let here = self.row(rows).unwrap_or(0);
        let is_layer = |index: &usize| matches!(rows[*index], TreeRow::Layer(_) | TreeRow::Unit(_));
        let next = if down { (here + 1..rows.len()).find(is_layer) } else { (0..here).rev().find(is_layer) };
        self.select(rows, next.unwrap_or(here));
    }

    /// Selects what is noted about the packet, or damage in it, where there is such.
    pub(crate) fn select_noted(&mut self, rows: &[TreeRow<'_>]) {
        let stands_out = |row: &TreeRow<'_>| match row {
            TreeRow::Mark(mark, _) => mark.stands_out(),
            TreeRow::Problem(_) => true,
            _ => false,
        };
        if let Some(index) = rows.iter().position(stands_out) {
            self.select(rows, index);
        }
    }

    /// Where reading begins when nothing is chosen: at the innermost layer, which is what the packet is about.
    pub(crate) fn innermost(rows: &[TreeRow<'_>]) -> usize {
        rows.iter().rposition(|row| matches!(row, TreeRow::Layer(_))).unwrap_or(0)
    }

    /// To the next field without parts of its own, or the one before.
    pub(crate) fn move_field(&mut self, rows: &[TreeRow<'_>], forward: bool) {
        let here = self.row(rows).unwrap_or(0);
        let is_field = |index: &usize| matches!(rows[*index], TreeRow::Field(field, _) if field.parts.is_empty());
        let next = if forward { (here + 1..rows.len()).find(is_field) } else { (0..here).rev().find(is_field) };
        self.select(rows, next.unwrap_or(here));
    }

    /// So many bytes on or back.
    pub(crate) fn move_byte(&mut self, rows: &[TreeRow<'_>], by: isize, length: usize) {
        let here = self.byte.unwrap_or(0);
        let next = if self.byte.is_some() { here.saturating_add_signed(by) } else { 0 };
        if next < length {
            self.select_byte(rows, next);
        }
    }
}
