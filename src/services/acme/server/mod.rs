//! The authority (RFC 8555 §7): what it answers to each request.
mod answers;
mod change;
mod state;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::jws::{Jwk, Signed};
use super::problem::Problem;
use super::validate::{Look, key_authorisation};
use super::{ChallengeKind, DIRECTORY};
use crate::net::Net;
use crate::quantity::counted;
use crate::services::http::{self, Request, Response, ServerOptions};
use crate::services::tls::{Authority, Ground, Leaf, Server};
use crate::services::x509;
use answers::Answer;
use change::asks_to_deactivate;
use state::{State, Status};

const DAY: i64 = 86_400;
/// An order that is not finished by then is over.
const ORDER_LIFE: i64 = 7 * DAY;
/// Names in one certificate.
const MOST_NAMES: usize = 100;
/// What CAA records say is looked at again when it is older: "within the TTL of the CAA record, or 8 hours, whichever is greater"
/// (CA/Browser Forum, Baseline Requirements, on CAA).
const CAA_GOOD: i64 = 8 * 3600;
/// Certificates are dated back by this much, for clients whose clocks are late.
const BACKDATED: Duration = Duration::from_secs(3600);
/// The rate limit counts over this time.
const WEEK: i64 = 7 * DAY;

/// Where the list of revoked certificates is (RFC 5280 §5).
const CRL: &str = "/crl";

/// How an authority works.
#[derive(Clone, Debug)]
pub struct AcmeOptions {
    /// What its URLs begin with: `https://ca.example`.
    pub base: String,
    /// A certificate is good for this long.
    pub lifetime: Duration,
    /// Certificates for the same names in a week; 0 is any number.
    pub weekly: usize,
    /// Whom it asks for addresses and records.
    pub resolver: SocketAddr,
    /// Where challenges are looked for: 80 and 443, except in tests on one machine.
    pub http_port: u16,
    pub tls_port: u16,
    /// What CAA records must name.
    pub issuer: String,
    /// Whether certificates say where the list of the revoked ones is.
    pub lists_revoked: bool,
    /// Decides every nonce, token and serial number; without one they are the system's chance.
    pub seed: Option<u64>,
}

/// An authority. Clones are the same.
#[derive(Clone)]
pub struct Acme<N> {
    net: N,
    ground: Ground,
    authority: Rc<Authority>,
    options: Rc<AcmeOptions>,
    state: Rc<RefCell<State>>,
}

impl<N: Net> Acme<N> {
    #[must_use]
    pub fn new(net: &N, ground: &Ground, authority: Authority, options: AcmeOptions) -> Self {
        let state = Rc::new(RefCell::new(State::new(options.seed)));
        let (authority, options) = (Rc::new(authority), Rc::new(options));
        Self { net: net.clone(), ground: ground.clone(), authority, options, state }
    }

    /// Serves until the listening socket fails.
    ///
    /// # Errors
    /// The listening socket's.
    pub async fn serve(self, listener: N::Listener, tls: Server) -> io::Result<()> {
        let net = self.net.clone();
        let options = ServerOptions { tls: Some(tls), body: 64 << 10, ..ServerOptions::default() };
        let answer = move |request: Request| {
            let own = self.clone();
            async move { own.answer(&request).await }
        };
        http::serve_with(net, listener, options, answer).await
    }

    fn now(&self) -> i64 {
        i64::try_from(self.ground.now().as_secs()).unwrap_or(i64::MAX)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.options.base)
    }

    async fn answer(&self, request: &Request) -> Response {
        let path = request.path.split('?').next().unwrap_or_default();
        let answer = match (request.method.as_str(), path) {
            ("GET", DIRECTORY) => Ok(Answer::json(200, self.directory())),
            ("HEAD", "/new-nonce") => Ok(Answer::empty(200)),
            ("GET", "/new-nonce") => Ok(Answer::empty(204)),
            ("GET", _) if path.starts_with("/renewal-info/") => self.renewal_info(path),
            ("GET", CRL) => self.revoked_list(),
            ("POST", _) => self.post(request, path).await,
            _ => Err(Problem::new(405, "malformed", "this is asked for with POST (RFC 8555 §6.3)")),
        };
        let answer = answer.unwrap_or_else(|problem| Answer::problem(&problem));
        // RFC 8555 §6.5, §7.1: a nonce and the way back to the directory with every answer.
        let nonce = self.state.borrow_mut().nonce();
        let index = format!("<{}>;rel=\"index\"", self.url(DIRECTORY));
        let response = answer.response();
        let links = [response.header("link"), index].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
        response.with("replay-nonce", &nonce).with("link", &links.join(", ")).with("cache-control", "no-store")
    }

    fn directory(&self) -> Value {
        json!({
            "newNonce": self.url("/new-nonce"),
            "newAccount": self.url("/new-account"),
            "newOrder": self.url("/new-order"),
            "revokeCert": self.url("/revoke-cert"),
            "keyChange": self.url("/key-change"),
            "renewalInfo": self.url("/renewal-info"),
            "meta": {"caaIdentities": [self.options.issuer]},
        })
    }

    /// RFC 8555 §6.2 to §6.5: form, nonce, URL, account, signature; then what is asked for.
    async fn post(&self, request: &Request, path: &str) -> Result<Answer, Problem> {
        if request.header("content-type") != "application/jose+json" {
            return Err(Problem::new(415, "malformed", "the body is application/jose+json"));
        }
        let signed = Signed::read(&request.body)?;
        if !self.state.borrow_mut().use_nonce(&signed.nonce) {
            return Err(Problem::new(400, "badNonce", "this nonce was not given, or is used already"));
        }
        if signed.url != self.url(path) {
            return Err(Problem::unauthorized("the URL that is signed is another one"));
        }
        let (account, key) = self.signer(&signed)?;
        signed.check(&key)?;
        account.map_or(Ok(()), |it| self.state.borrow().is_good(it))?;
        match (account, path) {
            (None, "/new-account") => self.new_account(&signed, &key),
            (_, "/revoke-cert") => self.revoke(account, &key, &signed.json()?),
            (Some(account), "/key-change") => self.change_key(account, &key, &signed),
            (Some(account), "/new-order") => self.new_order(account, &signed.json()?),
            (Some(account), _) => self.thing(account, path, &signed).await,
            (None, _) => Err(Problem::malformed("this is asked for by an account (kid)")),
        }
    }

    fn signer(&self, signed: &Signed) -> Result<(Option<usize>, Jwk), Problem> {
        if let Some(key) = &signed.key {
            return Ok((None, key.clone()));
        }
        let missing = || Problem::new(400, "accountDoesNotExist", "there is no such account");
        let number = signed.account.as_deref().and_then(|it| it.strip_prefix(self.url("/account/").as_str()));
        let number: usize = number.and_then(|it| it.parse().ok()).ok_or_else(missing)?;
        let key = self.state.borrow().accounts.get(number).cloned().ok_or_else(missing)?;
        Ok((Some(number), key))
    }

    /// RFC 8555 §7.3
    fn new_account(&self, signed: &Signed, key: &Jwk) -> Result<Answer, Problem> {
        let only_existing = signed.json()?["onlyReturnExisting"].as_bool().unwrap_or(false);
        let (number, known) = self.state.borrow_mut().account(key, only_existing)?;
        let answer = Answer::json(if known { 200 } else { 201 }, json!({"status": "valid"}));
        Ok(answer.at(self.url(&format!("/account/{number}"))))
    }

    /// RFC 8555 §7.4
    fn new_order(&self, account: usize, wanted: &Value) -> Result<Answer, Problem> {
        let each = wanted["identifiers"].as_array().map_or(&[][..], Vec::as_slice);
        if each.is_empty() || each.len() > MOST_NAMES {
            return Err(Problem::malformed(format!("an order has 1 to {MOST_NAMES} names")));
        }
        let mut names = each.iter().map(identifier).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        names.dedup();
        self.limit(&names)?;
        let number = self.state.borrow_mut().order(account, names, self.now() + ORDER_LIFE)?;
        let answer = Answer::json(201, self.order_json(number)?);
        Ok(answer.at(self.url(&format!("/order/{number}"))))
    }

    /// RFC 8555 §6.6: the limit of certificates for the same names.
    fn limit(&self, names: &[String]) -> Result<(), Problem> {
        let (now, state) = (self.now(), self.state.borrow());
        let given = state.given.get(names).map_or(&[][..], Vec::as_slice);
        let recent: Vec<i64> = given.iter().copied().filter(|it| *it > now - WEEK).collect();
        if self.options.weekly == 0 || recent.len() < self.options.weekly {
            return Ok(());
        }
        let oldest = recent.iter().min().copied().unwrap_or(now);
        let left = u64::try_from(oldest + WEEK - now).unwrap_or(0);
        let given = counted(recent.len(), "certificate");
        let detail = format!("{given} for these names within a week, and no more are given");
        let problem = Problem::new(429, "rateLimited", detail);
        Err(Problem { retry: Some(Duration::from_secs(left)), ..problem })
    }

    /// What belongs to an account, by its path.
    async fn thing(&self, account: usize, path: &str, signed: &Signed) -> Result<Answer, Problem> {
        let mut parts = path.trim_start_matches('/').split('/');
        let (what, number) = (parts.next().unwrap_or_default(), parts.next().and_then(|it| it.parse::<usize>().ok()));
        let number = number.ok_or_else(Problem::missing)?;
        self.owned(account, what, number)?;
        self.lapse(what, number);
        if matches!(what, "account" | "authorisation") && asks_to_deactivate(signed)? {
            return self.deactivate(what, number);
        }
        match what {
            "account" => Ok(Answer::json(200, json!({"status": "valid"}))),
            "order" => Ok(Answer::json(200, self.order_json(number)?).at(self.url(path))),
            "authorisation" => Ok(Answer::json(200, self.authorisation_json(number)?)),
            "challenge" => {
                let kind = parts.next().and_then(ChallengeKind::named).ok_or_else(Problem::missing)?;
                self.challenge(number, kind, signed)
            }
            "finalize" => self.finalize(number, &signed.json()?).await,
            "certificate" => self.certificate(number),
            _ => Err(Problem::missing()),
        }
    }

    /// Judges the order that this is, or is of, by the clock.
    fn lapse(&self, what: &str, number: usize) {
        let mut state = self.state.borrow_mut();
        let order = match what {
            "account" => None,
            "authorisation" | "challenge" => state.authorisations.get(number).map(|it| it.order),
            _ => Some(number),
        };
        if let Some(order) = order {
            state.lapse(order, self.now());
        }
    }

    fn owned(&self, account: usize, what: &str, number: usize) -> Result<(), Problem> {
        let state = self.state.borrow();
        let owner = match what {
            "account" => Some(number),
            "authorisation" | "challenge" => state.authorisations.get(number).map(|it| it.account),
            _ => state.orders.get(number).map(|it| it.account),
        };
        match owner {
            None => Err(Problem::missing()),
            Some(it) if it == account => Ok(()),
            Some(_) => Err(Problem::unauthorized("this belongs to another account")),
        }
    }

    /// RFC 8555 §7.5.1: the client says that it is ready; without a payload it only asks.
    fn challenge(&self, number: usize, kind: ChallengeKind, signed: &Signed) -> Result<Answer, Problem> {
        let begins = {
            let mut state = self.state.borrow_mut();
            let it = state.authorisations.get_mut(number).ok_or_else(Problem::missing)?;
            let pending = it.status == Status::Pending && it.challenges.iter().all(|it| it.status == Status::Pending);
            let challenge = it.challenges.iter_mut().find(|it| it.kind == kind).ok_or_else(Problem::missing)?;
            let begins = pending && !signed.payload.is_empty();
            if begins {
                challenge.status = Status::Processing;
            }
            begins.then(|| ((it.name.clone(), it.wildcard), challenge.token.clone()))
        };
        if let Some((name, token)) = begins {
            self.validate(number, kind, name, token, signed)?;
        }
        let answer = Answer::json(200, self.challenge_json(number, kind)?);
        Ok(answer.up(&self.url(&format!("/authorisation/{number}"))))
    }

    /// Looks beside the answer.
    fn validate(
        &self,
        number: usize,
        kind: ChallengeKind,
        (name, wildcard): (String, bool),
        token: String,
        signed: &Signed,
    ) -> Result<(), Problem> {
        let (account, key) = self.signer(signed)?;
        let account =
            account.ok_or_else(|| Problem::new(400, "accountDoesNotExist", "an account's own is asked for here"))?;
        let wanted = key_authorisation(&token, &key.thumbprint);
        let look = self.look(account);
        let id = self.state.borrow_mut().query();
        let own = self.clone();
        self.net.spawn(async move {
            let outcome = look.at((&own.net, &own.ground), kind, ((&name, wildcard), &token, &wanted), id).await;
            own.net.note(match &outcome {
                Ok(()) => format!("{} of {name} holds", kind.name()),
                Err(problem) => format!("{} of {name} fails: {}: {}", kind.name(), problem.kind, problem.detail),
            });
            let now = own.now();
            own.state.borrow_mut().judged(number, kind, outcome, now);
        });
        Ok(())
    }

    /// Where it looks for an account.
    fn look(&self, account: usize) -> Look {
        let options = &self.options;
        Look {
            resolver: options.resolver,
            http_port: options.http_port,
            tls_port: options.tls_port,
            issuer: options.issuer.clone(),
            // Its URL as this authority gives it, which is what RFC 8657 §3.1 compares.
            account: self.url(&format!("/account/{account}")),
        }
    }

    /// RFC 8659 §3: before it issues, an authority looks who may. That is part of each proof, and done again where the proof is old.
    async fn may_issue(&self, number: usize) -> Result<(), Problem> {
        let (account, old) = {
            let (now, state) = (self.now(), self.state.borrow());
            let order = state.orders.get(number).ok_or_else(Problem::missing)?;
            let all = order.authorisations.iter().filter_map(|it| state.authorisations.get(*it));
            let old = all.filter_map(|it| {
                let (kind, at) = it.challenges.iter().find_map(|it| Some((it.kind, it.validated?)))?;
                (now - at > CAA_GOOD).then(|| (it.name.clone(), it.wildcard, kind))
            });
            (order.account, old.collect::<Vec<_>>())
        };
        for (name, wildcard, kind) in old {
            let id = self.state.borrow_mut().query();
            self.look(account).again(&self.net, (&name, wildcard), kind, id).await?;
        }
        Ok(())
    }

    /// The names of an order that can be finished.
    fn ready(&self, number: usize) -> Result<Vec<String>, Problem> {
        let state = self.state.borrow();
        let order = state.orders.get(number).ok_or_else(Problem::missing)?;
        if order.status != Status::Ready {
            return Err(Problem::new(403, "orderNotReady", format!("the order is {}", order.status.name())));
        }
        Ok(order.names.clone())
    }

    /// RFC 8555 §7.4: the request for a certificate, whose names are those of the order.
    async fn finalize(&self, number: usize, wanted: &Value) -> Result<Answer, Problem> {
        let bad = |text: &str| Problem::new(400, "badCSR", text);
        let names = self.ready(number)?;
        let der = wanted["csr"].as_str().and_then(|it| data_encoding::BASE64URL_NOPAD.decode(it.as_bytes()).ok());
        let request = x509::Request::proven(&der.ok_or_else(|| bad("there is no request in base64url"))?);
        let request = request.map_err(|it| bad(&it.to_string()))?;
        let mut asked: Vec<String> = request.names.iter().map(|it| it.to_string().to_ascii_lowercase()).collect();
        asked.sort();
        asked.dedup();
        if asked != names {
            return Err(bad(&format!("the request is for {}, the order for {}", asked.join(", "), names.join(", "))));
        }
        self.may_issue(number).await?;
        // Somebody else may have finished it meanwhile.
        self.ready(number)?;
        let chain = self.signed(&names, &request).map_err(|it| Problem::new(500, "serverInternal", it.to_string()))?;
        let mut state = self.state.borrow_mut();
        let now = self.now();
        state.given.entry(names).or_default().push(now);
        if let Some(order) = state.orders.get_mut(number) {
            order.status = Status::Valid;
            order.certificate = Some(chain);
        }
        drop(state);
        Ok(Answer::json(200, self.order_json(number)?).at(self.url(&format!("/order/{number}"))))
    }

    fn signed(
        &self,
        names: &[String],
        request: &x509::Request,
    ) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, crate::services::tls::TlsError> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let serial = self.state.borrow_mut().serial();
        let from = self.ground.now().saturating_sub(BACKDATED);
        let leaf = Leaf::server(&names)?.from(from).good_for(self.options.lifetime).serial(serial);
        let leaf = if self.options.lists_revoked { leaf.crl_at(&self.url(CRL)) } else { leaf };
        self.authority.certify(&leaf, &request.key)
    }
}

/// RFC 8555 §7.1.3, §7.1.4: a domain name, maybe with `*.` before it.
fn identifier(it: &Value) -> Result<String, Problem> {
    let text = it["value"].as_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    if it["type"].as_str() != Some("dns") {
        return Err(Problem::new(400, "unsupportedIdentifier", "identifiers are of the type dns"));
    }
    let bare = text.strip_prefix("*.").unwrap_or(&text);
    let letters = |label: &str| !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    let good = crate::services::dns::name(bare).is_ok() && bare.contains('.') && bare.split('.').all(letters);
    if good {
        Ok(text)
    } else {
        Err(Problem::new(400, "rejectedIdentifier", "this is no name that gets a certificate"))
    }
}
