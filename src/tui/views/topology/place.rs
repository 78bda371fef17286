//! Where nodes and links stand on the screen.
use std::collections::{BTreeMap, BTreeSet};

use ratatui::layout::{Position, Rect};

use crate::recording::Topology;
use crate::tui::views::pen;

/// The columns a link needs between two boxes.
const LINK: u16 = 4;

/// Boxes of the nodes and paths of the links, in cells of the screen.
pub(super) struct Map {
    /// By node.
    pub(super) boxes: Vec<Rect>,
    /// By link, from its first end to its second, between the boxes.
    pub(super) paths: Vec<Vec<Position>>,
    /// The part of the screen each node may write its caption into.
    pub(super) captions: Vec<Rect>,
    /// How many properties of a link have room under it.
    pub(super) properties: usize,
    /// The lines in each node's box.
    pub(super) texts: Vec<Vec<String>>,
}

impl Map {
    /// A map of the grid in an area; where it is too narrow for its columns they become rows. None where there is no row for
    /// each of the grid's.
    pub(super) fn new(topology: &Topology, texts: Vec<Vec<String>>, area: Rect) -> Option<Self> {
        let Grid { places, columns, rows } = grid(topology).within(area.height);
        let turned = columns > rows && !fits(topology, &texts, area.width);
        let (columns, rows) = if turned { (rows, columns) } else { (columns, rows) };
        let framed = is_framed(topology, &texts, area);
        if columns > area.width || rows > area.height {
            return None;
        }
        let (cell_width, cell_height) = (area.width / columns.max(1), area.height / rows.max(1));
        let lines = lines(&texts);
        let mut map =
            Self { boxes: Vec::new(), paths: Vec::new(), captions: Vec::new(), properties: 0, texts: Vec::new() };
        for ((column, row), texts) in places.into_iter().zip(&texts) {
            let (column, row) = if turned { (row, column) } else { (column, row) };
            let cell = Rect {
                x: area.x + column * cell_width,
                y: area.y + row * cell_height,
                width: cell_width,
                height: cell_height,
            };
            let placed = node_box((texts, lines), cell, framed, rows == 1);
            map.boxes.push(placed);
            map.captions.push(caption(cell, placed, framed || rows == 1));
        }
        let below = map.captions.iter().map(|it| it.height).min().unwrap_or(0);
        let properties = topology.links.iter().map(|link| link.properties.len()).max().unwrap_or(0);
        // A caption has two rows at least; what is above it belongs to the links.
        map.properties = if framed { properties.min(usize::from(below.saturating_sub(2))) } else { properties.min(1) };
        if framed {
            for caption in &mut map.captions {
                let rows = u16::try_from(map.properties).unwrap_or(0).min(caption.height);
                *caption = Rect { y: caption.y + rows, height: caption.height - rows, ..*caption };
            }
        }
        for link in &topology.links {
            let [a, b] = [link.ends[0].node, link.ends[1].node];
            let others =
                |cell: &Position| (0..map.boxes.len()).any(|it| it != a && it != b && map.boxes[it].contains(*cell));
            let ways = [true, false].map(|across_first| path(map.boxes[a], map.boxes[b], across_first));
            let free = ways.iter().find(|way| !way.iter().any(others)).unwrap_or(&ways[0]).clone();
            map.paths.push(free);
        }
        map.texts = texts;
        Some(map)
    }
}

/// The ways that lead away from a cell, of all links through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Joint {
    left: bool,
    right: bool,
    up: bool,
    down: bool,
}

impl Joint {
    fn open(&mut self, from: Position, to: Position) {
        self.left |= to.x < from.x;
        self.right |= to.x > from.x;
        self.up |= to.y < from.y;
        self.down |= to.y > from.y;
    }

    /// The line that leads there.
    pub(super) const fn sign(self) -> &'static str {
        match (self.left, self.right, self.up, self.down) {
            (true, true, true, true) => "┼",
            (true, true, true, false) => "┴",
            (true, true, false, true) => "┬",
            (true, false, true, true) => "┤",
            (false, true, true, true) => "├",
            (true, false, true, false) => "╯",
            (true, false, false, true) => "╮",
            (false, true, true, false) => "╰",
            (false, true, false, true) => "╭",
            (false, false, _, _) => "│",
            (_, _, false, false) => "─",
        }
    }
}

impl Map {
    /// Every cell of a link, with the ways that lead away from it.
    pub(super) fn joints(&self, topology: &Topology) -> Vec<(Position, Joint)> {
        let mut joints: BTreeMap<(u16, u16), Joint> = BTreeMap::new();
        for (link, path) in topology.links.iter().zip(&self.paths) {
            let [a, b] = [link.ends[0].node, link.ends[1].node].map(|node| self.boxes[node]);
            for (index, cell) in path.iter().enumerate() {
                let before = index.checked_sub(1).map(|it| path[it]).or_else(|| beside(*cell, a));
                let after = path.get(index + 1).copied().or_else(|| beside(*cell, b));
                let joint = joints.entry((cell.y, cell.x)).or_default();
                before.into_iter().chain(after).for_each(|to| joint.open(*cell, to));
            }
        }
        joints.into_iter().map(|((y, x), joint)| (Position { x, y }, joint)).collect()
    }
}

/// The cell of a box beside this one.
fn beside(cell: Position, node: Rect) -> Option<Position> {
    let Position { x, y } = cell;
    let all = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
    all.into_iter().map(|(x, y)| Position { x, y }).find(|it| node.contains(*it))
}

/// Where the nodes stand, without the columns and rows in which nobody does.
struct Grid {
    places: Vec<(u16, u16)>,
    columns: u16,
    rows: u16,
}

impl Grid {
    /// Two rows as one where there is no room for all and nobody stands in another's place then.
    fn within(mut self, height: u16) -> Self {
        while self.rows > height && self.rows > 1 {
            let halved: Vec<(u16, u16)> = self.places.iter().map(|(column, row)| (*column, row / 2)).collect();
            if halved.iter().collect::<BTreeSet<_>>().len() < halved.len() {
                break;
            }
            (self.places, self.rows) = (halved, self.rows.div_ceil(2));
        }
        self
    }
}

fn grid(topology: &Topology) -> Grid {
    let used = |place: fn((u8, u8)) -> u8| -> Vec<u8> {
        let mut used: Vec<u8> = topology.nodes.iter().map(|node| place(node.place)).collect();
        used.sort_unstable();
        used.dedup();
        used
    };
    let (columns, rows) = (used(|it| it.0), used(|it| it.1));
    let rank = |used: &[u8], it: u8| u16::try_from(used.partition_point(|other| *other < it)).unwrap_or(0);
    let places = topology.nodes.iter().map(|it| (rank(&columns, it.place.0), rank(&rows, it.place.1))).collect();
    let count = |used: &[u8]| u16::try_from(used.len()).unwrap_or(u16::MAX).max(1);
    Grid { places, columns: count(&columns), rows: count(&rows) }
}

/// Whether the columns of the grid have room for boxes of these texts and a little of the links between them.
pub(super) fn fits(topology: &Topology, texts: &[Vec<String>], width: u16) -> bool {
    width / grid(topology).columns >= widest(texts) + LINK
}

/// Whether the rows of the grid have room for boxes of these texts with a frame around them.
pub(super) fn is_framed(topology: &Topology, texts: &[Vec<String>], area: Rect) -> bool {
    let Grid { columns, rows, .. } = grid(topology).within(area.height);
    let turned = columns > rows && !fits(topology, texts, area.width);
    let rows = if turned { columns } else { rows };
    // Above each other, boxes need a link's length between them.
    area.height / rows.max(1) >= lines(texts) + if rows > 1 { 6 } else { 3 }
}

/// The lines of the box with the most.
fn lines(texts: &[Vec<String>]) -> u16 {
    u16::try_from(texts.iter().map(Vec::len).max().unwrap_or(1)).unwrap_or(1)
}

/// The columns of the widest box.
fn widest(texts: &[Vec<String>]) -> u16 {
    texts.iter().flatten().map(|text| pen::columns(text)).max().unwrap_or(1) + 4
}

/// The box of a node in the middle of its cell; in a single row of nodes it stands higher and leaves room for words below.
fn node_box((texts, lines): (&[String], u16), cell: Rect, framed: bool, single: bool) -> Rect {
    // Without a frame there is room for the name only.
    let shown = if framed { texts } else { texts.get(..1).unwrap_or_default() };
    let widest = shown.iter().map(|text| pen::columns(text)).max().unwrap_or(1);
    let (width, height) = if framed { (widest + 4, lines + 2) } else { (widest + 2, 1) };
    let (width, height) = (width.min(cell.width), height.min(cell.height));
    let left = cell.height.saturating_sub(height);
    let above = if single { (left / 4).min(4) } else { (left / 3).min(6) };
    // The middles of the boxes of a column stand above each other, whatever their widths.
    Rect { x: cell.x + cell.width / 2 - width / 2, y: cell.y + above, width, height }
}

/// Below the box; beside it where boxes have no frame and stand above each other.
const fn caption(cell: Rect, node: Rect, below: bool) -> Rect {
    if below {
        let y = node.y + node.height;
        return Rect { x: cell.x, y, width: cell.width.saturating_sub(1), height: cell.y + cell.height - y };
    }
    let x = node.x + node.width + 1;
    Rect { x, y: node.y, width: (cell.x + cell.width).saturating_sub(x), height: 1 }
}

const fn centre(node: Rect) -> Position {
    Position { x: node.x + node.width / 2, y: node.y + node.height / 2 }
}

/// Straight, or with one corner; only the cells outside both boxes.
fn path(from: Rect, to: Rect, across_first: bool) -> Vec<Position> {
    let (a, b) = (centre(from), centre(to));
    let mut cells = Vec::new();
    let mut here = a;
    for across in [across_first, !across_first] {
        while if across { here.x != b.x } else { here.y != b.y } {
            cells.push(here);
            match across {
                true => here.x = if here.x < b.x { here.x + 1 } else { here.x - 1 },
                false => here.y = if here.y < b.y { here.y + 1 } else { here.y - 1 },
            }
        }
    }
    cells.push(here);
    cells.retain(|cell| !from.contains(*cell) && !to.contains(*cell));
    cells
}
