//! What preflights have granted, for as long as they said and the browser keeps it (Fetch, "CORS-preflight cache").
use std::collections::{BTreeMap, BTreeSet};

use super::{Fetch, Origin, is_safelisted_method};

/// Seconds without a word about it (Fetch, "CORS-preflight fetch": 5).
const UNSAID: u64 = 5;

/// What an answer to a preflight allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub methods: BTreeSet<String>,
    /// In lower case.
    pub fields: BTreeSet<String>,
    pub seconds: u64,
}

impl Grant {
    /// The seconds of Access-Control-Max-Age; what is no number counts as unsaid.
    pub(super) fn seconds(text: &str) -> u64 {
        text.trim().parse().unwrap_or(UNSAID)
    }

    /// Whether it is enough for a request.
    ///
    /// # Errors
    /// What is missing.
    pub fn covers(&self, fetch: &Fetch) -> Result<(), String> {
        // With cookies a `*` is a name as any other.
        let star = |all: &BTreeSet<String>| !fetch.credentials && all.contains("*");
        let method = fetch.method.as_str();
        if !is_safelisted_method(&fetch.method) && !self.methods.contains(method) && !star(&self.methods) {
            return Err(format!("the preflight's answer does not allow the method {method}"));
        }
        for name in fetch.unsafe_fields() {
            // A `*` does not cover a token: Authorization must be named.
            if !self.fields.contains(&name) && (name == "authorization" || !star(&self.fields)) {
                return Err(format!("the preflight's answer does not allow the field {name}"));
            }
        }
        Ok(())
    }
}

/// Granted and not yet forgotten: by page, server, path, and whether with cookies.
#[derive(Debug, Default)]
pub struct Preflights(BTreeMap<(Origin, Origin, String, bool), (u64, Grant)>);

impl Preflights {
    /// Keeps a grant from `now` on (in seconds), no longer than `cap` lets: browsers have one.
    pub fn keep(&mut self, (from, to): (&Origin, &Origin), fetch: &Fetch, grant: Grant, (now, cap): (u64, u64)) {
        let until = now.saturating_add(grant.seconds.min(cap));
        self.0.retain(|_, (until, _)| *until > now);
        self.0.insert((from.clone(), to.clone(), fetch.path.clone(), fetch.credentials), (until, grant));
    }

    /// Whether a request may go out without asking again.
    #[must_use]
    pub fn cover(&self, from: &Origin, to: &Origin, fetch: &Fetch, now: u64) -> bool {
        let kept = self.0.get(&(from.clone(), to.clone(), fetch.path.clone(), fetch.credentials));
        kept.is_some_and(|(until, grant)| *until > now && grant.covers(fetch).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::http::Method;

    #[test]
    fn a_grant_is_kept_as_long_as_it_says_and_no_longer_than_the_browser_does() {
        let (page, api) = (Origin::read("http://a").expect("one"), Origin::read("http://b").expect("one"));
        let fetch = Fetch::new(Method::PUT, "/");
        let grant = |seconds| Grant { methods: ["PUT".to_owned()].into(), fields: BTreeSet::new(), seconds };
        let mut kept = Preflights::default();
        kept.keep((&page, &api), &fetch, grant(86_400), (100, 7200));
        assert!(kept.cover(&page, &api, &fetch, 7299) && !kept.cover(&page, &api, &fetch, 7300));
        assert!(
            !kept.cover(&api, &page, &fetch, 101) && !kept.cover(&page, &api, &Fetch::new(Method::DELETE, "/"), 101)
        );
        assert!(!kept.cover(&page, &api, &fetch.clone().with("x", "1"), 101));
        assert_eq!((Grant::seconds(""), Grant::seconds("-1"), Grant::seconds("0")), (5, 5, 0));
    }
}
