//! The keys of the table: through the rows of the run's own tables, then through its measurements.
use super::Stage;
use crate::tui::action::{Action, Binding, Key};
use crate::tui::views::{table, tables};
use crossterm::event::KeyCode;

impl Stage {
    /// Does what only the table does; false when it is no such key.
    pub(super) fn in_table(&mut self, action: &Action) -> bool {
        let (Some(by), Some(run)) = (action.rows(), &self.shown) else { return false };
        let other = self.other.as_deref().filter(|_| self.compare && !self.state.zoomed);
        let (rows, numbers) = (tables::count(run.recording()), table::count(run, other));
        let here = self.state.listed.unwrap_or(rows + self.state.measured.min(numbers.saturating_sub(1)));
        let next = here.saturating_add_signed(by).min((rows + numbers).saturating_sub(1));
        match next.checked_sub(rows) {
            Some(measured) => (self.state.measured, self.state.listed) = (measured, None),
            None => self.list(next),
        }
        true
    }

    /// Chooses a row of the tables, and stands at the packet it is about.
    pub(super) fn list(&mut self, number: usize) {
        self.state.listed = Some(number);
        let packet = self.recording().and_then(|run| tables::listed(run, number)).and_then(|(_, row)| row.packet);
        if let Some(n) = packet {
            self.go_to_packet(n);
        }
    }

    /// The keys of the table; they come before those of every view.
    pub(super) fn table_keys(&self) -> [Binding; 2] {
        let has_rows = self.recording().is_some_and(|run| tables::count(run) > 0);
        let (up, down) = ([Key::code(KeyCode::Up)], [Key::code(KeyCode::Down), Key::char('j')]);
        match (has_rows, self.state.listed) {
            (true, None) => [
                Binding::new(up, "table rows", Action::Up).first(),
                Binding::new(down, "numbers", Action::Down).first(),
            ],
            (true, Some(_)) => [
                Binding::new(down, "next row", Action::Down).first(),
                Binding::new(up, "row before", Action::Up).first(),
            ],
            (false, _) => {
                [Binding::new(down, "next number", Action::Down), Binding::quiet(up, "number before", Action::Up)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::demos::{self, Knobs, Setup};
    use crate::tui::action::Action;
    use crate::tui::stage::Stage;
    use crate::tui::views::{Kind, Prepared, tables};

    #[test]
    fn above_the_numbers_are_the_rows_of_the_tables() {
        let demo = demos::find("traceroute").expect("it ships");
        let knobs = Knobs::defaults(demo.knobs);
        let run = (demo.run)(&knobs, &Setup::default());
        let rows = tables::count(&run);
        assert!(rows > 1, "its hops");
        let mut stage = Stage::of(demo, knobs, Setup::default());
        stage.arrived(Arc::new(Prepared::new(Arc::new(run))));
        stage.kind = Kind::Table;
        for expected in [Some(rows - 1), Some(rows - 2)] {
            drop(stage.update(&Action::Up));
            assert_eq!(stage.state.listed, expected);
        }
        drop(stage.update(&Action::PageUp));
        assert_eq!(stage.state.listed, Some((rows - 2).saturating_sub(10)));
        (0..rows).for_each(|_| drop(stage.update(&Action::Down)));
        assert_eq!(
            (stage.state.listed, stage.state.measured),
            (None, (rows - 2).saturating_sub(10)),
            "so far below them"
        );
    }
}
