//! A bad box on the way: what TCP makes of a segment that comes damaged, twice or out of order.
//!
//! ```text
//! client ── sw ── server        six payments, a line each; the switch spoils one frame
//! ```
mod found;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::demos::findings::note_end;
use crate::demos::{Demo, Knob, Knobs, Setup};
use crate::lab::{Fault, Lab, LabNet, LinkOptions};
use crate::net::{Listener, Net};
use crate::quantity::Unit;
use crate::recording::{Recording, Time};
use crate::services::within;

pub(super) const DEMO: Demo = Demo {
    name: "tcp-damage",
    title: "Damaged, twice, out of order",
    about: "A faulty switch spoils one frame. Sequence numbers put order and repeats right, the checksum finds most damage; \
            see what 16 bits do not find.",
    chapters: &["W2"],
    live: None,
    knobs: &[
        Knob::choice(
            "fault",
            "what the switch does to one frame",
            &["one-bit", "swapped-words", "twice", "overtaken", "none"],
        ),
        Knob::quantity("message", "the payment it strikes", Unit::Count, [1, 6, 1, 3]),
        Knob::millis("rtt", "time to the server and back", [0, 500, 10, 20]),
    ],
    exports: &[],
    view: "sequence",
    run,
};

const PORT: u16 = 7100;
const MESSAGES: usize = 6;
/// From one payment to the next: longer than the default round trip, so that each stands alone.
const INTERVAL: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(60);

/// A line that came, and when.
type Booked = Rc<RefCell<Vec<(Time, Vec<u8>)>>>;

/// Each payment is of the same length, and the amount lies where the checksum counts two whole words.
fn payment(number: usize) -> Vec<u8> {
    format!("PAY 0100 EUR, no. {number}\n").into_bytes()
}

fn run(knobs: &Knobs, setup: &Setup) -> Recording {
    let mut lab = Lab::new(setup.seed, &setup.interventions);
    let client = lab.host("client").at(0, 0).address("10.0.1.1/24").add();
    let server = lab.host("server").at(2, 0).address("10.0.1.2/24").add();
    let switch = lab.switch("sw").at(1, 0);
    let nth = u32::try_from(knobs.number("message")).expect("the knob's limit is small");
    let switch = match fault(knobs.choice("fault")) {
        Some(fault) => switch.fault(fault, nth).add(),
        None => switch.add(),
    };
    let link = LinkOptions::default().delay(knobs.time("rtt") / 4);
    lab.link(client, switch, link.clone());
    lab.link(switch, server, link);
    lab.introduce_everybody();
    let at = SocketAddr::new(lab.address(server), PORT);
    let (client, server, booked) = (lab.net(client), lab.net(server), Booked::default());
    let ended = lab.run(async {
        let listener = server.listen(at).await.expect("a new host has every port free");
        let (own, book) = (server.clone(), Rc::clone(&booked));
        server.spawn(async move { drop(book_all(&own, listener, &book).await) });
        if within(&client, PATIENCE, pay(&client, at)).await.is_none_or(|outcome| outcome.is_err()) {
            client.note("the client gave up: no confirmation came");
        }
    });
    let mut recording = lab.finish(setup.run_of(&DEMO, knobs));
    note_end(&mut recording, ended);
    found::found(&recording, &booked.borrow()).into(&mut recording);
    recording
}

fn fault(word: &str) -> Option<Fault> {
    match word {
        "one-bit" => Some(Fault::OneBit),
        "swapped-words" => Some(Fault::SwappedWords),
        "twice" => Some(Fault::Twice),
        "overtaken" => Some(Fault::Overtaken),
        _ => None,
    }
}

/// Sends the payments at their pace and waits until the server has closed.
async fn pay<N: Net>(net: &N, at: SocketAddr) -> std::io::Result<()> {
    let mut stream = net.connect(at).await?;
    for number in 1..=MESSAGES {
        stream.write_all(&payment(number)).await?;
        net.sleep(INTERVAL).await;
    }
    stream.shutdown().await?;
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

/// Books every line as it comes.
async fn book_all(net: &LabNet, listener: impl Listener, booked: &Booked) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let (mut rest, mut buffer) = (Vec::new(), [0; 1024]);
    loop {
        let got = stream.read(&mut buffer).await?;
        if got == 0 {
            return Ok(());
        }
        rest.extend_from_slice(&buffer[..got]);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            net.note(format!("booked: {}", String::from_utf8_lossy(line.trim_ascii_end())));
            booked.borrow_mut().push((net.now(), line));
        }
    }
}
