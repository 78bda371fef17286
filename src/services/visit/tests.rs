//! Visits in the lab: round trips of each part, early data, what went wrong and where.
use super::*;
use crate::lab::{LabNet, LinkOptions};
use crate::services::http::{Response, ServerOptions, serve_with};
use crate::services::tests::stand::{Pair, between};
use crate::services::tls::{Authority, Client, ClientOptions, HTTP_1_1, Server};

const PAGE: &str = "https://www.shop.example/";

fn stand<T>(script: impl AsyncFnOnce(Pair) -> T) -> T {
    between(1, LinkOptions::default(), script).0
}

impl Pair {
    async fn serve(&self, options: tls::ServerOptions<'_>, answer: impl Fn(&Request) -> Response + 'static) {
        let identity = self.authority.issue(&["www.shop.example"]).expect("a certificate");
        let tls = Server::with(&self.ground, identity, options).expect("they fit");
        let listener = self.server.listen(SocketAddr::from(([10, 0, 0, 2], 443))).await.expect("ports are free");
        let serving = ServerOptions { tls: Some(tls), ..ServerOptions::default() };
        let answer = move |request: Request| std::future::ready(answer(&request));
        let served = serve_with(self.server.clone(), listener, serving, answer);
        self.server.spawn(async move { drop(served.await) });
    }

    fn visitor(&self, options: ClientOptions<'_>) -> Visitor<LabNet> {
        let tls = Client::with(&self.ground, &[self.authority.certificate()], options).expect("they fit");
        Visitor::new(&self.client, tls, Duration::from_secs(5))
    }
}

/// The server, as if a resolver at no distance had said so.
async fn known(_: &Observed<LabNet>, _: &str) -> Result<Vec<IpAddr>, String> {
    Ok(vec![IpAddr::from([10, 0, 0, 2])])
}

async fn visit(visitor: &Visitor<LabNet>, page: &str) -> (Visit, Option<String>) {
    let visit = RefCell::default();
    let ended = visitor.visit(&page.parse().expect("a page"), known, &visit).await;
    (visit.into_inner(), ended.err().map(|it| it.to_string()))
}

fn millis(visit: &Visit) -> Vec<(Phase, u128)> {
    visit.phases().into_iter().map(|(phase, from, to)| (phase, (to - from).as_millis())).collect()
}

/// From the beginning to the head of the answer.
fn first_byte(visit: &Visit) -> u128 {
    (visit.answered().expect("answered") - visit.began).as_millis()
}

#[test]
fn each_part_takes_its_round_trips() {
    for (protocols, version) in [([H2].as_slice(), Version::Http2), (&[HTTP_1_1], Version::Http11)] {
        let visit = stand(async |it| {
            it.serve(tls::ServerOptions { protocols: &[H2, HTTP_1_1], ..Default::default() }, |_| {
                Response::ok("text/plain", "hello")
            })
            .await;
            let visitor = it.visitor(ClientOptions { protocols, ..Default::default() });
            visit(&visitor, PAGE).await
        });
        assert_eq!(visit.1, None);
        let parts = [(Phase::Connect, 80), (Phase::Tls, 80), (Phase::Wait, 80), (Phase::Body, 0)];
        assert_eq!(millis(&visit.0), parts);
        assert_eq!(visit.0.version, Some(version));
        assert_eq!(first_byte(&visit.0), 240);
    }
}

#[test]
fn a_second_visit_with_early_data_saves_the_handshakes_round_trip() {
    let (first, again) = stand(async |it| {
        let server = tls::ServerOptions { protocols: &[H2], early_data: 16_384, ..Default::default() };
        it.serve(server, |_| Response::ok("text/plain", "hello")).await;
        let visitor = it.visitor(ClientOptions { protocols: &[H2], early_data: true, ..Default::default() });
        let first = visit(&visitor, PAGE).await;
        it.client.sleep(Duration::from_secs(1)).await;
        (first, visit(&visitor, PAGE).await)
    });
    assert_eq!((first.1, again.1), (None, None));
    assert_eq!([&first.0, &again.0].map(first_byte), [240, 160]);
    let over = again.0.told.as_ref().and_then(|it| it.over()).expect("it is over");
    assert!(over.agreed.early && over.agreed.resumed && over.agreed.protocol == "h2");
    // The handshake goes on beside the request.
    let took = |phase| millis(&again.0).into_iter().find(|it| it.0 == phase).expect("a part").1;
    assert_eq!(took(Phase::Tls), took(Phase::Wait));
}

#[test]
fn what_fails_is_told_with_its_part_and_what_was_before_it() {
    let nowhere = stand(async |it| visit(&it.visitor(ClientOptions::default()), PAGE).await);
    assert!(nowhere.1.expect("refused").starts_with("no connection: "));
    assert!(nowhere.0.looked_up.is_some() && nowhere.0.connected.is_none() && nowhere.0.tries.len() == 1);
    let stranger = stand(async |it| {
        it.serve(tls::ServerOptions::default(), |_| Response::ok("text/plain", "hello")).await;
        let other = Authority::new(&it.ground, "somebody else").expect("made");
        let tls = Client::new(&it.ground, &[other.certificate()], &[]).expect("made");
        visit(&Visitor::new(&it.client, tls, Duration::from_secs(5)), PAGE).await
    });
    assert_eq!(
        stranger.1.expect("refused"),
        "no TLS: the certificate is not good: its signer is nobody this client trusts"
    );
    assert!(stranger.0.connected.is_some() && stranger.0.asked.is_none());
    let unknown = stand(async |it| {
        let visit = RefCell::default();
        let visitor = it.visitor(ClientOptions::default());
        let none = async |_: &Observed<LabNet>, _: &str| Err("there is no such name (NXDOMAIN)".to_owned());
        let page = PAGE.parse().expect("a page");
        visitor.visit(&page, none, &visit).await.expect_err("no name").to_string()
    });
    assert_eq!(unknown, "the name was not found: there is no such name (NXDOMAIN)");
}

#[test]
fn an_answer_may_send_the_visitor_on() {
    let (leads, stays) = stand(async |it| {
        it.serve(tls::ServerOptions { protocols: &[H2], ..Default::default() }, |request| {
            match request.path.as_str() {
                "/" => Response::new(http::StatusCode::MOVED_PERMANENTLY).with("location", "/new?x=1"),
                _ => Response::ok("text/plain", "here").with("location", "/not-followed"),
            }
        })
        .await;
        let visitor = it.visitor(ClientOptions { protocols: &[H2], ..Default::default() });
        let first = visit(&visitor, PAGE).await.0;
        let next = first.redirect().expect("a page").expect("it leads on");
        (next.to_string(), visit(&visitor, &next.to_string()).await.0.redirect().expect("no page"))
    });
    assert_eq!((leads.as_str(), stays), ("https://www.shop.example/new?x=1", None));
}
