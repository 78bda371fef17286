//! A list that grows without ever being moved: twice its memory is never needed.

/// A piece has so many.
const PIECE: usize = 1 << 14;

/// Values in the order they came.
pub(super) struct Pieces<T> {
    pieces: Vec<Vec<T>>,
    count: usize,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), count: 0 }
    }
}

impl<T> Pieces<T> {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The one at that place, counted from 0.
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    pub(super) fn push(&mut self, value: T) {
        if self.count.is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        self.pieces.last_mut().expect("it was just made").push(value);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_where_it_was_put_on_both_sides_of_an_edge() {
        let mut all = Pieces::default();
        (0..PIECE * 2 + 1).for_each(|it| all.push(it));
        assert_eq!(all.len(), PIECE * 2 + 1);
        for index in [0, PIECE - 1, PIECE, PIECE * 2] {
            assert_eq!(all.get(index), Some(&index));
        }
        assert_eq!(all.get(PIECE * 2 + 1), None);
        assert!(all.iter().copied().eq(0..PIECE * 2 + 1));
    }
}
