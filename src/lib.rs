//! A networking tutor that lives in a terminal and carries its own internet.
//!
//! Two chains meet at the screen; an arrow means "may import".
//!
//! ```text
//! cli > tui > demos > services > net > lab > recording > wire     the network
//!       tui > progress > practice > content                      the learner
//! ```
//!
//! The network: [`wire`] gives bytes names, [`lab`] moves bytes between hosts on a virtual clock, [`net`] is the seam that
//! lets one program run in the lab or on this machine, [`services`] are the programs, [`demos`] are labs with knobs that end
//! in a [`recording::Recording`].
//! The learner: [`content`] is what we teach, [`practice`] asks and schedules, [`progress`] remembers.
//! [`tui`] shows both; [`cli`] starts it and says the same in text. [`quantity`] (a number with its unit) serves everybody, and so does `near` ("did you mean").
//! `tests/architecture.rs` holds the folders to this.
pub mod cli;
pub mod content;
pub mod demos;
pub mod lab;
mod near;
pub mod net;
pub mod practice;
pub mod progress;
pub mod quantity;
pub mod recording;
pub mod services;
pub mod tui;
pub mod wire;
