//! Services in the lab: what they do when packets are lost, and what they say when nobody answers.
pub(in crate::services) mod stand;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper::body::Bytes;

use crate::lab::{Lab, LabNet, LinkOptions, Loss};
use crate::net::Net;
use crate::recording::{Recording, Run};
use crate::services::dns::{self, Authority, DnsError, Zone};
use crate::services::http::{self, HttpError, Page};
use crate::services::{both, within};

const MS: Duration = Duration::from_millis(1);

/// Runs a program on two hosts with 10 ms of round trip between them.
fn run<T, F: Future<Output = T>>(
    link: LinkOptions,
    program: impl FnOnce(LabNet, LabNet, SocketAddr) -> F,
) -> (T, Recording) {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.1.1/24").add();
    let server = lab.host("server").address("10.0.1.2/24").add();
    lab.link(client, server, link.delay(MS * 5));
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(server), 53);
    let main = program(lab.net(client), lab.net(server), at);
    (lab.run(main).expect("the program ends"), lab.finish(Run::default()))
}

async fn look_up(client: LabNet, server: LabNet, at: SocketAddr) -> Result<Vec<Ipv4Addr>, DnsError> {
    let text = "$TTL 60\n@ SOA ns admin 1 1h 15m 7d 60\n@ NS ns\n@ A 192.0.2.7\n";
    let zone = Zone::read("shop", text, &dns::name("shop.example")?).expect("a zone");
    dns::serve(&server, at, Authority::new(vec![zone])).await?;
    dns::resolve(&client, at, "shop.example", 9).await
}

#[test]
fn a_lost_dns_query_is_asked_again_after_a_second() {
    let (found, recording) = run(LinkOptions::default().loss_there(Loss::nth(1)), look_up);
    assert_eq!(found.expect("the second query arrives"), [Ipv4Addr::new(192, 0, 2, 7)]);
    assert_eq!(recording.packets.len(), 3);
    assert_eq!(recording.packets[1].at - recording.packets[0].at, MS * 1000);
}

#[test]
fn dns_gives_up_after_three_queries() {
    let (found, recording) = run(LinkOptions::default().loss(Loss::random(1_000_000)), look_up);
    assert!(matches!(found, Err(DnsError::NoAnswer)));
    assert_eq!(recording.packets.len(), 3);
}

#[test]
fn http_answers_200_and_404_and_keeps_the_wall_clock_out() {
    let ((page, missing), recording) = run(LinkOptions::default(), |client, server, at| async move {
        let listener = server.listen(at).await.expect("a free port");
        let page =
            |path: &str| (path == "/").then(|| Page { content_type: "text/plain", body: Bytes::from("hello\n") });
        server.spawn({
            let server = server.clone();
            async move { drop(http::serve(server, listener, page).await) }
        });
        (http::get(&client, at, "server", "/").await, http::get(&client, at, "server", "/no").await)
    });
    let page = page.expect("an answer");
    assert_eq!((page.status.as_u16(), &page.body[..]), (200, &b"hello\n"[..]));
    assert_eq!(missing.expect("an answer").status, 404);
    assert!(!recording.packets.iter().any(|it| it.bytes.windows(5).any(|text| text.eq_ignore_ascii_case(b"date:"))));
}

#[test]
fn http_says_that_nobody_listens() {
    let (answer, _) =
        run(LinkOptions::default(), |client, _, at| async move { http::get(&client, at, "server", "/").await });
    assert!(matches!(answer, Err(HttpError::Connect(_))));
}

#[test]
fn waiting_ends_with_the_work_or_with_the_limit() {
    let ((early, late, pair), _) = run(LinkOptions::default(), |net, _, _| async move {
        let work = |millis: u32| {
            let net = net.clone();
            async move {
                net.sleep(MS * millis).await;
                net.now()
            }
        };
        (within(&net, MS * 10, work(5)).await, within(&net, MS * 10, work(20)).await, both(work(7), work(3)).await)
    });
    assert_eq!(early.map(|at| at.0), Some(5_000_000));
    assert_eq!(late, None);
    assert_eq!((pair.0.0, pair.1.0), (22_000_000, 18_000_000));
}
