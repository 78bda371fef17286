//! Whole small internets: what their programs, their packets and their clocks do.
use super::*;
