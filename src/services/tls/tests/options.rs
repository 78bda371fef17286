//! What ends can be told: versions, sessions, early data, key exchanges, clients that prove who they are.
use super::*;

/// What a second connection is like: the client may send, the answer is here (milliseconds), and what was agreed.
struct Visit {
    shaken: u64,
    answered: u64,
    agreed: Agreed,
    early: bool,
}

/// Says hello on a new connection.
async fn visit(it: &Stand, tls: &Client) -> Result<Visit, TlsError> {
    let start = it.client.now();
    let since = || (it.client.now() - start).as_millis().try_into().expect("it is short");
    let stream = it.client.connect(it.at).await?;
    let mut stream = tls.connect(&it.client, stream, NAME).await?;
    let shaken = since();
    stream.write_all(b"hello").await?;
    stream.flush().await?;
    let mut buffer = [0; 5];
    stream.read_exact(&mut buffer).await?;
    assert_eq!(&buffer, b"hello");
    let answered = since();
    // The answer to early data can be here before the handshake is over.
    it.client.sleep(PATIENCE).await;
    let visit = Visit { shaken, answered, agreed: stream.agreed(), early: stream.took_early_data() };
    stream.shutdown().await?;
    Ok(visit)
}

/// Two visits by a client, to a server, with these options.
fn visits(client: ClientOptions<'static>, server: ServerOptions<'static>) -> [Visit; 2] {
    let script = async |it: Stand| {
        let identity = it.authority.issue(&[NAME]).expect("a certificate");
        it.serve_as(Server::with(&it.ground, identity, server).expect("they fit")).await;
        let tls = Client::with(&it.ground, &[it.authority.certificate()], client).expect("they fit");
        let first = visit(&it, &tls).await.expect("it is good");
        [first, visit(&it, &tls).await.expect("it is good")]
    };
    stand(1, script).0
}

fn times(visits: &[Visit; 2]) -> [(u64, u64); 2] {
    [0, 1].map(|it: usize| (visits[it].shaken, visits[it].answered))
}

#[test]
fn each_version_takes_its_round_trips() {
    let only = |version| {
        let version = Some(version);
        visits(ClientOptions { version, ..Default::default() }, ServerOptions::default())
    };
    let new = only(Version::Tls13);
    // A round trip is 80 ms, TCP's included.
    assert_eq!(times(&new), [(160, 240), (160, 240)]);
    assert_eq!([0, 1].map(|it: usize| new[it].agreed.resumed), [false, true]);
    let old = only(Version::Tls12);
    assert_eq!(times(&old), [(240, 320), (160, 240)]);
    assert_eq!([0, 1].map(|it: usize| old[it].agreed.resumed), [false, true]);
    assert_eq!((old[0].agreed.version.as_str(), new[0].agreed.version.as_str()), ("TLS 1.2", "TLS 1.3"));
}

#[test]
fn early_data_is_answered_a_round_trip_after_the_connection() {
    let early = |server| visits(ClientOptions { early_data: true, ..Default::default() }, server);
    let taken = early(ServerOptions { early_data: 16_384, ..Default::default() });
    assert_eq!(times(&taken), [(160, 240), (80, 160)]);
    assert_eq!([0, 1].map(|it: usize| taken[it].early), [false, true]);
    // A server that gives no leave for it gets none.
    let none = early(ServerOptions::default());
    assert_eq!(times(&none), [(160, 240), (160, 240)]);
    assert!(!none[1].early && none[1].agreed.resumed);
}

#[test]
fn who_forgets_shakes_hands_in_full_each_time() {
    let client = visits(ClientOptions { forgets: true, ..Default::default() }, ServerOptions::default());
    let server = visits(ClientOptions::default(), ServerOptions { forgets: true, ..Default::default() });
    for visits in [client, server] {
        assert!(!visits[1].agreed.resumed);
        assert_eq!(times(&visits)[1], (160, 240));
    }
}

#[test]
fn a_key_share_of_the_wrong_group_costs_a_round_trip() {
    const HYBRID: &[Group] = &[Group::X25519MlKem768];
    const CURVE_FIRST: &[Group] = &[Group::X25519, Group::X25519MlKem768];
    const HYBRID_FIRST: &[Group] = &[Group::X25519MlKem768, Group::X25519];
    let meet = |client, server| {
        let client = ClientOptions { groups: client, ..Default::default() };
        visits(client, ServerOptions { groups: server, ..Default::default() })
    };
    let both = meet(HYBRID_FIRST, HYBRID);
    assert_eq!((times(&both)[0], both[0].agreed.group.as_str()), ((160, 240), "X25519MLKEM768"));
    // HelloRetryRequest (RFC 8446 §4.1.4).
    let retried = meet(CURVE_FIRST, HYBRID);
    assert_eq!((times(&retried)[0], retried[0].agreed.group.as_str()), ((240, 320), "X25519MLKEM768"));
    // The first share has one of X25519 in it, which the client sends by itself too.
    let half = meet(HYBRID_FIRST, &[Group::X25519]);
    assert_eq!((times(&half)[0], half[0].agreed.group.as_str()), ((160, 240), "X25519"));
}

#[test]
fn what_has_nothing_in_common_says_so() {
    let why = stand(1, async |it| {
        let identity = it.authority.issue(&[NAME]).expect("a certificate");
        let server = ServerOptions { version: Some(Version::Tls12), ..Default::default() };
        it.serve_as(Server::with(&it.ground, identity, server).expect("they fit")).await;
        let options = ClientOptions { version: Some(Version::Tls13), ..Default::default() };
        let tls = Client::with(&it.ground, &[it.authority.certificate()], options).expect("they fit");
        visit(&it, &tls).await.err().expect("no version").to_string()
    });
    assert_eq!(why.0, "the other end broke off with an alert: protocol_version");
}

#[test]
fn a_client_that_has_to_prove_who_it_is_learns_of_the_refusal_after_its_handshake() {
    let meet = |version, proves: bool| {
        let script = async move |it: Stand| {
            let authorities = vec![it.authority.certificate()];
            let clients = Clients::Proven(Trusted { authorities, revoked: Vec::new() });
            let identity = it.authority.issue(&[NAME]).expect("a certificate");
            let server = ServerOptions { clients, ..Default::default() };
            it.serve_as(Server::with(&it.ground, identity, server).expect("they fit")).await;
            let identity = proves.then(|| it.authority.issue(&["client.example"]).expect("a certificate"));
            let options = ClientOptions { identity, version: Some(version), ..Default::default() };
            let tls = Client::with(&it.ground, &[it.authority.certificate()], options).expect("they fit");
            let outcome = visit(&it, &tls).await.map(|it| it.shaken).map_err(|it| it.to_string());
            (outcome, it.client.now().0 / 1_000_000)
        };
        stand(1, script).0
    };
    let alert = |it: &str| Err(format!("the other end broke off with an alert: {it}"));
    // RFC 8446 §4.4.2.4: the client has sent its Finished, and its data, when the alert comes.
    assert_eq!(meet(Version::Tls13, false), (alert("certificate_required"), 240));
    // rustls says the same in 1.2, where RFC 5246 §7.4.6 has handshake_failure for it; the client is told within its handshake.
    assert_eq!(meet(Version::Tls12, false), (alert("certificate_required"), 240));
    // A server's certificate: it is not for clients.
    assert_eq!(meet(Version::Tls13, true).0, alert("unsupported_certificate"));
}
