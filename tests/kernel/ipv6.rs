//! IPv6 against the kernel's: pings both ways, a megabyte each way over TCP in both roles, a port nobody listens on.
use std::io::{ErrorKind, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Type};
use roundtrip::lab::{HostOptions, LinkOptions};
use socket2::{Domain, Protocol, Socket, Type};

use crate::meeting::Meeting;
use crate::programs::{accept, connect, exchange, lab_exchange, listen};
use crate::space::{Company, in_a_namespace};
use crate::tracing::says;

const TOTAL: usize = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(5);
const KERNEL: &str = "2001:db8:9::2";
const LAB: &str = "2001:db8:9::1";

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), port)
}

fn link() -> LinkOptions {
    LinkOptions::default().delay(Duration::from_millis(1)).rate(200_000_000)
}

/// What the kernel's raw ICMP socket hears of a ping to the lab: the echoed bytes.
fn kernel_pings(to: &str) -> Vec<u8> {
    let v6 = to.contains(':');
    let (domain, protocol) = if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
    let socket = Socket::new(domain, Type::RAW, Some(protocol)).expect("root in its own namespace may");
    socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let payload = b"a kernel asks";
    let request = if v6 {
        // The kernel makes the checksum of ICMPv6 itself (RFC 3542 §3.1).
        [&[128, 0, 0, 0, 0, 7, 0, 1][..], payload].concat()
    } else {
        let echo = Icmpv4Type::EchoRequest(IcmpEchoHeader { id: 7, seq: 1 });
        [&Icmpv4Header::with_checksum(echo, payload).to_bytes()[..], payload].concat()
    };
    socket.send_to(&request, &at(to, 0).into()).expect("the route is there");
    let (reply, headers) = if v6 { (129, 0) } else { (0, 20) };
    loop {
        let mut buffer = [0; 256];
        let length = (&socket).read(&mut buffer).expect("the lab answers in time");
        let message = &buffer[headers.min(length)..length];
        if message.first() == Some(&reply) && message.get(4..6) == Some(&[0, 7]) {
            return message[8..].to_vec();
        }
    }
}

#[test]
fn each_pings_the_other_over_both_families() {
    let name = "ipv6::each_pings_the_other_over_both_families";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = Meeting::of_both_families(HostOptions::default(), link());
        let net = meeting.net.clone();
        let lab = async move {
            let v6: IpAddr = KERNEL.parse().expect("an address");
            (net.ping(v6, PATIENCE).await.is_ok(), net.ping([10, 9, 0, 2], PATIENCE).await.is_ok())
        };
        let (heard, answered, _) = meeting.run(|| [kernel_pings(LAB), kernel_pings("10.9.0.1")], lab);
        assert_eq!(answered, (true, true), "the kernel answers the lab's pings");
        assert_eq!(heard, [b"a kernel asks".to_vec(), b"a kernel asks".to_vec()]);
    });
}

#[test]
fn a_kernel_socket_and_a_lab_server_exchange_a_megabyte_each_way() {
    let name = "ipv6::a_kernel_socket_and_a_lab_server_exchange_a_megabyte_each_way";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = Meeting::of_both_families(HostOptions::default(), link());
        let net = meeting.net.clone();
        let server = async move {
            let listener = net.open_listener(at("::", 80), Default::default()).expect("a free port");
            let (stream, peer) = listener.accept().await.expect("a listener lasts");
            (lab_exchange(stream, &net, TOTAL).await, peer.ip().to_string())
        };
        let client = || exchange(&connect(at(LAB, 80)).expect("the lab listens"), TOTAL);
        let (kernel_got, lab_got, _) = meeting.run(client, server);
        assert_eq!((kernel_got, lab_got), (TOTAL, (TOTAL, KERNEL.to_owned())));
    });
}

#[test]
fn a_lab_client_and_a_kernel_server_exchange_a_megabyte_each_way() {
    let name = "ipv6::a_lab_client_and_a_kernel_server_exchange_a_megabyte_each_way";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = Meeting::of_both_families(HostOptions::default(), link());
        let net = meeting.net.clone();
        let listener = listen(&format!("[{KERNEL}]:80"));
        let client = async move {
            let stream = net.connect(at(KERNEL, 80)).await.expect("the kernel listens");
            lab_exchange(stream, &net, TOTAL).await
        };
        let server = move || exchange(&accept(&listener), TOTAL);
        let (kernel_got, lab_got, _) = meeting.run(server, client);
        assert_eq!((kernel_got, lab_got), (TOTAL, TOTAL));
    });
}

#[test]
fn a_port_nobody_listens_on_refuses_on_both_sides() {
    let name = "ipv6::a_port_nobody_listens_on_refuses_on_both_sides";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = Meeting::of_both_families(HostOptions::default(), link());
        let net = meeting.net.clone();
        let lab = async move { net.connect(at(KERNEL, 81)).await.err().map(|it| it.kind()) };
        let kernel = || connect(at(LAB, 81)).err().map(|it| it.kind());
        let (kernel_heard, lab_heard, _) = meeting.run(kernel, lab);
        assert_eq!((kernel_heard, lab_heard), (Some(ErrorKind::ConnectionRefused), Some(ErrorKind::ConnectionRefused)));
    });
}

#[test]
fn pings_of_3000_bytes_go_in_pieces_both_ways_over_both_families() {
    let name = "ipv6::pings_of_3000_bytes_go_in_pieces_both_ways_over_both_families";
    in_a_namespace(name, Company::Others, Duration::from_secs(30), || {
        let meeting = Meeting::of_both_families(HostOptions::default(), link());
        let net = meeting.net.clone();
        let lab = async move {
            let v6: IpAddr = KERNEL.parse().expect("an address");
            let v4: IpAddr = [10, 9, 0, 2].into();
            (net.ping_with(v6, 3000, PATIENCE).await.is_ok(), net.ping_with(v4, 3000, PATIENCE).await.is_ok())
        };
        let kernel = || {
            [format!("ping -6 -n -c 1 -W 5 -s 3000 {LAB}"), "ping -4 -n -c 1 -W 5 -s 3000 10.9.0.1".to_owned()]
                .map(|it| says(&it))
        };
        let (heard, answered, crossed) = meeting.run(kernel, lab);
        assert_eq!(answered, (true, true), "the kernel puts the lab's pieces together, and the lab the kernel's");
        assert!(heard.iter().all(|it| it.contains(" 1 received")), "{heard:?}");
        let pieces = |six: bool| {
            let is_piece =
                |it: &[u8]| if six { it[12..14] == [0x86, 0xdd] && it[20] == 44 } else { it[12..14] == [8, 0] };
            crossed.0.packets.iter().filter(|it| is_piece(&it.bytes)).count()
        };
        assert_eq!((pieces(true), pieces(false)), (12, 12), "three of each of two requests and two answers");
    });
}
