//! The authority against requests that are not as they should be, and the client against it.
use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::jws::Signed;
use super::*;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::Net;
use crate::services::http::{self, Connection, Method, Request, Response, Version};
use crate::services::tls::{Authority, Client, Ground, HTTP_1_1, Server};

const BASE: &str = "https://ca.example";

/// A client's connection to an authority whose resolver is not there.
struct Stand {
    connection: Connection<LabNet>,
    key: AccountKey,
    nonce: String,
}

fn stand<T>(script: impl AsyncFnOnce(Stand) -> T) -> T {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.0.1/24").add();
    let ca = lab.host("ca").address("10.0.0.2/24").add();
    lab.link(client, ca, LinkOptions::default().delay(Duration::from_millis(5)));
    lab.introduce_everybody();
    let (client, ca) = (lab.net(client), lab.net(ca));
    let ground = Ground::lab(&client, 1);
    lab.run(async {
        let authority = Authority::new(&ground, "lab").expect("made");
        let (root, at) = (authority.certificate(), SocketAddr::from(([10, 0, 0, 2], 443)));
        let tls = Server::new(&ground, authority.issue(&["ca.example"]).expect("made"), &[HTTP_1_1]).expect("fits");
        let options = AcmeOptions {
            base: BASE.to_owned(),
            lifetime: Duration::from_secs(86_400 * 90),
            weekly: 5,
            resolver: SocketAddr::from(([10, 0, 0, 9], 53)),
            http_port: 80,
            tls_port: 443,
            issuer: "ca.example".to_owned(),
            lists_revoked: false,
            seed: Some(1),
        };
        let listener = ca.listen(at).await.expect("free");
        let serving = Acme::new(&ca, &ground, authority, options).serve(listener, tls);
        ca.spawn(async move { drop(serving.await) });
        let tls = Client::new(&ground, &[root], &[]).expect("made");
        let connection = http::Client::new(Version::Http11, at, "ca.example").over(&tls).open(&client).await;
        let mut it =
            Stand { connection: connection.expect("open"), key: AccountKey::new(&ground), nonce: String::new() };
        it.nonce = it.ask(Request::new(Method::HEAD, "/new-nonce")).await.header("replay-nonce");
        script(it).await
    })
    .expect("it ends")
}

impl Stand {
    async fn ask(&mut self, request: Request) -> Response {
        self.connection.ask(request).await.expect("it answers").response
    }

    /// A body that is signed already; gives status, the last word of the problem's type, and the answer.
    async fn send(&mut self, path: &str, body: String) -> (u16, String, Response) {
        let request = Request::new(Method::POST, path).with("content-type", "application/jose+json").body(body);
        let response = self.ask(request).await;
        self.nonce = response.header("replay-nonce");
        let value: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let kind = value["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned();
        (response.status.as_u16(), kind, response)
    }

    async fn post(&mut self, account: Option<&str>, path: &str, payload: &Value) -> (u16, String, Response) {
        let body = self.key.sign((&format!("{BASE}{path}"), &self.nonce), account, Some(payload));
        self.send(path, body).await
    }

    async fn account(&mut self) -> String {
        self.post(None, "/new-account", &json!({})).await.2.header("location")
    }
}

fn order_for(name: &str) -> Value {
    json!({"identifiers": [{"type": "dns", "value": name}]})
}

#[test]
fn a_request_that_is_not_signed_as_it_should_be_is_refused_by_name() {
    stand(async |mut it| {
        let used = it.nonce.clone();
        let account = it.account().await;
        assert_eq!(account, format!("{BASE}/account/0"));
        let again = it.key.sign((&format!("{BASE}/new-order"), &used), Some(&account), Some(&order_for("a.example")));
        assert_eq!(it.send("/new-order", again).await.1, "badNonce");
        let other = it.key.sign((&format!("{BASE}/elsewhere"), &it.nonce.clone()), Some(&account), None);
        assert_eq!(it.send("/new-order", other).await.1, "unauthorized");
        let unknown = format!("{BASE}/account/7");
        assert_eq!(it.post(Some(&unknown), "/new-order", &json!({})).await.1, "accountDoesNotExist");
        let signed = it.key.sign((&format!("{BASE}/new-order"), &it.nonce.clone()), Some(&account), Some(&json!({})));
        let mut altered: Value = serde_json::from_str(&signed).expect("JSON");
        altered["payload"] = json!(base64(order_for("a.example").to_string().as_bytes()));
        assert_eq!(it.send("/new-order", altered.to_string()).await.1, "malformed");
        for garbage in ["", "{}", "[]", "{\"protected\":\"!\",\"payload\":\"\",\"signature\":\"\"}"] {
            assert_eq!(it.send("/new-account", garbage.to_owned()).await.1, "malformed", "{garbage}");
        }
        assert_eq!(it.ask(Request::get("/new-order")).await.status.as_u16(), 405);
        assert_eq!(it.post(Some(&account), "/new-order", &order_for("a.example")).await.0, 201, "and it lives on");
    });
}

#[test]
fn names_that_get_no_certificate_are_refused_and_a_wildcard_is_proven_by_dns_alone() {
    stand(async |mut it| {
        let account = it.account().await;
        for name in ["localhost", "10.0.0.1 ", "-", "a..example", "*.*.example.org", "evil\u{1b}[2J.example", ""] {
            assert_eq!(it.post(Some(&account), "/new-order", &order_for(name)).await.1, "rejectedIdentifier", "{name}");
        }
        let address = json!({"identifiers": [{"type": "ip", "value": "10.0.0.1"}]});
        assert_eq!(it.post(Some(&account), "/new-order", &address).await.1, "unsupportedIdentifier");
        assert_eq!(it.post(Some(&account), "/new-order", &json!({"identifiers": []})).await.1, "malformed");
        it.post(Some(&account), "/new-order", &order_for("*.shop.example")).await;
        let body = it.key.sign((&format!("{BASE}/authorisation/0"), &it.nonce.clone()), Some(&account), None);
        let (_, _, response) = it.send("/authorisation/0", body).await;
        let value: Value = serde_json::from_slice(&response.body).expect("JSON");
        let kinds: Vec<&str> =
            value["challenges"].as_array().expect("a list").iter().filter_map(|it| it["type"].as_str()).collect();
        assert_eq!(
            (kinds, &value["wildcard"], &value["identifier"]["value"]),
            (vec!["dns-01"], &json!(true), &json!("shop.example"))
        );
    });
}

#[test]
fn an_order_belongs_to_its_account_and_is_not_finished_before_it_is_ready() {
    stand(async |mut it| {
        let account = it.account().await;
        it.post(Some(&account), "/new-order", &order_for("a.example")).await;
        assert_eq!(it.post(Some(&account), "/finalize/0", &json!({"csr": ""})).await.1, "orderNotReady");
        assert_eq!(it.post(Some(&account), "/order/9", &json!({})).await.0, 404);
        let ground = Ground::system();
        it.key = AccountKey::new(&ground);
        let stranger = it.account().await;
        assert_ne!(stranger, account);
        for path in
            ["/order/0", "/authorisation/0", "/challenge/0/http-01", "/finalize/0", "/certificate/0", "/account/0"]
        {
            assert_eq!(it.post(Some(&stranger), path, &json!({})).await.1, "unauthorized", "{path}");
        }
    });
}

#[test]
fn what_is_deactivated_is_good_for_nothing() {
    stand(async |mut it| {
        let account = it.account().await;
        let wanted = json!({"status": "deactivated"});
        it.post(Some(&account), "/new-order", &order_for("a.example")).await;
        assert_eq!(it.post(Some(&account), "/authorisation/0", &json!({"status": "valid"})).await.1, "malformed");
        let status = |(_, _, response): (u16, String, Response)| {
            let value: Value = serde_json::from_slice(&response.body).expect("JSON");
            value["status"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(status(it.post(Some(&account), "/authorisation/0", &json!({})).await), "pending");
        assert_eq!(status(it.post(Some(&account), "/authorisation/0", &wanted).await), "deactivated");
        assert_eq!(status(it.post(Some(&account), "/order/0", &json!({})).await), "invalid");
        assert_eq!(status(it.post(Some(&account), "/account/0", &wanted).await), "deactivated");
        for (kid, path) in
            [(Some(account.as_str()), "/new-order"), (Some(&account), "/account/0"), (None, "/new-account")]
        {
            let (status, kind, _) = it.post(kid, path, &order_for("a.example")).await;
            assert_eq!((status, kind.as_str()), (401, "unauthorized"), "{path}");
        }
    });
}

#[test]
fn an_account_gets_another_key_and_the_old_one_is_good_for_nothing() {
    stand(async |mut it| {
        let (account, ground) = (it.account().await, Ground::system());
        let path = "/key-change";
        let url = format!("{BASE}{path}");
        let (old, new, other) = (it.key.jwk(), AccountKey::new(&ground), AccountKey::new(&ground));
        for (inner, why) in [
            (new.sign_change(&format!("{BASE}/elsewhere"), &account, &old), "for another URL"),
            (new.sign_change(&url, &format!("{BASE}/account/7"), &old), "for another account"),
            (new.sign_change(&url, &account, &other.jwk()), "of another key"),
            (json!({}), "nothing"),
        ] {
            assert_eq!(it.post(Some(&account), path, &inner).await.1, "malformed", "{why}");
        }
        let mut forged = new.sign_change(&url, &account, &old);
        forged["signature"] = other.sign_change(&url, &account, &old)["signature"].clone();
        assert_eq!(it.post(Some(&account), path, &forged).await.1, "malformed", "signed by another key");
        let same = it.key.sign_change(&url, &account, &old);
        let (status, _, conflict) = it.post(Some(&account), path, &same).await;
        assert_eq!((status, conflict.header("location")), (409, account.clone()), "a key that has an account");
        assert_eq!(it.post(Some(&account), path, &new.sign_change(&url, &account, &old)).await.0, 200);
        let refused = it.post(Some(&account), "/new-order", &order_for("a.example")).await.1;
        assert_eq!(refused, "badSignatureAlgorithm", "the old key, which is of another kind");
        it.key = new;
        assert_eq!(it.post(Some(&account), "/new-order", &order_for("a.example")).await.0, 201, "the new key");
        assert_eq!(it.account().await, account, "it is the same account");
    });
}

#[test]
fn a_revocation_of_what_was_never_given_or_for_no_reason_there_is_gets_its_problem() {
    stand(async |mut it| {
        let account = it.account().await;
        let mine = Authority::new(&Ground::system(), "somebody").expect("made").certificate();
        let certificate = base64(&mine);
        for (payload, kind) in [
            (json!({}), "malformed"),
            (json!({"certificate": "!"}), "malformed"),
            (json!({"certificate": certificate}), "malformed"),
            (json!({"certificate": certificate, "reason": 7}), "badRevocationReason"),
            (json!({"certificate": certificate, "reason": "key"}), "badRevocationReason"),
        ] {
            assert_eq!(it.post(Some(&account), "/revoke-cert", &payload).await.1, kind, "{payload}");
        }
        let list = it.ask(Request::get("/crl")).await;
        let list = crate::services::x509::Crl::read(&list.body).expect("a list");
        assert!(list.revoked.is_empty());
    });
}

#[test]
fn a_thumbprint_is_that_of_the_rfc() {
    // RFC 8037 §A.3
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "x"});
    assert_eq!(Jwk::read(&key).expect("a key").thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(body: Vec<u8>, text: String) {
        drop(Signed::read(&body));
        let part = base64(text.as_bytes());
        drop(Signed::read(json!({"protected": part, "payload": text, "signature": part}).to_string().as_bytes()));
    }
}
