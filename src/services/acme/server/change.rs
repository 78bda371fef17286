//! What changes later: certificates are revoked (RFC 8555 §7.6), accounts get another key (§7.3.5) or are ended (§7.3.6),
//! authorisations are given up (§7.5.2).
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::super::jws::{Jwk, Signed};
use super::super::problem::Problem;
use super::Acme;
use super::answers::Answer;
use crate::net::Net;
use crate::services::http::Response;
use crate::services::x509::Certificate;

/// RFC 5280 §5.3.1: the reasons a holder may give; 7 is none, 6 and 8 are for lists alone.
const REASONS: [u64; 8] = [0, 1, 2, 3, 4, 5, 9, 10];

/// Whether the payload changes the status to the only one that a client may choose; without a status it only asks.
pub(super) fn asks_to_deactivate(signed: &Signed) -> Result<bool, Problem> {
    let payload = if signed.payload.is_empty() { Value::Null } else { signed.json()? };
    match &payload["status"] {
        Value::Null => Ok(false),
        it if it == "deactivated" => Ok(true),
        _ => Err(Problem::malformed("the status that may be asked for is `deactivated`")),
    }
}

impl<N: Net> Acme<N> {
    /// RFC 8555 §7.6: asked by the account that got the certificate, or by whoever has its key.
    pub(super) fn revoke(&self, account: Option<usize>, key: &Jwk, wanted: &Value) -> Result<Answer, Problem> {
        let der = wanted["certificate"].as_str().and_then(|it| BASE64URL_NOPAD.decode(it.as_bytes()).ok());
        let der = der.ok_or_else(|| Problem::malformed("there is no certificate in base64url"))?;
        let reason = if wanted["reason"].is_null() { Some(0) } else { wanted["reason"].as_u64() };
        let Some(reason) = reason.filter(|it| REASONS.contains(it)) else {
            return Err(Problem::new(400, "badRevocationReason", "reasons are 0 to 5, 9 and 10 (RFC 5280 §5.3.1)"));
        };
        let now = self.ground.now();
        let mut state = self.state.borrow_mut();
        let is_it = |it: &Vec<rustls::pki_types::CertificateDer<'_>>| it.first().is_some_and(|own| **own == *der);
        let order = state.orders.iter().find(|it| it.certificate.as_ref().is_some_and(is_it));
        let owner = order.map(|it| it.account).ok_or_else(Problem::missing)?;
        let own = Certificate::read(&der).map_err(|it| Problem::malformed(it.to_string()))?;
        let may = account.map_or_else(|| key.is(&own.key), |it| it == owner);
        if !may {
            return Err(Problem::unauthorized("neither its account nor its own key asks for this"));
        }
        if state.revoked.contains_key(&own.serial) {
            return Err(Problem::new(400, "alreadyRevoked", "it is revoked already"));
        }
        state.revoked.insert(own.serial, (now, reason));
        Ok(Answer::empty(200))
    }

    /// The list of revoked certificates, as DER (RFC 5280 §5).
    pub(super) fn revoked_list(&self) -> Result<Answer, Problem> {
        let state = self.state.borrow();
        let each = state.revoked.iter().map(|(serial, (since, reason))| (serial.as_slice(), *since, *reason));
        let list = self.authority.revoked(each);
        let list = list.map_err(|it| Problem::new(500, "serverInternal", it.to_string()))?;
        Ok(Answer::of(Response::ok("application/pkix-crl", list.to_vec())))
    }

    /// RFC 8555 §7.3.6, §7.5.2: an account or an authorisation is no longer wanted.
    pub(super) fn deactivate(&self, what: &str, number: usize) -> Result<Answer, Problem> {
        if what == "account" {
            self.state.borrow_mut().end(number);
            return Ok(Answer::json(200, json!({"status": "deactivated"})));
        }
        self.state.borrow_mut().give_up(number)?;
        Ok(Answer::json(200, self.authorisation_json(number)?))
    }

    /// RFC 8555 §7.3.5: the new key signs inside what the old one signs.
    pub(super) fn change_key(&self, account: usize, old: &Jwk, outer: &Signed) -> Result<Answer, Problem> {
        let inner = Signed::of(&outer.json()?)?;
        let new = inner.key.clone().ok_or_else(|| Problem::malformed("the inner request has the new key (jwk)"))?;
        inner.check(&new)?;
        let says = inner.json()?;
        let wrong = |text: &str| Err(Problem::malformed(text));
        if inner.url != outer.url {
            return wrong("the inner request is for another URL");
        }
        if !inner.nonce.is_empty() {
            return wrong("the inner request has no nonce");
        }
        if says["account"].as_str() != outer.account.as_deref() {
            return wrong("the inner request is for another account");
        }
        if Jwk::read(&says["oldKey"]).as_ref() != Some(old) {
            return wrong("oldKey is not the key of this account");
        }
        let mut state = self.state.borrow_mut();
        if let Some(holder) = state.accounts.iter().position(|it| *it == new) {
            let conflict = Problem::new(409, "malformed", "another account has this key");
            return Ok(Answer::problem(&conflict).at(self.url(&format!("/account/{holder}"))));
        }
        state.accounts[account] = new;
        Ok(Answer::json(200, json!({"status": "valid"})).at(self.url(&format!("/account/{account}"))))
    }
}
