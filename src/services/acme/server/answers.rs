//! What goes back: objects as JSON (RFC 8555 §7.1), certificates as PEM, the fields around them.
use hyper::StatusCode;
use serde_json::{Value, json};

use super::super::ChallengeKind;
use super::super::problem::Problem;
use super::super::renewal::{certificate_id, suggested_window};
use super::Acme;
use super::state::Challenge;
use crate::net::Net;
use crate::services::http::Response;
use crate::services::tls::pem;
use crate::services::x509::Certificate;

/// How long a client waits before it asks for the renewal information again (RFC 9773 §4.3).
const AGAIN: u64 = 6 * 3600;

/// An answer before its fields of every answer.
pub(super) struct Answer(Response);

impl Answer {
    pub(super) fn empty(status: u16) -> Self {
        Self(Response::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    pub(super) const fn of(response: Response) -> Self {
        Self(response)
    }

    pub(super) fn json(status: u16, value: Value) -> Self {
        let Self(response) = Self::empty(status);
        Self(response.with("content-type", "application/json").body(value.to_string()))
    }

    pub(super) fn problem(problem: &Problem) -> Self {
        let Self(response) = Self::json(problem.status, problem.json());
        let response = response.with("content-type", "application/problem+json");
        Self(match problem.retry {
            Some(wait) => response.with("retry-after", &wait.as_secs().to_string()),
            None => response,
        })
    }

    /// Where the object is.
    pub(super) fn at(self, url: String) -> Self {
        Self(self.0.with("location", &url))
    }

    /// RFC 8555 §7.5.1: the way from a challenge to its authorisation.
    pub(super) fn up(self, url: &str) -> Self {
        Self(self.0.with("link", &format!("<{url}>;rel=\"up\"")))
    }

    pub(super) fn response(self) -> Response {
        self.0
    }
}

/// RFC 3339
fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

impl<N: Net> Acme<N> {
    pub(super) fn order_json(&self, number: usize) -> Result<Value, Problem> {
        let state = self.state.borrow();
        let order = state.orders.get(number).ok_or_else(Problem::missing)?;
        let names = order.names.iter().map(|it| json!({"type": "dns", "value": it})).collect::<Vec<_>>();
        let each = order.authorisations.iter().map(|it| self.url(&format!("/authorisation/{it}"))).collect::<Vec<_>>();
        let mut value = json!({
            "status": order.status.name(),
            "expires": instant(order.expires),
            "identifiers": names,
            "authorizations": each,
            "finalize": self.url(&format!("/finalize/{number}")),
        });
        if let Some(problem) = &order.error {
            value["error"] = problem.json();
        }
        if order.certificate.is_some() {
            value["certificate"] = json!(self.url(&format!("/certificate/{number}")));
        }
        Ok(value)
    }

    pub(super) fn authorisation_json(&self, number: usize) -> Result<Value, Problem> {
        let state = self.state.borrow();
        let it = state.authorisations.get(number).ok_or_else(Problem::missing)?;
        let challenges = it.challenges.iter().map(|it| self.challenge_of(number, it)).collect::<Vec<_>>();
        let mut value = json!({
            "status": it.status.name(),
            "expires": instant(it.expires),
            "identifier": {"type": "dns", "value": it.name},
            "challenges": challenges,
        });
        if it.wildcard {
            value["wildcard"] = json!(true);
        }
        Ok(value)
    }

    pub(super) fn challenge_json(&self, number: usize, kind: ChallengeKind) -> Result<Value, Problem> {
        let state = self.state.borrow();
        let it = state.authorisations.get(number).ok_or_else(Problem::missing)?;
        let found = it.challenges.iter().find(|it| it.kind == kind).ok_or_else(Problem::missing)?;
        Ok(self.challenge_of(number, found))
    }

    fn challenge_of(&self, number: usize, it: &Challenge) -> Value {
        let mut value = json!({
            "type": it.kind.name(),
            "url": self.url(&format!("/challenge/{number}/{}", it.kind.name())),
            "status": it.status.name(),
            "token": it.token,
        });
        if let Some(problem) = &it.error {
            value["error"] = problem.json();
        }
        if let Some(at) = it.validated {
            value["validated"] = json!(instant(at));
        }
        value
    }

    /// RFC 8555 §7.4.2
    pub(super) fn certificate(&self, number: usize) -> Result<Answer, Problem> {
        let state = self.state.borrow();
        let chain = state.orders.get(number).and_then(|it| it.certificate.as_ref()).ok_or_else(Problem::missing)?;
        let text: String = chain.iter().map(|it| pem("CERTIFICATE", it)).collect();
        Ok(Answer(Response::ok("application/pem-certificate-chain", text)))
    }

    /// RFC 9773 §4: when this authority would like a certificate renewed.
    pub(super) fn renewal_info(&self, path: &str) -> Result<Answer, Problem> {
        let id = path.strip_prefix("/renewal-info/").unwrap_or_default();
        let state = self.state.borrow();
        let given = state.orders.iter().filter_map(|it| Certificate::read(it.certificate.as_ref()?.first()?).ok());
        let found = { given }.find(|it| certificate_id(it).as_deref() == Some(id)).ok_or_else(Problem::missing)?;
        let (start, end) = suggested_window(&found);
        let value = json!({"suggestedWindow": {"start": instant(start), "end": instant(end)}});
        let Answer(response) = Answer::json(200, value);
        Ok(Answer(response.with("retry-after", &AGAIN.to_string())))
    }
}
