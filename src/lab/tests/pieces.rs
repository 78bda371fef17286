//! Datagrams larger than their path: cut by the sender, over IPv4 by routers as well, put together at the other end.
use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use super::{at, diary, finish, ms, story};
use crate::lab::ip::{self, Envelope};
use crate::lab::{Lab, LabNet, LinkOptions, Loss};
use crate::net::Net as _;
use crate::recording::{Recording, Time};
use crate::wire;

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [&str; 2] = ["10.0.1.3", "2001:db8:2::c"];

/// a, two routers, c; the link between the routers carries `mtu`.
fn road(mtu: u16, near: LinkOptions, far: LinkOptions) -> (Lab, LabNet, LabNet) {
    let mut lab = Lab::new(3, &[]);
    let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254");
    let a = a.address("2001:db8:1::a/64").gateway("2001:db8:1::ffff").add();
    let r = lab.router("r").interface("10.0.0.254/24").address("2001:db8:1::ffff/64");
    let r = r.interface("10.0.9.1/24").address("2001:db8:9::1/64").route("0.0.0.0/0", "10.0.9.2");
    let r = r.route("::/0", "2001:db8:9::2").add();
    let s = lab.router("s").interface("10.0.9.2/24").address("2001:db8:9::2/64");
    let s = s.interface("10.0.1.254/24").address("2001:db8:2::ffff/64").route("0.0.0.0/0", "10.0.9.1");
    let s = s.route("::/0", "2001:db8:9::1").add();
    let c = lab.host("c").address("10.0.1.3/24").gateway("10.0.1.254");
    let c = c.address("2001:db8:2::c/64").gateway("2001:db8:2::ffff").add();
    lab.link(a, r, near.delay(ms(1)));
    lab.link(r, s, far.delay(ms(1)).mtu(mtu));
    lab.link(s, c, LinkOptions::default().delay(ms(1)));
    lab.introduce_everybody();
    let nets = [a, c].map(|it| lab.net(it));
    let [a, c] = nets;
    (lab, a, c)
}

fn plain(mtu: u16) -> (Lab, LabNet, LabNet) {
    road(mtu, LinkOptions::default(), LinkOptions::default())
}

/// Pings with 3000 bytes at these seconds; which of them were answered.
fn pings(lab: &mut Lab, net: LabNet, to: &str, seconds: &[u64]) -> Vec<bool> {
    let (to, seconds): (IpAddr, _) = (to.parse().expect("an address"), seconds.to_vec());
    let answered = lab.run(async move {
        let mut answered = Vec::new();
        for second in seconds {
            net.sleep(Duration::from_secs(second).saturating_sub(net.now() - Time::ZERO)).await;
            answered.push(net.ping_with(to, 3000, SECOND).await.is_ok());
        }
        answered
    });
    answered.expect("it ends")
}

fn largest(recording: &Recording, link: usize) -> usize {
    recording.packets.iter().filter(|it| it.link == link).map(|it| it.bytes.len() - 14).max().unwrap_or_default()
}

#[test]
fn a_large_ping_crosses_links_of_one_size_in_pieces_both_ways() {
    for to in BOTH {
        let (mut lab, a, _) = plain(1500);
        assert_eq!(pings(&mut lab, a, to, &[0]), [true], "{to}");
        let recording = finish(lab);
        assert_eq!(recording.packets.len(), 18, "three pieces over three links, there and back");
        assert_eq!(largest(&recording, 0), if to.contains(':') { 1496 } else { 1500 });
        assert!(diary(&recording, "c").contains("3 pieces make packet"));
        assert!(diary(&recording, "a").contains("3 pieces make packet"), "{}", diary(&recording, "a"));
        assert!(recording.packets.iter().all(|it| wire::decode(&it.bytes).problems.is_empty()), "{to}");
    }
}

#[test]
fn routers_cut_again_over_ipv4_and_the_sender_learns_over_ipv6() {
    let (mut lab, a, _) = plain(1400);
    assert_eq!(pings(&mut lab, a, BOTH[0], &[0]), [true]);
    let recording = finish(lab);
    assert_eq!(largest(&recording, 1), 1396, "1376 bytes are a multiple of 8");
    assert!(!story(&recording).contains("Fragmentation needed"), "DF is not set on pieces");

    let (mut lab, a, _) = plain(1400);
    let answered = pings(&mut lab, a, BOTH[1], &[0, 2, 4]);
    let recording = finish(lab);
    assert_eq!(answered, [false, false, true], "each end learns by a loss: {}", story(&recording));
    assert!(diary(&recording, "a").contains("path MTU to 2001:db8:2::c: 1400 B from now on, 1500 B before"));
    assert!(largest(&recording, 1) <= 1400);
}

// RFC 1191 §6.3, RFC 8201 §4
#[test]
fn a_path_is_tried_again_after_ten_minutes() {
    let (mut lab, a, _) = plain(1400);
    assert_eq!(
        pings(&mut lab, a, BOTH[1], &[0, 2, 4, 599, 601, 603, 605]),
        [false, false, true, true, false, false, true]
    );
    // Over IPv4 what fits the first link goes with DF, and so is told of.
    let (mut lab, a, c) = plain(1400);
    let heard = Rc::new(Cell::new(0));
    let count = Rc::clone(&heard);
    let arrived = lab.run(async move {
        let from = a.bind(at("0.0.0.0:0")).await.expect("free");
        let to = c.bind(at("10.0.1.3:9")).await.expect("free");
        c.spawn(async move {
            let mut buffer = [0; 2000];
            while to.receive(&mut buffer).await.is_ok_and(|(length, _)| length == 1472) {
                count.set(count.get() + 1);
            }
        });
        let mut arrived = Vec::new();
        for second in [0, 1, 599, 601, 602] {
            a.sleep(Duration::from_secs(second).saturating_sub(a.now() - Time::ZERO)).await;
            let before = heard.get();
            from.send_to(&[7; 1472], at("10.0.1.3:9")).await.expect("it fits IP");
            a.sleep(ms(500)).await;
            arrived.push(heard.get() > before);
        }
        arrived
    });
    assert_eq!(arrived, Ok(vec![false, true, true, false, true]));
}

#[test]
fn who_sent_the_first_piece_hears_after_a_minute_that_others_are_missing() {
    for (to, what) in BOTH.into_iter().zip(["Time exceeded", "Time Exceeded"]) {
        let (mut lab, a, _) = road(1500, LinkOptions::default().loss_there(Loss::nth(3)), LinkOptions::default());
        let main = a.clone();
        let answered = lab.run(async move {
            let answered = main.ping_with(to.parse::<IpAddr>().expect("an address"), 3000, SECOND).await.is_ok();
            main.sleep(Duration::from_secs(62)).await;
            answered
        });
        assert_eq!(answered, Ok(false));
        let recording = finish(lab);
        let diary = diary(&recording, "a");
        assert!(diary.contains("fragment reassembly time exceeded"), "{diary}");
        let last = recording.packets.last().expect("the message");
        assert!(last.summary.to_lowercase().contains(&what.to_lowercase()), "{}", last.summary);
        assert_eq!(last.at.0 / 1_000_000_000, 60);
    }
}

/// An ICMPv6 echo request of a to c in IPv6 with these extension headers in front: bytes without the first.
fn echo_behind(first: u8, extension: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let [from, to] = ["2001:db8:1::a", "2001:db8:2::c"].map(|it| it.parse().expect("an address"));
    let whole = crate::lab::icmp::echo_request(from, to, 7, 1, b"all of it").expect("small");
    let body = [&extension(58)[..], &whole[40..]].concat();
    ip::write(&Envelope::new(from, to, etherparse::IpNumber(first)), body).expect("small")
}

/// What c sends when a sends these packets.
fn answers(packets: Vec<Vec<u8>>) -> (Vec<String>, String) {
    let (mut lab, a, _) = plain(1500);
    lab.run(async move {
        packets.into_iter().for_each(|it| a.send_raw(it, "a test sends it"));
        a.sleep(ms(100)).await;
    })
    .expect("it ends");
    let recording = finish(lab);
    let c = recording.node("c").expect("c is there");
    let sent = recording.packets.iter().filter(|it| it.from == c).map(|it| it.summary.clone()).collect();
    (sent, diary(&recording, "c"))
}

// RFC 6946 §4
#[test]
fn a_fragment_that_is_the_whole_packet_is_taken_at_once_and_mixes_with_no_other() {
    let atomic = echo_behind(44, |next| vec![next, 0, 0, 0, 0, 0, 0, 9]);
    let mut piece = echo_behind(44, |next| vec![next, 0, 0, 1, 0, 0, 0, 9]);
    piece.truncate(piece.len() - 1);
    piece[5] -= 1;
    let (sent, _) = answers(vec![piece, atomic]);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].contains("Echo Reply") || sent[0].contains("Echo reply"), "{sent:?}");
}

// RFC 8200 §4.5
#[test]
fn pieces_that_no_packet_has_are_answered_with_a_parameter_problem() {
    // 17 bytes follow, and more are said to come.
    let odd = echo_behind(44, |next| vec![next, 0, 0, 1, 0, 0, 0, 9]);
    // At 65528 with 17 bytes behind it.
    let beyond = echo_behind(44, |next| vec![next, 0, 0xff, 0xf8, 0, 0, 0, 9]);
    // The destination options end in the next piece.
    let hiding = echo_behind(44, |next| vec![60, 0, 0, 1, 0, 0, 0, 9, next, 9, 1, 4, 0, 0, 0]);
    for (packet, code, pointer) in [(odd, 0, 4), (beyond, 0, 42), (hiding, 3, 0)] {
        let problem = ip::read(&packet).expect("whole").problem.expect("a problem");
        assert_eq!((problem.code, problem.pointer), (code, pointer));
        let (sent, diary) = answers(vec![packet]);
        assert_eq!(sent.len(), 1, "{diary}");
        assert!(sent[0].to_lowercase().contains("parameter problem"), "{sent:?}");
    }
}

#[test]
fn a_second_connection_begins_with_what_the_first_was_told() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    for to in ["10.0.1.3:80", "[2001:db8:2::c]:80"] {
        let (mut lab, a, c) = plain(1400);
        lab.run(async move {
            let any = if to.contains('[') { "[::]:80" } else { "0.0.0.0:80" };
            let listener = c.open_listener(at(any), Default::default()).expect("free");
            c.spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let mut all = Vec::new();
                    let _ = stream.read_to_end(&mut all).await;
                }
            });
            for _ in 0..2 {
                let mut stream = a.connect(at(to)).await.expect("it listens");
                stream.write_all(&[1; 20_000]).await.expect("it fits");
                stream.shutdown().await.expect("it is open");
                a.sleep(SECOND).await;
            }
        })
        .expect("it ends");
        let recording = finish(lab);
        let told = |it: &&crate::recording::Packet| {
            let text = it.summary.to_lowercase();
            text.contains("fragmentation needed") || text.contains("packet too big")
        };
        let last = recording.packets.iter().rfind(told).expect("the first was told").at;
        assert!(last.0 < 1_000_000_000, "{to}: only the first: {last}");
    }
}

#[test]
fn a_router_puts_together_and_cuts_what_is_its_own() {
    for to in ["10.0.9.2", "2001:db8:9::2"] {
        let (mut lab, a, _) = plain(1500);
        assert_eq!(pings(&mut lab, a, to, &[0]), [true], "RFC 1812 §4.2.2.8: {to}");
    }
}

// RFC 1122 §4.1.3.1, RFC 9293 §3.10.7.1
#[test]
fn a_routers_own_address_refuses_what_it_does_not_serve() {
    for to in ["10.0.9.2:80", "[2001:db8:9::2]:80"] {
        let (mut lab, a, _) = plain(1500);
        let refused = lab.run(async move {
            let tcp = a.connect(at(to)).await.err().map(|it| it.kind());
            let any = if to.contains('[') { "[::]:0" } else { "0.0.0.0:0" };
            let socket = a.bind(at(any)).await.expect("free");
            socket.send_to(b"anybody?", at(to)).await.expect("sending works");
            (tcp, socket.receive(&mut [0; 9]).await.err().map(|it| it.kind()))
        });
        let both = Some(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(refused, Ok((both, both)), "{to}");
    }
}

// RFC 1812 §5.3.7, RFC 2644 §2
#[test]
fn a_router_sends_on_nothing_from_nowhere_nor_to_everybody_elsewhere() {
    let ends = [
        ("127.0.0.1", "10.0.1.3", "stay in their host"),
        ("0.0.0.0", "10.0.1.3", "no host has that source"),
        ("224.0.0.9", "10.0.1.3", "no host has that source"),
        ("10.0.0.1", "240.0.0.1", "no host has that destination"),
        ("10.0.0.1", "127.0.0.1", "stay in their host"),
        ("169.254.0.9", "10.0.1.3", "stay on their link"),
        ("::", "2001:db8:2::c", "no host has that source"),
        ("::1", "2001:db8:2::c", "stay in their host"),
        ("fe80::9", "2001:db8:2::c", "stay on their link"),
        ("10.0.0.1", "10.0.9.3", "that is everybody on 10.0.9.0/30"),
    ];
    for (from, to, why) in ends {
        let mut lab = Lab::new(3, &[]);
        let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254");
        let a = a.address("2001:db8:1::a/64").gateway("2001:db8:1::ffff").add();
        let r = lab.router("r").interface("10.0.0.254/24").address("2001:db8:1::ffff/64");
        let r = r.interface("10.0.9.1/30").address("2001:db8:2::ffff/64").route("0.0.0.0/0", "10.0.9.2").add();
        let b = lab.host("b").address("10.0.9.2/30").address("2001:db8:2::c/64").add();
        lab.link(a, r, LinkOptions::default().delay(ms(1)));
        lab.link(r, b, LinkOptions::default().delay(ms(1)));
        lab.introduce_everybody();
        let [from, to] = [from, to].map(|it| it.parse::<IpAddr>().expect("an address"));
        let packet = ip::write(&Envelope::new(from, to, etherparse::IpNumber::UDP), vec![0; 8]).expect("small");
        let net = lab.net(a);
        lab.run(async move {
            net.send_raw(packet, "a test sends it");
            net.sleep(ms(20)).await;
        })
        .expect("it ends");
        let recording = finish(lab);
        let sent = recording.packets.iter().filter(|it| it.from == r.index()).count();
        let diary = diary(&recording, "r");
        assert_eq!(sent, 0, "{from} to {to}: {diary}");
        assert!(diary.contains(why), "{from} to {to}: {diary}");
    }
}

// RFC 4821 §7.7, RFC 1191 §6.3
#[test]
fn a_black_holes_cure_holds_for_ten_minutes_and_is_found_again() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use crate::lab::IcmpErrors;
    use crate::lab::tcp::TcpSettings;
    for v6 in [false, true] {
        let mut lab = Lab::new(3, &[]);
        let tcp = TcpSettings { mtu_probing: true, ..TcpSettings::LINUX };
        let a = lab.host("a").address("10.0.0.1/24").gateway("10.0.0.254").tcp(tcp);
        let a = a.address("2001:db8:1::a/64").gateway("2001:db8:1::ffff").add();
        let r =
            lab.router("r").interface("10.0.0.254/24").address("2001:db8:1::ffff/64").icmp_errors(IcmpErrors::Silent);
        let r = r.interface("10.0.9.1/24").address("2001:db8:9::1/64").route("0.0.0.0/0", "10.0.9.2");
        let r = r.route("::/0", "2001:db8:9::2").add();
        let s = lab.router("s").interface("10.0.9.2/24").address("2001:db8:9::2/64");
        let s = s.interface("10.0.1.254/24").address("2001:db8:2::ffff/64").route("0.0.0.0/0", "10.0.9.1");
        let s = s.route("::/0", "2001:db8:9::1").add();
        let c = lab.host("c").address("10.0.1.3/24").gateway("10.0.1.254");
        let c = c.address("2001:db8:2::c/64").gateway("2001:db8:2::ffff").add();
        lab.link(a, r, LinkOptions::default().delay(ms(1)));
        lab.link(r, s, LinkOptions::default().delay(ms(1)).mtu(1400));
        lab.link(s, c, LinkOptions::default().delay(ms(1)));
        lab.introduce_everybody();
        let (a, c) = (lab.net(a), lab.net(c));
        let (any, to) = if v6 { ("[::]:80", "[2001:db8:2::c]:80") } else { ("0.0.0.0:80", "10.0.1.3:80") };
        let waits = lab.run(async move {
            let listener = c.open_listener(at(any), Default::default()).expect("free");
            c.spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("it lasts");
                let mut part = [0; 5000];
                while stream.read_exact(&mut part).await.is_ok() {
                    let _ = stream.write_all(b"!").await;
                }
            });
            let mut stream = a.connect(at(to)).await.expect("it listens");
            let mut waits = Vec::new();
            for second in [0, 500, 700, 701] {
                a.sleep(Duration::from_secs(second).saturating_sub(a.now() - Time::ZERO)).await;
                let before = a.now();
                stream.write_all(&[1; 5000]).await.expect("it is open");
                stream.read_exact(&mut [0]).await.expect("it answers");
                waits.push(a.now() - before > SECOND);
            }
            waits
        });
        assert_eq!(waits, Ok(vec![true, false, true, false]), "IPv6 {v6}: only a new search waits for timeouts");
        let diary = diary(&finish(lab), "a");
        assert!(!diary.contains("path MTU to"), "a guess of one connection is not told to others: {diary}");
    }
}

// RFC 8200 §4
#[test]
fn a_problem_found_when_the_pieces_are_together_is_told() {
    let [from, to] = ["2001:db8:1::a", "2001:db8:2::c"].map(|it| it.parse().expect("an address"));
    for (protocol, told) in [(200, 1), (44, 0)] {
        let body = [&[58, 0, 0, 1, 0, 0, 0, 5][..], &[0; 1992]].concat();
        let packet = ip::write(&Envelope::new(from, to, etherparse::IpNumber(protocol)), body).expect("small");
        let pieces = ip::fragment_at_source(packet, 1280, 9).expect("it may be cut");
        let (sent, diary) = answers(pieces);
        assert_eq!(sent.len(), told, "{diary}");
        let said = if told == 1 { "unknown next header at byte 6" } else { "within the pieces of another" };
        assert!(diary.contains(said), "{diary}");
        assert!(sent.iter().all(|it| it.to_lowercase().contains("parameter problem")), "{sent:?}");
    }
}
