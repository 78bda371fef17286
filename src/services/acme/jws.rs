//! Signed requests (RFC 8555 §6.2): JSON Web Signatures (RFC 7515), flattened, with account keys as JSON Web Keys (RFC 7517).
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

use super::problem::Problem;
use crate::services::tls::Ground;
use crate::services::x509::{KeyKind, PublicKey};

/// The key of an account.
#[derive(Debug)]
pub enum AccountKey {
    /// EdDSA (RFC 8037): the same signature each time.
    Ed25519(Ed25519KeyPair),
    /// ES256 (RFC 7518 §3.4).
    P256(Box<EcdsaKeyPair>),
}

/// A public key of an account, as its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    value: Value,
    /// RFC 7638: its digest, base 64.
    pub thumbprint: String,
}

/// What a request says once its form was read; the signature is not checked yet.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) nonce: String,
    pub(super) url: String,
    pub(super) algorithm: String,
    /// The key in it, of a new account.
    pub(super) key: Option<Jwk>,
    /// The account it names.
    pub(super) account: Option<String>,
    pub(super) payload: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// Base 64 for URLs without padding (RFC 4648 §5), as ACME has it everywhere.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// SHA-256, base 64.
#[must_use]
pub fn hashed(text: &str) -> String {
    base64(digest(&SHA256, text.as_bytes()).as_ref())
}

impl AccountKey {
    /// A key of the lab's seed; elsewhere one of chance.
    ///
    /// # Panics
    /// When the system has no chance to give.
    #[must_use]
    pub fn new(ground: &Ground) -> Self {
        if let Some(seed) = ground.seeded() {
            return Self::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a key"));
        }
        let chance = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).expect("chance");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &chance);
        Self::P256(Box::new(key.expect("it was just made")))
    }

    /// Its public half.
    ///
    /// # Panics
    /// Never: its own keys are of known kinds.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        let value = match self {
            Self::Ed25519(key) => json!({"crv": "Ed25519", "kty": "OKP", "x": base64(key.public_key().as_ref())}),
            Self::P256(key) => {
                // SEC 1 §2.3.3: 4, then both coordinates.
                let point = key.public_key().as_ref();
                json!({"crv": "P-256", "kty": "EC", "x": base64(&point[1..33]), "y": base64(&point[33..65])})
            }
        };
        Jwk::read(&value).expect("a known kind of key")
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    /// A signed request. `account` names the account; without it the key itself is in the request. No payload is POST-as-GET
    /// (RFC 8555 §6.3).
    #[must_use]
    pub fn sign(&self, (url, nonce): (&str, &str), account: Option<&str>, payload: Option<&Value>) -> String {
        let mut header = json!({"alg": self.algorithm(), "nonce": nonce, "url": url});
        match account {
            Some(account) => header["kid"] = json!(account),
            None => header["jwk"] = self.jwk().value,
        }
        self.signed(&header, payload)
    }

    /// The request inside a change of keys: it has this new key in it and no nonce (RFC 8555 §7.3.5).
    #[must_use]
    pub fn sign_change(&self, url: &str, account: &str, old: &Jwk) -> Value {
        let header = json!({"alg": self.algorithm(), "jwk": self.jwk().value, "url": url});
        let text = self.signed(&header, Some(&json!({"account": account, "oldKey": old.value})));
        serde_json::from_str(&text).expect("it was just written")
    }

    fn signed(&self, header: &Value, payload: Option<&Value>) -> String {
        let protected = base64(header.to_string().as_bytes());
        let payload = payload.map_or_else(String::new, |it| base64(it.to_string().as_bytes()));
        let message = format!("{protected}.{payload}");
        let signature = match self {
            Self::Ed25519(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
            Self::P256(key) => {
                key.sign(&SystemRandom::new(), message.as_bytes()).expect("the system has chance").as_ref().to_vec()
            }
        };
        json!({"protected": protected, "payload": payload, "signature": base64(&signature)}).to_string()
    }
}

impl Jwk {
    /// Reads a key of a kind that can be checked.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().filter(|it| it.len() < 2000);
        // RFC 7638 §3.2, RFC 8037 §2: the members that count, in the order of their names.
        let members: &[&str] = match text("kty")? {
            "EC" => &["crv", "kty", "x", "y"],
            "OKP" => &["crv", "kty", "x"],
            "RSA" => &["e", "kty", "n"],
            _ => return None,
        };
        let pairs: Vec<String> =
            members.iter().map(|it| Some(format!("{}:{}", json!(it), json!(text(it)?)))).collect::<Option<_>>()?;
        let canonical = format!("{{{}}}", pairs.join(","));
        let value = serde_json::from_str(&canonical).ok()?;
        Some(Self { thumbprint: hashed(&canonical), value })
    }

    /// Whether that is the public half of the same key.
    pub(super) fn is(&self, key: &PublicKey) -> bool {
        let part = |name: &str| self.bytes(name).unwrap_or_default();
        let raw = match key.kind {
            KeyKind::Ed25519 => part("x"),
            // SEC 1 §2.3.3: 4, then both coordinates.
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => [vec![4], part("x"), part("y")].concat(),
            KeyKind::Rsa => return key.rsa() == Some((part("n"), part("e"))),
        };
        raw == key.raw
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        BASE64URL_NOPAD.decode(self.value[name].as_str()?.as_bytes()).ok()
    }

    /// Whether its owner signed that.
    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let it = |name: &str| self.value[name].as_str();
        Some(match (algorithm, it("kty")?, it("crv")) {
            ("EdDSA", "OKP", Some("Ed25519")) => {
                UnparsedPublicKey::new(&ED25519, self.bytes("x")?).verify(message, signature).is_ok()
            }
            ("ES256", "EC", Some("P-256")) => {
                let point = [vec![4], self.bytes("x")?, self.bytes("y")?].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            ("RS256", "RSA", _) => {
                let key = RsaPublicKeyComponents { n: self.bytes("n")?, e: self.bytes("e")? };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            _ => return None,
        })
    }
}

impl Signed {
    /// Reads the form of a request.
    ///
    /// # Errors
    /// When it is none, or has key and account, or neither (RFC 8555 §6.2).
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let wrong = |text: &str| Problem::malformed(text);
        let outer: Value = serde_json::from_slice(body).map_err(|_| wrong("the body is no JSON"))?;
        Self::of(&outer)
    }

    /// The same from its JSON.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn of(outer: &Value) -> Result<Self, Problem> {
        let wrong = |text: &str| Problem::malformed(text);
        let part = |name: &str| outer[name].as_str().ok_or_else(|| wrong("protected, payload and signature are texts"));
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| wrong("a part is no base64url"));
        let (protected, payload, signature) = (part("protected")?, part("payload")?, part("signature")?);
        let header: Value =
            serde_json::from_slice(&bytes(protected)?).map_err(|_| wrong("the protected header is no JSON"))?;
        let text = |name: &str| header[name].as_str().unwrap_or_default().to_owned();
        let account = header["kid"].as_str().map(str::to_owned);
        let key = header.get("jwk").map(|it| Jwk::read(it).ok_or_else(Problem::bad_key)).transpose()?;
        if key.is_some() == account.is_some() {
            return Err(wrong("a request has either a key (jwk) or an account (kid)"));
        }
        Ok(Self {
            nonce: text("nonce"),
            url: text("url"),
            algorithm: text("alg"),
            key,
            account,
            payload: bytes(payload)?,
            message: format!("{protected}.{payload}").into_bytes(),
            signature: bytes(signature)?,
        })
    }

    /// Checks the signature with the account's key.
    ///
    /// # Errors
    /// When it is not that key's, or the algorithm is not taken.
    pub(super) fn check(&self, key: &Jwk) -> Result<(), Problem> {
        match key.verifies(&self.algorithm, &self.message, &self.signature) {
            Some(true) => Ok(()),
            Some(false) => Err(Problem::malformed("the signature is not of this key")),
            None => Err(Problem::bad_algorithm()),
        }
    }

    /// The payload as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn json(&self) -> Result<Value, Problem> {
        serde_json::from_slice(&self.payload).map_err(|_| Problem::malformed("the payload is no JSON"))
    }
}
