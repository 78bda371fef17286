//! Why a flight of the handshake is as it is: the words of its row, by what it holds and what went before it.
use super::faults::Fault;
use super::found::Flight;

/// Where a flight stands.
pub(super) struct Place<'a> {
    /// The flights of the same connection before it.
    pub(super) before: &'a [Flight<'a>],
    /// Whether it is of the connection of somebody who replays.
    pub(super) attacker: bool,
    pub(super) is_13: bool,
    /// What is wrong with the handshake.
    pub(super) fault: Option<&'static Fault>,
}

impl Place<'_> {
    fn had(&self, message: &str) -> bool {
        self.before.iter().any(|it| it.says(message))
    }

    /// Whether the client's request went out with its hello.
    fn was_early(&self) -> bool {
        self.before.iter().any(|it| it.sent && it.says("Client Hello") && it.says("HTTP"))
    }
}

pub(super) fn why(flight: &Flight<'_>, place: &Place<'_>) -> String {
    let says = |message| flight.says(message);
    if let Some(alert) = flight.alert() {
        return broken_off(flight, place, &alert);
    }
    match flight.sent {
        true if place.attacker => {
            "These bytes are the client's own, as they crossed the wire before. Early data has no part of the server's in its \
             keys, so nothing in it is new for each connection: RFC 8446 §8 leaves it to the server to notice."
        }
        false if place.attacker => {
            "The server's answer to the attacker, who can read its hello alone: the rest is sealed with keys that he does not \
             have. Whether the order was carried out again is in the server's count."
        }
        false if place.had("Alert") && says("Application Data") => {
            "The server's keys are others than the client's: it could not open the alert, and what it says about that the client \
             cannot open."
        }
        true if says("Client Hello") => hello(flight, place),
        true if says("Client Key Exchange") => {
            "The client's half of the key exchange. From its change cipher spec on TLS 1.2 encrypts; the certificates before \
             went in the clear."
        }
        true if says("Finished") => return finished(flight, place),
        false if says("Finished") || says("Server Hello") || says("Hello Retry Request") => answer(flight, place),
        _ => said(flight),
    }
    .to_owned()
}

/// The alert's own record is open where its sender does not encrypt yet: in TLS 1.2 each end begins with its own change cipher spec.
fn broken_off(flight: &Flight<'_>, place: &Place<'_>, alert: &str) -> String {
    let source = if place.is_13 { "RFC 8446 §6" } else { "RFC 5246 §7.2" };
    let who = if flight.sent { "The client" } else { "The server" };
    let read = if flight.ends_with_an_open_alert() {
        format!("{who} does not encrypt yet: everybody on the way can read it")
    } else {
        "The alert is sealed with the keys: on the way nobody reads it".to_owned()
    };
    format!("{} {read} ({source}).", noticed(who, place, alert))
}

/// Who noticed what, which alert is for it, and which one goes out.
fn noticed(who: &str, place: &Place<'_>, alert: &str) -> String {
    let Some((fault, asks)) = place.fault.and_then(|it| Some((it, it.asks(place.is_13)?))) else {
        return format!("{who} breaks off, and says with a number why.");
    };
    let (wrong, asked, written) = (fault.wrong, asks.alert, asks.source);
    let instead = match alert {
        _ if asked == alert => String::new(),
        "certificate_required" => {
            format!(": rustls, the library here, says {alert}, whose number came with TLS 1.3 (RFC 8446 §6.2)")
        }
        _ => format!(": rustls, the library here, says {alert}"),
    };
    format!("{wrong} {who} notices, and breaks off. {written} has {asked} for it{instead}.")
}

fn hello(flight: &Flight<'_>, place: &Place<'_>) -> &'static str {
    if flight.says("HTTP") {
        "The hello names a session from before, and the order goes out with it, sealed with a key made of that session alone: \
         no round trip is waited for (RFC 8446 §2.3)."
    } else if place.had("Hello Retry Request") {
        "The hello again, now with a key share of the group that the server named: nothing is guessed any more \
         (RFC 8446 §4.1.2)."
    } else if flight.names_a_session(place.is_13) {
        match place.is_13 {
            true => {
                "The hello shows a ticket of a session from before (pre_shared_key) and proves that it has its secret. Its key share \
                 comes too: the new keys do not hang on the old secret alone, and a server that does not know the ticket goes on \
                 without it (RFC 8446 §2.2)."
            }
            false => {
                "The hello names a session from before by its number. A server that still has it says the same number, and both take \
                 the old secret; another goes on as if nothing had been said (RFC 5246 §7.3)."
            }
        }
    } else {
        "What the client can, and with TLS 1.3 its half of the key exchange on a guess. All of it is readable on the way, \
         the server's name too."
    }
}

/// The client's Finished.
fn finished(flight: &Flight<'_>, place: &Place<'_>) -> String {
    let proof = if place.had("Certificate") {
        "The client has checked the server's certificate and its signature. Its Finished proves that it has the same keys and \
         saw the same messages"
    } else {
        "No certificate came: the session's secret proves the server. The client's Finished proves that it has the same keys and \
         saw the same messages"
    };
    let order = match (flight.says("HTTP"), place.was_early()) {
        (true, true) => "; the order goes out again behind it, where nobody can replay it.",
        (true, false) => "; the order goes right behind it.",
        (false, true) => "; the order went before, as early data.",
        (false, false) => ".",
    };
    format!("{proof}{order}")
}

/// The server's part of the handshake.
fn answer(flight: &Flight<'_>, place: &Place<'_>) -> &'static str {
    let says = |message| flight.says(message);
    if says("Application Data that does not open") {
        "The server's half of the key exchange; what follows is sealed. Its keys come from both hellos as the server saw them \
         (RFC 8446 §7.1), and the client sent another: its own do not open this."
    } else if says("Application Data") {
        "The server's half of the key exchange; what follows is sealed. The client breaks off before it makes its keys: nobody \
         opens it here."
    } else if says("Hello Retry Request") {
        "The server takes none of the groups the client sent a share for: it names one, and the client begins again. That \
         costs one round trip (RFC 8446 §2.1)."
    } else if says("Certificate Request") {
        "With its own proof the server asks for the client's: a certificate by one of these authorities (mTLS)."
    } else if says("Server Hello Done") {
        "TLS 1.2: the server's certificate and its half of the key exchange. The client cannot send data yet: its own half \
         has to go first, and a Finished has to come back."
    } else if says("Server Hello") && says("Certificate") && place.had("Hello Retry Request") {
        "The server's half of the key exchange: from the next message on all is sealed, its certificate too. The signature \
         proves the name, the Finished that nothing was changed. The client may send after these two round trips."
    } else if says("Server Hello") && says("Certificate") {
        "The server's half of the key exchange: from the next message on all is sealed, its certificate too. The signature \
         proves the name, the Finished that nothing was changed. The client may send after this one round trip."
    } else if says("Server Hello") {
        "The session from before is taken: its secret proves both ends, so there is no certificate and no signature."
    } else {
        "TLS 1.2: the server's own change cipher spec, and its Finished: it has the same keys and saw the same messages. After \
         these two round trips the client may send (RFC 5246 §7.3)."
    }
}

/// What crosses when the handshake is over.
fn said(flight: &Flight<'_>) -> &'static str {
    let says = |message| flight.says(message);
    match (says("HTTP"), says("New Session Ticket"), says("Alert (close_notify)")) {
        (true, true, _) => "Tickets with which the client can resume the session next time, and the answer.",
        (false, true, _) => "Tickets with which the client can resume the session next time (RFC 8446 §4.6.1).",
        (true, false, _) => "What the two programs say to each other, sealed.",
        (false, false, true) => {
            "Nothing more comes from this end. Without these words the other could not tell an end from a connection that \
             somebody on the way has cut (RFC 8446 §6.1)."
        }
        (false, false, false) => "A part of the handshake that belongs to the flight before.",
    }
}
