//! What a cache does with a request (RFC 9111 §4), and why.
use crate::services::http::{Request, Response};

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answered from the store: it is fresh.
    Fresh { response: Response, why: String },
    /// Answered from the store although it is stale.
    Stale {
        response: Response,
        why: String,
        /// To be sent behind the answer, so that the next is fresh (RFC 5861 §3).
        behind: Option<Request>,
    },
    /// The origin is asked whether what is stored still holds.
    Validate { request: Request, why: String },
    /// The origin is asked, as if there were no cache.
    Forward { why: String },
    /// Neither stored nor to be asked for: 504 (RFC 9111 §5.2.1.7).
    Refuse { response: Response, why: String },
}

impl Verdict {
    /// In one stable word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Fresh { .. } => "hit",
            Self::Stale { .. } => "stale",
            Self::Validate { .. } => "validate",
            Self::Forward { .. } => "miss",
            Self::Refuse { .. } => "refuse",
        }
    }

    /// The reason, with its section.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Fresh { why, .. }
            | Self::Stale { why, .. }
            | Self::Validate { why, .. }
            | Self::Forward { why }
            | Self::Refuse { why, .. } => why,
        }
    }
}
