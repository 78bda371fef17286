//! 20 MB each way at once, over a link that loses, in both roles; every byte is checked.
use std::time::Duration;

use roundtrip::lab::{HostOptions, LinkOptions, Loss};

use crate::meeting::{Meeting, kernel, lab};
use crate::programs::{accept, connect, exchange, lab_exchange, listen};
use crate::space::{Company, in_a_namespace};

const TOTAL: usize = 20_000_000;

/// 1 ms, 400 Mbit/s, 0.5 % loss each way.
fn lossy() -> LinkOptions {
    LinkOptions::default()
        .delay(Duration::from_micros(500))
        .rate(400_000_000)
        .queue(512 * 1024)
        .loss(Loss::random(5_000))
}

fn roomy() -> HostOptions {
    HostOptions { receive_buffer: 1 << 20, send_buffer: 1 << 20, ..HostOptions::default() }
}

#[test]
fn a_kernel_socket_and_a_lab_server_exchange_20_mb_each_way_under_loss() {
    let name = "bulk::a_kernel_socket_and_a_lab_server_exchange_20_mb_each_way_under_loss";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let meeting = Meeting::new(roomy(), lossy());
        let net = meeting.net.clone();
        let server = async move {
            let listener = net.open_listener(lab(80), Default::default()).expect("a free port");
            let (stream, _) = listener.accept().await.expect("a listener lasts");
            lab_exchange(stream, &net, TOTAL).await
        };
        let client = || exchange(&connect(lab(80)).expect("the lab listens"), TOTAL);
        let (kernel_got, lab_got, crossed) = meeting.run(client, server);
        assert_eq!((kernel_got, lab_got), (TOTAL, TOTAL));
        assert!(crossed.segments().iter().filter(|it| !it.arrived).count() > 100, "the link loses");
    });
}

#[test]
fn a_lab_client_and_a_kernel_server_exchange_20_mb_each_way_under_loss() {
    let name = "bulk::a_lab_client_and_a_kernel_server_exchange_20_mb_each_way_under_loss";
    in_a_namespace(name, Company::Others, Duration::from_secs(60), || {
        let meeting = Meeting::new(roomy(), lossy());
        let net = meeting.net.clone();
        let listener = listen("10.9.0.2:80");
        let client = async move {
            let stream = net.connect(kernel(80)).await.expect("the kernel listens");
            lab_exchange(stream, &net, TOTAL).await
        };
        let server = move || exchange(&accept(&listener), TOTAL);
        let (kernel_got, lab_got, crossed) = meeting.run(server, client);
        assert_eq!((kernel_got, lab_got), (TOTAL, TOTAL));
        assert!(crossed.segments().iter().filter(|it| !it.arrived).count() > 100, "the link loses");
    });
}
