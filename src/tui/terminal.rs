//! The terminal: taken at the start, given back whatever happens.
use std::io::{self, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::{panic, thread};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal};

/// The screen, while it is ours. Dropping it gives it back.
pub(super) struct Screen {
    /// Never dropped: its own drop writes to a terminal that may be gone, and `give_back` has shown the cursor.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<io::BufWriter<Stdout>>>>,
}

impl Screen {
    /// Takes the terminal: raw keys, the other screen, mouse and paste reports.
    pub(super) fn take() -> io::Result<Self> {
        let before = panic::take_hook();
        let owner = thread::current().id();
        panic::set_hook(Box::new(move |info| {
            // The message must land on the screen the learner sees. Another thread's panic ends only what it was asked for:
            // `perform` says so, and the screen goes on.
            if thread::current().id() == owner {
                drop(give_back());
                before(info);
            }
        }));
        enter()?;
        let backend = CrosstermBackend::new(io::BufWriter::with_capacity(1 << 16, stdout()));
        Ok(Self { terminal: ManuallyDrop::new(Terminal::new(backend)?) })
    }

    /// Its size in cells.
    pub(super) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Draws; a terminal that knows synchronized output (its mode 2026) shows the whole of it at once or nothing.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(view)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Gives the terminal to the shell until the process is continued.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back()?;
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        enter()?;
        // Not `clear`: that asks the terminal where its cursor is, and the answer would go to the keys' thread.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(give_back());
        drop(panic::take_hook());
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)
}

/// Gives the terminal back; doing it twice does no harm.
fn give_back() -> io::Result<()> {
    let left = execute!(
        stdout(),
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    disable_raw_mode()?;
    left?;
    stdout().flush()
}
