//! Runs as a whole: the same twice, other futures from the same past, and no packet from nowhere.
use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{finish, ms, story};
use crate::lab::tcp::{Congestion, TcpSettings};
use crate::lab::{Lab, LabNet, LinkOptions, Loss};
use crate::net::Net as _;
use crate::recording::{Fate, Intervention, Meddling, Packet, Recording, Time};

/// A client and a server on two networks, joined by a router over a bad link; both TCP and UDP cross it.
fn bad_day(seed: u64, interventions: &[Intervention], loss: u32) -> Recording {
    let mut lab = Lab::new(seed, interventions);
    let reno = TcpSettings { congestion: Congestion::NewReno, ..TcpSettings::default() };
    let client = lab.host("client").address("10.0.0.1/24").gateway("10.0.0.254").tcp(reno).add();
    let switch = lab.switch("sw").add();
    let router = lab.router("r1").interface("10.0.0.254/24").interface("10.0.1.254/24").add();
    let server = lab.host("server").address("10.0.1.1/24").gateway("10.0.1.254").tcp(reno).add();
    lab.link(client, switch, LinkOptions::default().delay(ms(1)));
    lab.link(switch, router, LinkOptions::default());
    let bad = LinkOptions::default().delay(ms(10)).jitter(ms(2)).rate(2_000_000).queue(20_000);
    let bad = bad.loss(Loss::random(loss)).loss_there(Loss::burst(loss, 3)).duplicate(loss).reorder(loss, ms(5));
    lab.link(router, server, bad);
    let (client, server) = (lab.net(client), lab.net(server));
    serve(&server);
    let _ = lab.run(async move {
        let whole = transfer(&client).await;
        client.note(format!("the transfer ended: {}", whole.is_ok()));
    });
    finish(lab)
}

fn serve(net: &LabNet) {
    let server = net.clone();
    net.spawn(async move {
        let listener = server.listen(at(80)).await.expect("free");
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut all = Vec::new();
            if stream.read_to_end(&mut all).await.is_ok() {
                let _ = stream.write_all(&all).await;
            }
        }
    });
    let server = net.clone();
    net.spawn(async move {
        let socket = server.bind(at(9)).await.expect("free");
        let mut buffer = [0; 2000];
        while let Ok((length, from)) = socket.receive(&mut buffer).await {
            let _ = socket.send_to(&buffer[..length], from).await;
        }
    });
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 1, 1], port))
}

async fn transfer(net: &LabNet) -> std::io::Result<()> {
    let socket = net.bind(SocketAddr::from(([0, 0, 0, 0], 0))).await?;
    for size in [10, 500, 1400] {
        socket.send_to(&vec![1; size], at(9)).await?;
        net.sleep(ms(5)).await;
    }
    let mut stream = net.connect(at(80)).await?;
    let sent: Vec<u8> = (0_u8..=250).cycle().take(60_000).collect();
    stream.write_all(&sent).await?;
    stream.shutdown().await?;
    let mut back = Vec::new();
    stream.read_to_end(&mut back).await?;
    assert!(back == sent, "TCP brings back {} of {} bytes unchanged", back.len(), sent.len());
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let first = bad_day(5, &[], 20_000);
    assert_eq!(first, bad_day(5, &[], 20_000));
    assert_ne!(story(&first), story(&bad_day(6, &[], 20_000)));
}

#[test]
fn a_fork_has_the_same_past_and_another_future() {
    let plain = bad_day(5, &[], 10_000);
    let delivered = plain.packets.iter().filter(|it| it.fate == Fate::Delivered && it.summary.contains("Len=1448"));
    let n = delivered.map(|it| it.n).nth(5).expect("some data arrives");
    for action in [Meddling::Drop, Meddling::Delay(ms(30)), Meddling::Duplicate] {
        let fork = bad_day(5, &[Intervention { packet: n, action }], 10_000);
        let past = n as usize - 1;
        assert_eq!(plain.packets[..past], fork.packets[..past]);
        assert_eq!(fork.packets[past].fate, Fate::Meddled(action));
        assert_eq!(fork.packets[past].bytes, plain.packets[past].bytes);
        assert_ne!(plain.packets[past + 1..], fork.packets[past + 1..], "{action:?} changed nothing");
    }
}

/// Whether somebody upstream had this frame's packet before: a switch or router sends only what came to it.
fn has_a_past(recording: &Recording, packet: &Packet) -> bool {
    let switch = recording.node("sw").expect("a switch");
    packet.from != switch
        || recording
            .packets
            .iter()
            .any(|earlier| earlier.to == switch && earlier.arrived == Some(packet.at) && earlier.bytes == packet.bytes)
}

fn hold(recording: &Recording) -> Result<(), TestCaseError> {
    let mut before = Time::ZERO;
    for (index, packet) in recording.packets.iter().enumerate() {
        prop_assert_eq!(packet.n as usize, index + 1);
        prop_assert!(packet.at >= before, "packet {} goes back in time", packet.n);
        before = packet.at;
        prop_assert!(packet.left >= packet.at);
        prop_assert!(packet.arrived.is_none_or(|it| it >= packet.left && it <= recording.end));
        let ends = recording.topology.links[packet.link].ends.map(|it| it.node);
        prop_assert!(ends == [packet.from, packet.to] || ends == [packet.to, packet.from]);
        let arrives = packet.arrived.is_some();
        match &packet.fate {
            Fate::Lost(_) | Fate::QueueFull | Fate::Meddled(Meddling::Drop) => prop_assert!(!arrives),
            Fate::Copy { of } => {
                let original = recording.packet(*of).expect("a copy has an original");
                prop_assert_eq!(&original.bytes, &packet.bytes);
                prop_assert_eq!(original.at, packet.at);
            }
            // In flight at the end, or there.
            Fate::Delivered | Fate::Meddled(_) => {
                prop_assert!(arrives || packet.left + Duration::from_secs(1) > recording.end);
            }
        }
        prop_assert!(has_a_past(recording, packet), "packet {} comes from nowhere", packet.n);
    }
    prop_assert!(recording.events.is_sorted_by_key(|it| it.at));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn time_goes_forward_and_every_frame_is_accounted_for(
        seed in any::<u64>(),
        loss in 0_u32..60_000,
        packet in 1_u32..60,
    ) {
        let meddling = [Intervention { packet, action: Meddling::Duplicate }];
        hold(&bad_day(seed, &meddling, loss))?;
    }
}

#[test]
fn each_seed_has_mac_addresses_of_its_own() {
    let macs = |seed| -> Vec<String> {
        let interfaces = bad_day(seed, &[], 0).topology.nodes.into_iter().flat_map(|node| node.interfaces);
        interfaces.filter_map(|it| it.mac).collect()
    };
    let (one, two) = (macs(1), macs(2));
    assert_eq!(one, macs(1));
    assert!(one.len() == 4 && one.iter().all(|mac| mac.starts_with("02:") && !two.contains(mac)), "{one:?} {two:?}");
}
