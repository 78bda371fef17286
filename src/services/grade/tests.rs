//! The grader against a good server, against one with each mistake, and against servers that want to hold it up.
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::{Lab, LabNet, LabStream, LinkOptions};
use crate::net::host::HostNet;
use crate::net::{Listener, Net};
use crate::services::echo::{self, EchoOptions};
use crate::services::grade::{Behaviour, NoServer, Outcome, SHORTEST_IDLE, faulty, tcp_echo};

const IDLE: Duration = Duration::from_secs(4);

fn options(idle: Duration) -> EchoOptions {
    EchoOptions { idle, ..EchoOptions::default() }
}

fn failures(outcomes: &[Outcome]) -> Vec<Behaviour> {
    outcomes.iter().filter(|it| !it.passed).map(|it| it.behaviour).collect()
}

fn report(outcomes: &[Outcome]) -> String {
    outcomes.iter().map(ToString::to_string).collect()
}

/// The grade of whatever `serve` does with its listener, on a host 10 ms away. A test that hangs ends as the lab's error.
fn in_the_lab<F: Future<Output = ()> + 'static>(
    serve: impl FnOnce(LabNet, <LabNet as Net>::Listener) -> F,
) -> Result<Vec<Outcome>, NoServer> {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.1.1/24").trace_calls(false).add();
    let server = lab.host("server").address("10.0.1.2/24").trace_calls(false).add();
    lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(5)).rate(1_000_000_000));
    let at = SocketAddr::new(lab.address(server), 7000);
    let (client, server) = (lab.net(client), lab.net(server));
    let graded = lab.run(async {
        let listener = Net::listen(&server, at).await.expect("a free port");
        server.spawn(serve(server.clone(), listener));
        tcp_echo(&client, at, IDLE).await
    });
    graded.expect("the grader ends, whatever the server does")
}

fn serve_each<F: Future<Output = ()> + 'static>(
    client: impl Fn(LabNet, LabStream) -> F + 'static,
) -> Result<Vec<Outcome>, NoServer> {
    in_the_lab(|net, listener| async move {
        while let Ok((stream, _)) = listener.accept().await {
            net.spawn(client(net.clone(), stream));
        }
    })
}

#[test]
fn a_good_server_passes_all_seven_in_the_lab() {
    let outcomes =
        in_the_lab(async |net, listener| drop(echo::serve(net, listener, options(IDLE)).await)).expect("a server");
    assert_eq!(outcomes.iter().map(|it| it.behaviour).collect::<Vec<_>>(), Behaviour::ALL);
    assert_eq!(failures(&outcomes), [], "{}", report(&outcomes));
}

#[test]
fn a_good_server_passes_all_seven_on_this_machine() {
    // Not the shortest: a busy machine makes pauses of its own.
    let idle = SHORTEST_IDLE * 3;
    let graded = HostNet::run(|net| async move {
        let listener = net.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
        let at = Listener::local(&listener).expect("it is bound");
        net.spawn(async move { drop(echo::serve(net, listener, options(idle)).await) });
        tcp_echo(&net, at, idle).await
    });
    let outcomes = graded.expect("this machine has an event queue").expect("a server");
    assert_eq!(failures(&outcomes), [], "{}", report(&outcomes));
}

#[test]
fn each_mistake_fails_its_behaviour_and_no_other() {
    for mistake in Behaviour::ALL {
        let outcomes = in_the_lab(move |net, listener| faulty::serve(net, listener, mistake, options(IDLE)));
        let outcomes = outcomes.expect("a server");
        assert_eq!(failures(&outcomes), [mistake], "{}", report(&outcomes));
        let failed = outcomes.iter().find(|it| !it.passed).expect("one failed");
        insta::assert_snapshot!(format!("mistake_{}", mistake.name()), failed);
    }
}

#[test]
fn a_server_that_never_answers_fails_and_does_not_hang() {
    let outcomes = serve_each(async |net, stream| {
        net.sleep(Duration::from_secs(3600)).await;
        drop(stream);
    });
    assert_eq!(failures(&outcomes.expect("it accepts")), Behaviour::ALL);
}

#[test]
fn a_server_that_accepts_nothing_fails_and_does_not_hang() {
    let outcomes = in_the_lab(async |net, listener| {
        net.sleep(Duration::from_secs(3600)).await;
        drop(listener);
    });
    assert_eq!(failures(&outcomes.expect("its kernel accepts")), Behaviour::ALL);
}

#[test]
fn a_server_that_floods_fails_and_does_not_hang() {
    let outcomes = serve_each(async |_, mut stream| while stream.write_all(&[b'x'; 4096]).await.is_ok() {});
    let outcomes = outcomes.expect("it accepts");
    assert_eq!(failures(&outcomes), Behaviour::ALL, "{}", report(&outcomes));
}

#[test]
fn servers_that_close_or_reset_at_once_fail_every_test() {
    let outcomes = serve_each(async |_, stream| drop(stream)).expect("it accepts");
    assert_eq!(failures(&outcomes), Behaviour::ALL);
    assert_eq!(failures(&serve_each(async |_, stream| stream.abort()).expect("it accepts")), Behaviour::ALL);
}

#[test]
fn a_server_that_drips_is_given_up() {
    let outcomes = serve_each(async |net, mut stream| {
        let mut byte = [0];
        while let Ok(1..) = stream.read(&mut byte).await {
            net.sleep(Duration::from_millis(900)).await;
            if stream.write_all(&byte).await.is_err() {
                return;
            }
        }
    });
    let outcomes = outcomes.expect("it accepts");
    let large = outcomes.iter().find(|it| it.behaviour == Behaviour::LargeTransfer).expect("tested");
    assert!(!large.passed);
    insta::assert_snapshot!(large.received, @"too little: the test was not over after 36 s");
}

#[test]
fn without_a_server_the_message_says_to_start_one() {
    let closed = in_the_lab(async |_, listener| drop(listener)).expect_err("nobody listens");
    insta::assert_snapshot!(closed, @"no echo server answers at 10.0.1.2:7000: connection refused. Start your server first, listening on that address, then grade it again");
}
