//! The embedded internet: a virtual clock and executor, links, switches, routers, hosts, taps.
//!
//! No wall clock, no thread, no socket: the same seed and knobs give the same bytes at the same nanosecond.
