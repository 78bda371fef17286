//! Who is believed, and who may call what.
use std::collections::BTreeMap;

use hyper::{HeaderMap, StatusCode};

use super::*;
use crate::lab::Lab;
use crate::services::tls::{Authority, Ground, Leaf};

const PAYMENTS: &str = "spiffe://lab/payments";

fn rules() -> Rules {
    let allowed = BTreeMap::from([("/charge".to_owned(), vec![PAYMENTS.to_owned()])]);
    Rules { allowed, gateway: Some("spiffe://lab/gateway".to_owned()) }
}

fn judged(caller: Option<&str>, field: Option<&str>) -> u16 {
    let mut headers = HeaderMap::new();
    if let Some(field) = field {
        headers.insert(FORWARDED, field.parse().expect("a field"));
    }
    rules().judge(caller, "/charge", &headers).0.as_u16()
}

#[test]
fn only_who_is_named_may_call_and_only_the_gateway_speaks_for_others() {
    let field = Some("By=spiffe://lab/gateway;URI=spiffe://lab/payments");
    assert_eq!(judged(Some(PAYMENTS), None), 200);
    assert_eq!([judged(Some("spiffe://lab/reports"), None), judged(None, None)], [403, 403]);
    assert_eq!(judged(Some("spiffe://lab/reports"), field), 403, "the field of a caller counts for nothing");
    assert_eq!([judged(Some("spiffe://lab/gateway"), field), judged(Some("spiffe://lab/gateway"), None)], [200, 403]);
    assert_eq!(rules().judge(Some(PAYMENTS), "/refund", &HeaderMap::new()).0, StatusCode::NOT_FOUND);
}

#[test]
fn an_identity_is_the_one_uri_of_a_certificate() {
    let mut lab = Lab::new(1, &[]);
    let host = lab.host("client").address("10.0.0.1/24").add();
    let ground = Ground::lab(&lab.net(host), 1);
    let authority = Authority::new(&ground, "lab").expect("made");
    let of = |names: &[&str]| {
        let identity = authority.sign(&Leaf::client(names).expect("names")).expect("signed");
        super::identity(identity.chain())
    };
    assert_eq!(of(&[PAYMENTS]).as_deref(), Some(PAYMENTS));
    assert_eq!(of(&["payments.example", PAYMENTS]).as_deref(), Some(PAYMENTS));
    assert_eq!([of(&["payments.example"]), of(&[PAYMENTS, "spiffe://lab/reports"]), identity(&[])], [None, None, None]);
}
