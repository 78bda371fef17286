//! What is in flight, segment by segment: SACKed, lost, sent again (RFC 6675).

/// The segments between `SND.UNA` and `SND.NXT`.
#[derive(Debug)]
pub(crate) struct Scoreboard {}
