//! The client (RFC 8555 §7): an account, an order, a proof for each name, a certificate.
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::jws::AccountKey;
use super::validate::key_authorisation;
use super::{ChallengeKind, DIRECTORY};
use crate::net::Net;
use crate::recording::Time;
use crate::services::http::{self, Connection, HttpError, Request, Response};
use crate::services::tls::{Ground, Identity, Pending, TlsError};
use crate::wire::text::visible_start;

/// From one look at an object to the next.
const POLL: Duration = Duration::from_secs(2);
/// Looks at one object before the client gives up.
const POLLS: u32 = 15;
/// A refused nonce is tried again so often (RFC 8555 §6.5).
const RETRIES: u32 = 3;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    #[error("the authority cannot be reached: {0}")]
    Http(#[from] HttpError),
    #[error("the authority refuses: {kind}: {detail}")]
    Refused { kind: String, detail: String, retry: Option<Duration> },
    #[error("the proof failed: {kind}: {detail}")]
    Unproven { kind: String, detail: String },
    #[error("the authority's answer is not what RFC 8555 says: {0}")]
    Odd(&'static str),
    #[error("the authority has not decided after {} s", POLL.as_secs() * u64::from(POLLS))]
    Undecided,
    #[error("what came is no certificate for the key: {0}")]
    Certificate(#[from] TlsError),
}

/// Puts a proof where the authority looks, and takes it away again.
pub trait Prover {
    /// `authorisation` is the key authorisation (RFC 8555 §8.1).
    fn put(&self, kind: ChallengeKind, name: &str, token: &str, authorisation: &str) -> impl Future<Output = ()>;

    fn remove(&self, kind: ChallengeKind, name: &str, token: &str) -> impl Future<Output = ()>;
}

/// An object's state as the client saw it change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub at: Time,
    /// `order 3`, `authorisation 3`
    pub object: String,
    pub state: String,
}

/// A client with an account.
pub struct AcmeClient<N> {
    net: N,
    ground: Ground,
    http: http::Client,
    key: AccountKey,
    base: String,
    account: Option<String>,
    told: Rc<RefCell<Vec<Told>>>,
}

/// One visit: a connection, the directory, a nonce.
struct Visit<'a, N: Net> {
    client: &'a AcmeClient<N>,
    connection: Connection<N>,
    directory: Value,
    nonce: String,
}

impl<N: Net> AcmeClient<N> {
    /// A client of the authority at the other end of `http`, whose URLs begin with `base`.
    #[must_use]
    pub fn new(net: &N, ground: &Ground, http: http::Client, base: &str) -> Self {
        let key = AccountKey::new(ground);
        let told = Rc::default();
        Self { net: net.clone(), ground: ground.clone(), http, key, base: base.to_owned(), account: None, told }
    }

    /// The states it saw, in their order; shared.
    #[must_use]
    pub fn told(&self) -> Rc<RefCell<Vec<Told>>> {
        Rc::clone(&self.told)
    }

    fn tell(&self, object: &str, state: &str) {
        let (object, state) = (object.to_owned(), visible_start(state, 40));
        let mut told = self.told.borrow_mut();
        if told.iter().rfind(|it| it.object == object).is_none_or(|it| it.state != state) {
            told.push(Told { at: self.net.now(), object, state });
        }
    }

    /// Orders a certificate for these names, proving each in that way.
    ///
    /// # Errors
    /// When the authority is not there, refuses, or does not find the proof.
    pub async fn order(
        &mut self,
        names: &[&str],
        kind: ChallengeKind,
        prover: &impl Prover,
    ) -> Result<Identity, AcmeError> {
        let account = self.account.clone();
        let mut visit = self.visit().await?;
        let account = match account {
            Some(account) => account,
            None => visit.account().await?,
        };
        let outcome = visit.certificate(&account, names, (kind, prover)).await;
        self.account = Some(account);
        outcome
    }

    /// When the authority would like this certificate renewed, in seconds since 1970 (RFC 9773 §4).
    ///
    /// # Errors
    /// When it is not there, or says nothing about it.
    pub async fn window(&self, id: &str) -> Result<(i64, i64), AcmeError> {
        let mut connection = self.http.open(&self.net).await?;
        let response = connection.ask(Request::get(format!("/renewal-info/{id}"))).await?.response;
        let value = whole(&response)?;
        let instant = |name: &str| {
            let text = value["suggestedWindow"][name].as_str()?;
            text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
        };
        instant("start").zip(instant("end")).ok_or(AcmeError::Odd("no window of two instants"))
    }

    async fn visit(&self) -> Result<Visit<'_, N>, AcmeError> {
        let mut connection = self.http.open(&self.net).await?;
        let directory = whole(&connection.ask(Request::get(DIRECTORY)).await?.response)?;
        let path = self.path(&directory, "newNonce")?;
        let head = Request::new(http::Method::HEAD, path);
        let nonce = connection.ask(head).await?.response.header("replay-nonce");
        Ok(Visit { client: self, connection, directory, nonce })
    }

    /// The path of a URL of this authority.
    fn path(&self, object: &Value, name: &str) -> Result<String, AcmeError> {
        let url = object[name].as_str().ok_or(AcmeError::Odd("a URL is missing"))?;
        url.strip_prefix(&self.base).map(str::to_owned).ok_or(AcmeError::Odd("a URL leads elsewhere"))
    }
}

impl<N: Net> Visit<'_, N> {
    /// A signed request; once more with a new nonce where the last was refused.
    async fn post(
        &mut self,
        account: Option<&str>,
        path: &str,
        payload: Option<&Value>,
    ) -> Result<Response, AcmeError> {
        let url = format!("{}{path}", self.client.base);
        for _ in 0..RETRIES {
            let body = self.client.key.sign((&url, &self.nonce), account, payload);
            let request =
                Request::new(http::Method::POST, path).with("content-type", "application/jose+json").body(body);
            let response = self.connection.ask(request).await?.response;
            self.nonce = response.header("replay-nonce");
            match refusal(&response) {
                Some(AcmeError::Refused { kind, .. }) if kind == "badNonce" => {}
                Some(error) => return Err(error),
                None => return Ok(response),
            }
        }
        Err(AcmeError::Odd("no nonce of its own is good"))
    }

    async fn account(&mut self) -> Result<String, AcmeError> {
        let path = self.client.path(&self.directory, "newAccount")?;
        let response = self.post(None, &path, Some(&json!({"termsOfServiceAgreed": true}))).await?;
        self.client.tell("account", "valid");
        Ok(response.header("location"))
    }

    async fn certificate(
        &mut self,
        account: &str,
        names: &[&str],
        (kind, prover): (ChallengeKind, &impl Prover),
    ) -> Result<Identity, AcmeError> {
        let path = self.client.path(&self.directory, "newOrder")?;
        let each: Vec<Value> = names.iter().map(|it| json!({"type": "dns", "value": it})).collect();
        let response = self.post(Some(account), &path, Some(&json!({"identifiers": each}))).await?;
        let order = whole(&response)?;
        let place = json!({"order": response.header("location")});
        let place = self.client.path(&place, "order")?;
        self.tell(&place, &order);
        for it in order["authorizations"].as_array().map_or(&[][..], Vec::as_slice) {
            let path = self.client.path(&json!({"it": it}), "it")?;
            self.prove(account, &path, (kind, prover)).await?;
        }
        self.until(account, &place, "ready").await?;
        let pending = Pending::new(&self.client.ground, names)?;
        let path = self.client.path(&order, "finalize")?;
        let request = json!({"csr": super::base64(pending.request())});
        self.post(Some(account), &path, Some(&request)).await?;
        let order = self.until(account, &place, "valid").await?;
        let path = self.client.path(&order, "certificate")?;
        let chain = self.post(Some(account), &path, None).await?;
        Ok(pending.certified(&chain.body)?)
    }

    /// RFC 8555 §7.5: puts the proof, says so, waits for the verdict.
    async fn prove(
        &mut self,
        account: &str,
        path: &str,
        (kind, prover): (ChallengeKind, &impl Prover),
    ) -> Result<(), AcmeError> {
        let it = whole(&self.post(Some(account), path, None).await?)?;
        self.tell(path, &it);
        if it["status"] == "valid" {
            return Ok(());
        }
        let name = it["identifier"]["value"].as_str().unwrap_or_default().to_owned();
        let challenges = it["challenges"].as_array().map_or(&[][..], Vec::as_slice);
        let challenge = challenges.iter().find(|it| it["type"] == kind.name());
        let challenge = challenge.ok_or(AcmeError::Odd("there is no challenge of this kind"))?;
        let token = challenge["token"].as_str().ok_or(AcmeError::Odd("a challenge has no token"))?;
        let authorisation = key_authorisation(token, &self.client.key.jwk().thumbprint);
        prover.put(kind, &name, token, &authorisation).await;
        let said = async {
            let url = self.client.path(challenge, "url")?;
            self.post(Some(account), &url, Some(&json!({}))).await?;
            self.until(account, path, "valid").await
        };
        let outcome = said.await.map(drop);
        prover.remove(kind, &name, token).await;
        outcome
    }

    /// Looks at an object until it is in that state (RFC 8555 §7.5.1).
    async fn until(&mut self, account: &str, path: &str, wanted: &str) -> Result<Value, AcmeError> {
        for _ in 0..POLLS {
            let it = whole(&self.post(Some(account), path, None).await?)?;
            self.tell(path, &it);
            let status = it["status"].as_str().unwrap_or_default();
            if status == wanted || (wanted == "ready" && status == "valid") {
                return Ok(it);
            }
            if status == "invalid" {
                return Err(unproven(&it));
            }
            self.client.net.sleep(POLL).await;
        }
        Err(AcmeError::Undecided)
    }

    fn tell(&self, path: &str, it: &Value) {
        let object = path.trim_start_matches('/').replace('/', " ");
        self.client.tell(&object, it["status"].as_str().unwrap_or("?"));
    }
}

/// The body as JSON, where the answer is no refusal.
fn whole(response: &Response) -> Result<Value, AcmeError> {
    match refusal(response) {
        Some(error) => Err(error),
        None => serde_json::from_slice(&response.body).map_err(|_| AcmeError::Odd("the body is no JSON")),
    }
}

/// RFC 8555 §6.7: what the error document says.
fn refusal(response: &Response) -> Option<AcmeError> {
    if response.status.is_success() {
        return None;
    }
    let value: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let retry = response.header("retry-after").parse().ok().map(Duration::from_secs);
    let (kind, detail) = told_by(&value);
    Some(AcmeError::Refused { kind, detail, retry })
}

fn unproven(object: &Value) -> AcmeError {
    let challenges = object["challenges"].as_array().map_or(&[][..], Vec::as_slice);
    let error = challenges.iter().map(|it| &it["error"]).find(|it| !it.is_null()).unwrap_or(&object["error"]);
    let (kind, detail) = told_by(error);
    AcmeError::Unproven { kind, detail }
}

/// Kind and detail of an error document.
fn told_by(problem: &Value) -> (String, String) {
    let text = |name: &str| visible_start(problem[name].as_str().unwrap_or_default(), 200);
    let kind = text("type");
    (kind.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(&kind).to_owned(), text("detail"))
}
