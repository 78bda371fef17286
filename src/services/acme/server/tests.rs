//! An order whose proof is old: who may issue is looked at again.
use hickory_proto::rr::Name;

use super::*;
use crate::lab::{Lab, LabNet, LinkOptions};
use crate::services::acme::jws::base64;
use crate::services::dns::{self, Zone};
use crate::services::tls::Pending;

/// The problems of three requests to finish an order for `shop.example`, and the order's state at the end: when its proof is 8 hours
/// old, and one and two seconds older. With these records in its zone, and a resolver that answers or does not.
fn finished(records: &str, answers: bool) -> (Vec<&'static str>, Status) {
    let mut lab = Lab::new(1, &[]);
    let ca = lab.host("ca").address("10.0.0.1/24").add();
    let resolver = lab.host("dns").address("10.0.0.2/24").add();
    lab.link(ca, resolver, LinkOptions::default());
    lab.introduce_everybody();
    let (net, host) = (lab.net(ca), lab.net(resolver));
    let outcome = lab.run(async {
        let at = SocketAddr::from(([10, 0, 0, 2], 53));
        if answers {
            let zone = format!("$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 10.0.0.2\n{records}");
            let zone = Zone::read("zone", &zone, &Name::from_ascii("example.").expect("a name")).expect("a zone");
            dns::serve(&host, at, dns::Authority::new(vec![zone])).await.expect("the port is free");
        }
        let ground = Ground::lab(&net, 1);
        let authority = Authority::new(&ground, "lab").expect("made");
        let acme = Acme::new(&net, &ground, authority, options(at));
        let (number, csr) = proven(&acme, &ground);
        let mut problems = Vec::new();
        for wait in [0, 1, 1] {
            net.sleep(Duration::from_secs(wait)).await;
            problems.push(acme.finalize(number, &csr).await.err().map_or("none", |it| it.kind));
            // As if nothing had been given yet.
            let mut state = acme.state.borrow_mut();
            if state.orders[number].status == Status::Valid && problems.len() < 3 {
                state.orders[number].status = Status::Ready;
            }
        }
        let status = acme.state.borrow().orders[number].status;
        (problems, status)
    });
    outcome.expect("it ends")
}

fn options(resolver: SocketAddr) -> AcmeOptions {
    AcmeOptions {
        base: "https://ca.example".to_owned(),
        lifetime: Duration::from_secs(86_400),
        weekly: 0,
        resolver,
        http_port: 80,
        tls_port: 443,
        issuer: "ca.example".to_owned(),
        lists_revoked: false,
        seed: Some(1),
    }
}

/// An order that is ready, its name proven 8 hours ago; and the request for its certificate.
fn proven(acme: &Acme<LabNet>, ground: &Ground) -> (usize, Value) {
    let (now, mut state) = (acme.now(), acme.state.borrow_mut());
    let number = state.order(0, vec!["shop.example".to_owned()], now + ORDER_LIFE).expect("there is room");
    let authorisation = state.orders[number].authorisations[0];
    state.judged(authorisation, ChallengeKind::Http, Ok(()), now - CAA_GOOD);
    let request = Pending::new(ground, &["shop.example"]).expect("a name");
    (number, json!({"csr": base64(request.request())}))
}

#[test]
fn who_may_issue_is_looked_at_again_where_the_proof_is_older_than_8_hours() {
    assert_eq!(finished("", true), (vec!["none"; 3], Status::Valid), "nobody is kept out");
    assert_eq!(finished("shop CAA 0 issue \"ca.example\"\n", true), (vec!["none"; 3], Status::Valid));
    // What the records say now counts; the order stays ready, for a holder who mends them.
    let other = "shop CAA 0 issue \"other.example\"\n";
    assert_eq!(finished(other, true), (vec!["none", "caa", "caa"], Status::Ready));
    assert_eq!(
        finished("", false),
        (vec!["none", "dns", "dns"], Status::Ready),
        "what cannot be looked up allows nothing"
    );
}
