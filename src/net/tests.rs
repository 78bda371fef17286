//! The same programs in both worlds.
use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::{Lab, LabNet, LinkOptions};
use crate::net::host::HostNet;
use crate::net::{Datagrams, Listener, Net, SocketOptions, State, Stream, TcpInfo};
use crate::recording::{Recording, Run};
use crate::services::within;

/// Runs a program on two lab hosts 10 ms apart; it listens on the second and speaks from the first.
fn in_the_lab<T, F: Future<Output = T>>(program: impl FnOnce(LabNet, LabNet, SocketAddr) -> F) -> (T, Recording) {
    let mut lab = Lab::new(1, &[]);
    let client = lab.host("client").address("10.0.0.1/24").add();
    let server = lab.host("server").at(1, 0).address("10.0.0.2/24").add();
    lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(10)));
    let at = SocketAddr::new(lab.address(server), 0);
    let main = program(lab.net(client), lab.net(server), at);
    let result = lab.run(main).expect("the program ends");
    (result, lab.finish(Run::default()))
}

/// Runs it on this machine's loopback, for at most ten seconds.
fn on_this_machine<T, F: Future<Output = T>>(program: impl FnOnce(HostNet, HostNet, SocketAddr) -> F) -> T {
    let at = SocketAddr::from(([127, 0, 0, 1], 0));
    let run = HostNet::run(|net| async move {
        tokio::time::timeout(Duration::from_secs(10), program(net, net, at)).await.expect("it takes no 10 seconds")
    });
    run.expect("this machine has an event queue")
}

/// Sends a message, closes its half, and reads what comes back until the other closes.
async fn echo<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<Vec<u8>> {
    let listener = server.listen(at).await?;
    let at = listener.local()?;
    server.spawn(async move {
        let (mut stream, peer) = listener.accept().await.expect("one client");
        assert_eq!(stream.peer().expect("connected"), peer);
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.expect("the client closes its half");
        stream.write_all(&all).await.expect("the other half is open");
    });
    let mut stream = client.connect(at).await?;
    assert_eq!(stream.peer()?, at);
    stream.write_all(&[7; 100_000]).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

#[test]
fn an_echo_crosses_both_worlds() {
    let (in_lab, recording) = in_the_lab(echo);
    assert_eq!(in_lab.expect("no error"), [7; 100_000]);
    assert!(recording.packets.len() > 2 * 68, "200 kB do not fit fewer packets");
    assert_eq!(on_this_machine(echo).expect("no error"), [7; 100_000]);
}

/// Aborts a connection; gives what its reader heard.
async fn abort<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<Option<ErrorKind>> {
    let listener = server.listen(at).await?;
    let stream = client.connect(listener.local()?).await?;
    let (mut accepted, _) = listener.accept().await?;
    stream.abort();
    Ok(accepted.read(&mut [0; 16]).await.err().map(|it| it.kind()))
}

#[test]
fn an_abort_is_a_reset_in_both_worlds() {
    assert_eq!(in_the_lab(abort).0.expect("no error"), Some(ErrorKind::ConnectionReset));
    assert_eq!(on_this_machine(abort).expect("no error"), Some(ErrorKind::ConnectionReset));
}

/// Says what is wrong with a port nobody listens on, and with one somebody has.
async fn refusals<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<[Option<ErrorKind>; 2]> {
    let listener = server.listen(at).await?;
    let taken = listener.local()?;
    let second = server.listen(taken).await.err().map(|it| it.kind());
    drop(listener);
    let refused = client.connect(taken).await.err().map(|it| it.kind());
    Ok([second, refused])
}

#[test]
fn a_taken_port_and_a_closed_one_are_refused_alike_in_both_worlds() {
    let expected = [Some(ErrorKind::AddrInUse), Some(ErrorKind::ConnectionRefused)];
    assert_eq!(in_the_lab(refusals).0.expect("no error"), expected);
    assert_eq!(on_this_machine(refusals).expect("no error"), expected);
}

/// A datagram there and back, longer than the reader's buffer.
async fn datagrams<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<(usize, [u8; 4])> {
    let answering = server.bind(at).await?;
    let at = answering.local()?;
    server.spawn(async move {
        let mut buffer = [0; 64];
        let (length, from) = answering.receive(&mut buffer).await.expect("a datagram");
        answering.send_to(&buffer[..length], from).await.expect("it has an address");
    });
    let any: SocketAddr = SocketAddr::new(if at.ip().is_loopback() { at.ip() } else { [0, 0, 0, 0].into() }, 0);
    let asking = client.bind(any).await?;
    asking.send_to(b"datagram", at).await?;
    let mut buffer = [0; 4];
    let (length, from) = asking.receive(&mut buffer).await?;
    assert_eq!(from, at);
    Ok((length, buffer))
}

#[test]
fn a_datagram_crosses_both_worlds_and_is_cut_where_the_buffer_ends() {
    assert_eq!(in_the_lab(datagrams).0.expect("no error"), (4, *b"data"));
    assert_eq!(on_this_machine(datagrams).expect("no error"), (4, *b"data"));
}

/// Two requests on one connection, as hyper speaks HTTP/1.1.
async fn http<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<Vec<String>> {
    let listener = server.listen(at).await?;
    let at = listener.local()?;
    server.clone().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: Request<Incoming>| async move {
                let text = format!("you asked for {}", request.uri().path());
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            let serving = http.auto_date_header(false).serve_connection(TokioIo::new(stream), answer);
            server.spawn(async move { serving.await.expect("no client breaks off") });
        }
    });
    let stream = client.connect(at).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    client.spawn(async move { connection.await.expect("the server keeps the rules") });
    let mut answers = Vec::new();
    for path in ["/first", "/second"] {
        let request = Request::get(path).header("host", "server").body(Full::<Bytes>::default());
        let response = sender.send_request(request.map_err(io::Error::other)?).await.map_err(io::Error::other)?;
        let body = response.into_body().collect().await.map_err(io::Error::other)?;
        answers.push(String::from_utf8_lossy(&body.to_bytes()).into_owned());
    }
    Ok(answers)
}

#[test]
fn hyper_speaks_http_in_both_worlds() {
    let expected = ["you asked for /first", "you asked for /second"];
    let (answers, recording) = in_the_lab(http);
    assert_eq!(answers.expect("no error"), expected);
    // ARP, handshake and two requests: four round trips of 20 ms.
    let last_answer =
        recording.packets.iter().filter(|it| it.summary.contains("200 OK")).filter_map(|it| it.arrived).max();
    assert_eq!(last_answer.map(|it| it.0), Some(80_000_000));
    assert_eq!(on_this_machine(http).expect("no error"), expected);
}

/// What both ends know once the first wrote and the second has not read.
async fn infos<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<[TcpInfo; 2]> {
    let listener = server.listen(at).await?;
    let mut stream = client.connect(listener.local()?).await?;
    let (mut accepted, _) = listener.accept().await?;
    stream.write_all(&[7; 1000]).await?;
    server.sleep(Duration::from_millis(100)).await;
    let infos = [stream.info()?, accepted.info()?];
    // Unread bytes would make the close a reset.
    accepted.read_exact(&mut [0; 1000]).await?;
    drop(accepted);
    client.sleep(Duration::from_millis(100)).await;
    assert_eq!(stream.info()?.state, State::CloseWait, "the other end has closed");
    Ok(infos)
}

#[cfg(target_os = "linux")]
#[test]
fn a_connection_of_this_machine_says_what_its_kernel_knows() {
    for at in [SocketAddr::from(([127, 0, 0, 1], 0)), SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0))] {
        let run = HostNet::run(|net| infos(net, net, at)).expect("this machine has an event queue");
        let [client, server] = run.expect("no error");
        assert_eq!((client.state, server.state), (State::Established, State::Established));
        assert_eq!((client.send_queue, server.receive_queue), (Some(0), Some(1000)));
        assert_eq!(client.in_flight, Some(0));
        assert!(client.srtt.is_some_and(|it| it < Duration::from_secs(1)), "{client:?}");
        assert!(client.cwnd >= client.mss && client.mss >= 500, "{client:?}");
        assert!(client.rto >= Duration::from_millis(200), "Linux's floor: {client:?}");
        assert_eq!((client.ssthresh, client.retransmissions, client.pipe), (None, 0, 0));
        assert!(
            client.peer_window.is_none_or(|it| it > 1000) && client.window.is_none_or(|it| it > 1000),
            "{client:?}"
        );
    }
}

/// A receiver with a small buffer, chosen before the connection opens: how much a sender gets rid of.
async fn stuffed<N: Net>(client: N, server: N, at: SocketAddr) -> io::Result<usize> {
    let options = SocketOptions { receive_buffer: Some(8192), ..SocketOptions::default() };
    let listener = server.listen_with(at, options).await?;
    let options = SocketOptions { send_buffer: Some(8192), ..SocketOptions::default() };
    let mut stream = client.connect_with(listener.local()?, options).await?;
    let _unread = listener.accept().await?;
    let mut taken = 0;
    while let Some(count) = within(&client, Duration::from_millis(500), stream.write(&[7; 1024])).await {
        taken += count?;
    }
    Ok(taken)
}

#[test]
fn socket_buffers_of_this_machine_are_as_large_as_the_program_asked() {
    let taken = on_this_machine(stuffed).expect("no error");
    // Linux counts its own structures too and grants twice what was asked for.
    assert!((8_000..=64_000).contains(&taken), "{taken}");
}
