//! Keys in, screens out, without a terminal: what a learner sees, as reviewed text.
//!
//! After a change that is meant, `INSTA_UPDATE=always cargo test --test screens` writes the screens anew: read each one.
mod answers;
mod early;
mod home;
mod learner;
mod lesson;
mod places;
mod present;
mod questions;
mod sizes;
mod storm;
mod themes;
mod workbench;
