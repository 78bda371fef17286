//! How connections end, stall and fail: half-close, reset, zero window, queues, drops, deadlock.
use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Pair, at, diary, finish, ms, pair, pair_of, story};
use crate::lab::tcp::TcpSettings;
use crate::lab::{HostOptions, Lab, LabError, Limits, LinkOptions, Loss};
use crate::net::Net as _;
use crate::recording::{EventKind, Fate, Time};

const SERVER: &str = "10.0.0.2:80";

#[test]
fn after_a_half_close_the_other_half_goes_on() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let mut stream = client.connect(at(SERVER)).await.expect("it listens");
        let (mut accepted, _) = listener.accept().await.expect("one");
        stream.shutdown().await.expect("open");
        assert_eq!(accepted.read(&mut [0; 8]).await.expect("an end"), 0);
        server.sleep(ms(500)).await;
        accepted.write_all(b"still here").await.expect("this half is open");
        drop(accepted);
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.expect("bytes, then the end");
        let late = stream.write(b"x").await.err().map(|it| it.kind());
        (rest, late)
    };
    assert_eq!(lab.run(main), Ok(("still here".to_owned(), Some(ErrorKind::BrokenPipe))));
    insta::assert_snapshot!(story(&finish(lab)));
}

#[test]
fn data_for_a_closed_socket_is_reset() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let mut stream = client.connect(at(SERVER)).await.expect("it listens");
        let (accepted, _) = listener.accept().await.expect("one");
        drop(accepted);
        client.sleep(ms(100)).await;
        stream.write_all(b"too late").await.expect("it is not known yet");
        client.sleep(ms(100)).await;
        (stream.write(b"x").await.err().map(|it| it.kind()), stream.read(&mut [0; 8]).await.ok())
    };
    assert_eq!(lab.run(main), Ok((Some(ErrorKind::ConnectionReset), Some(0))));
    insta::assert_snapshot!(story(&finish(lab)));
}

#[test]
fn a_slow_reader_shows_a_zero_window_and_opens_it_again() {
    let server = HostOptions { receive_buffer: 4000, ..HostOptions::default() };
    let Pair { mut lab, client, server } = pair_of(7, server, LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        client.spawn({
            let client = client.clone();
            async move {
                let mut stream = client.connect(at(SERVER)).await.expect("it listens");
                stream.write_all(&[1; 10_000]).await.expect("open");
            }
        });
        let (mut accepted, _) = listener.accept().await.expect("one");
        server.sleep(ms(3_000)).await;
        let mut all = Vec::new();
        accepted.read_to_end(&mut all).await.expect("all of it");
        all.len()
    };
    assert_eq!(lab.run(main), Ok(10_000));
    let recording = finish(lab);
    let windows = recording.packets.iter().filter(|it| it.summary.contains("Win=0 "));
    assert!(windows.count() > 0, "no zero window was seen");
    insta::assert_snapshot!(story(&recording));
}

#[test]
fn two_syns_at_one_instant_find_the_same_listener() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        for _ in 0..20 {
            let net = client.clone();
            client.spawn(async move {
                let mut stream = net.connect(at(SERVER)).await.expect("it listens");
                let _ = stream.read(&mut [0; 1]).await;
            });
        }
        let mut ports = Vec::new();
        for _ in 0..20 {
            ports.push(listener.accept().await.expect("twenty clients").1.port());
        }
        (ports, server.now())
    };
    assert_eq!(lab.run(main), Ok(((33_062..33_082).collect(), Time(30_000_000))));
    assert!(finish(lab).packets.iter().all(|it| !it.summary.contains("RST")));
}

#[test]
fn a_full_accept_queue_drops_the_syn_and_closing_the_listener_resets_the_queue() {
    let server = HostOptions { tcp: TcpSettings { backlog: 0, ..TcpSettings::default() }, ..HostOptions::default() };
    let Pair { mut lab, client, server } = pair_of(7, server, LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let mut first = client.connect(at(SERVER)).await.expect("a place in the queue");
        let second = client.clone();
        client.spawn(async move { assert!(second.connect(at(SERVER)).await.is_ok(), "after the queue has emptied") });
        client.sleep(ms(500)).await;
        let accepted = listener.accept().await.expect("the first");
        client.sleep(ms(1000)).await;
        drop(listener);
        drop(accepted);
        first.read(&mut [0; 1]).await.ok()
    };
    assert_eq!(lab.run(main), Ok(Some(0)));
    let recording = finish(lab);
    let diary = diary(&recording, "server");
    assert!(diary.contains("the accept queue is full (backlog 0): SYN dropped"), "{diary}");
    assert!(story(&recording).contains("the listener was closed before accept(): RST"));
}

#[test]
fn a_wait_for_nothing_is_reported_with_who_waits() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let mut stream = client.connect(at(SERVER)).await.expect("it listens");
        let _accepted = listener.accept().await.expect("one");
        stream.read(&mut [0; 8]).await
    };
    let error = lab.run(main).expect_err("nobody ever writes");
    insta::assert_snapshot!(error, @"deadlock at 30 ms: the run waits and nothing will ever happen; waiting: client: recv(fd 3, 8) since 30 ms");
    assert!(finish(lab).packets.len() >= 3, "what was recorded is still there");
}

#[test]
fn a_run_that_does_not_end_is_stopped() {
    let Pair { mut lab, client, .. } = pair(LinkOptions::default());
    let forever = async move {
        loop {
            client.sleep(ms(1000)).await;
        }
    };
    let error = lab.run(forever).map(|(): ()| ()).expect_err("an hour is enough");
    assert!(matches!(error, LabError::TimeLimit { .. }), "{error}");

    let mut lab = Lab::new(1, &[]);
    lab.limit(Limits { steps: 1000, ..Limits::default() });
    let error = lab.run(std::future::poll_fn(|cx| -> std::task::Poll<()> {
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    }));
    assert!(matches!(error, Err(LabError::StepLimit { limit: 1000, .. })), "{error:?}");
}

#[test]
fn a_dropped_stream_sends_what_was_written_and_a_fin() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let mut stream = client.connect(at(SERVER)).await.expect("it listens");
        stream.write_all(&[5; 30_000]).await.expect("open");
        drop(stream);
        let (mut accepted, _) = listener.accept().await.expect("one");
        let mut all = Vec::new();
        accepted.read_to_end(&mut all).await.expect("all, then the end");
        all.len()
    };
    assert_eq!(lab.run(main), Ok(30_000));
    let recording = finish(lab);
    let last = |name: &str| {
        let node = recording.node(name).expect("a host");
        recording.events.iter().rev().find_map(|it| match &it.kind {
            EventKind::State { to, .. } if it.node == node => Some(to.clone()),
            _ => None,
        })
    };
    assert_eq!((last("client").as_deref(), last("server").as_deref()), (Some("TIME-WAIT"), Some("CLOSED")));
}

#[test]
fn a_panic_in_a_program_ends_the_run_and_nothing_hangs() {
    let Pair { mut lab, client, server } = pair(LinkOptions::default().delay(ms(10)));
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let _stream = client.connect(at(SERVER)).await.expect("it listens");
        let _accepted = listener.accept().await.expect("one");
        panic!("as a failed assertion would");
    };
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lab.run(main).map(|(): ()| ())));
    assert!(caught.is_err());
}

#[test]
fn a_lost_segment_comes_again_for_the_reason_it_says() {
    // One message alone: only the timer can notice.
    let options = LinkOptions::default().delay(ms(10)).loss_there(Loss::nth_with_data(1));
    insta::assert_snapshot!("lost_alone", send(1, options));
    // Others behind it: their duplicate ACKs notice.
    let options = LinkOptions::default().delay(ms(10)).loss_there(Loss::nth_with_data(2));
    insta::assert_snapshot!("lost_followed", send(6, options));
    // An ACK is lost: the next one says it too.
    let options = LinkOptions::default().delay(ms(10)).loss_back(Loss::nth(2));
    insta::assert_snapshot!("lost_ack", send(3, options));
    // The only ACK is lost: the bytes come again, for nothing.
    let options = LinkOptions::default().delay(ms(10)).loss_back(Loss::nth(2));
    insta::assert_snapshot!("lost_only_ack", send(1, options));
}

/// Writes messages of 1000 bytes, 1 ms apart, and waits; gives the story.
fn send(messages: usize, options: LinkOptions) -> String {
    let Pair { mut lab, client, server } = pair(options);
    let main = async move {
        let listener = server.listen(at(SERVER)).await.expect("free");
        let mut stream = client.connect(at(SERVER)).await.expect("it listens");
        for _ in 0..messages {
            stream.write_all(&[1; 1000]).await.expect("open");
            client.sleep(ms(1)).await;
        }
        let (mut accepted, _) = listener.accept().await.expect("one");
        accepted.read_exact(&mut vec![0; 1000 * messages]).await.expect("all of it");
        client.sleep(ms(2000)).await;
    };
    lab.run(main).expect("it ends");
    let recording = finish(lab);
    assert_eq!(recording.packets.iter().filter(|it| matches!(it.fate, Fate::Lost(_))).count(), 1);
    story(&recording)
}
