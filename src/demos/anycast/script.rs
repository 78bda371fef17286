//! Questions from both sides, a connection that stays open, and a place that goes away.
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{LENGTH, SHARED, World};
use crate::lab::LabNet;
use crate::net::Net as _;
use crate::recording::Time;
use crate::services::within;

const SERVICE: ([u8; 4], u16) = ([192, 0, 2, 1], 7100);
/// When the event comes.
pub(super) const EVENT: Duration = Duration::from_secs(2);
/// From the move to place A's return.
const AWAY: Duration = Duration::from_secs(4);

/// A question by UDP, and which place answered after how long.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) at: Time,
    pub(super) answer: Option<(String, Duration)>,
}

/// What both clients saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) west: Rc<RefCell<Vec<Asked>>>,
    pub(super) east: Rc<RefCell<Vec<Asked>>>,
    /// Which place west's connections were with, from when to when, and how they ended.
    pub(super) connections: Rc<RefCell<Vec<Connection>>>,
    pub(super) event: Cell<Option<Time>>,
    pub(super) moved: Cell<Option<Time>>,
    pub(super) returned: Cell<Option<Time>>,
    /// The clients stop asking.
    over: Rc<Cell<bool>>,
}

#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) place: Option<String>,
    pub(super) from: Time,
    pub(super) broke: Option<(Time, ErrorKind)>,
}

/// The script's own knobs.
pub(super) struct Script {
    pub(super) event: &'static str,
    pub(super) convergence: Duration,
    pub(super) returns: bool,
    pub(super) near: bool,
    pub(super) interval: Duration,
    pub(super) round_trip: Duration,
}

impl Script {
    pub(super) async fn play(&self, world: &World, seen: &Seen) {
        for (net, name) in world.places.iter().zip(["A", "B"]) {
            serve(net, name).await;
        }
        let patience = self.round_trip * 2 + Duration::from_millis(100);
        for (net, log) in [(&world.west, &seen.west), (&world.east, &seen.east)] {
            net.spawn(ask(net.clone(), (Rc::clone(log), Rc::clone(&seen.over)), self.interval, patience));
        }
        let log = (Rc::clone(&seen.connections), Rc::clone(&seen.over));
        world.west.spawn(hold(world.west.clone(), log, self.interval));
        world.west.sleep(EVENT).await;
        if self.event != "none" {
            self.change(world, seen).await;
        }
        world.west.sleep(LENGTH).await;
        seen.over.set(true);
        world.west.sleep(self.interval + patience).await;
        if seen.west.borrow().iter().chain(seen.east.borrow().iter()).all(|it| it.answer.is_none()) {
            world.west.note("no place answered anybody: the clients gave up");
        }
    }

    /// The place goes away; routing follows when it has heard of it.
    async fn change(&self, world: &World, seen: &Seen) {
        let World { west, control, r1, core, a, .. } = world;
        seen.event.set(Some(west.now()));
        if self.event == "fails" {
            control.link_down(*r1, *a);
        } else {
            west.note("place A is drained: its announcement is taken back, and it still answers who comes");
        }
        west.sleep(self.convergence).await;
        control.withdraw_route(*r1, SHARED);
        seen.moved.set(Some(west.now()));
        if !self.returns || !self.near {
            return;
        }
        west.sleep(AWAY).await;
        if self.event == "fails" {
            control.link_up(*r1, *a);
        }
        control.add_local_route(*r1, SHARED, 1);
        control.show_routes(*core);
        seen.returned.set(Some(west.now()));
    }
}

/// A place: it answers datagrams and connections with its name.
async fn serve(net: &LabNet, name: &'static str) {
    let any = SocketAddr::from(([0, 0, 0, 0], SERVICE.1));
    let socket = net.bind(any).await.expect("a new host has every port free");
    let listener = net.listen(any).await.expect("a new host has every port free");
    net.spawn(async move {
        let mut buffer = [0; 16];
        while let Ok((_, from)) = socket.receive(&mut buffer).await {
            drop(socket.send_to(name.as_bytes(), from).await);
        }
    });
    let own = net.clone();
    net.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            own.spawn(async move {
                let mut buffer = [0; 16];
                while let Ok(1..) = stream.read(&mut buffer).await {
                    if stream.write_all(name.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
}

/// One question after the other, each from a new socket.
async fn ask(
    net: LabNet,
    (log, over): (Rc<RefCell<Vec<Asked>>>, Rc<Cell<bool>>),
    interval: Duration,
    patience: Duration,
) {
    while !over.get() {
        let at = net.now();
        let answer = question(&net, patience).await;
        log.borrow_mut().push(Asked { at, answer: answer.map(|place| (place, net.now() - at)) });
        net.sleep(interval.saturating_sub(net.now() - at)).await;
    }
}

async fn question(net: &LabNet, patience: Duration) -> Option<String> {
    let socket = net.bind(SocketAddr::from(([0, 0, 0, 0], 0))).await.ok()?;
    socket.send_to(b"who is there?", SERVICE.into()).await.ok()?;
    let mut buffer = [0; 16];
    let (length, _) = within(net, patience, socket.receive(&mut buffer)).await?.ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Keeps a connection open and asks over it; opens another when it breaks.
async fn hold(net: LabNet, (log, over): (Rc<RefCell<Vec<Connection>>>, Rc<Cell<bool>>), interval: Duration) {
    while !over.get() {
        let index = log.borrow().len();
        log.borrow_mut().push(Connection { place: None, from: net.now(), broke: None });
        let ended = talk(&net, |place| log.borrow_mut()[index].place = Some(place), (interval, &over)).await;
        if over.get() {
            return;
        }
        let kind = ended.err().map_or(ErrorKind::UnexpectedEof, |it| it.kind());
        log.borrow_mut()[index].broke = Some((net.now(), kind));
        net.note(format!("the connection broke: {kind}"));
        net.sleep(interval).await;
    }
}

async fn talk(net: &LabNet, mut met: impl FnMut(String), (interval, over): (Duration, &Cell<bool>)) -> io::Result<()> {
    let mut stream = net.connect(SERVICE.into()).await?;
    let mut buffer = [0; 16];
    while !over.get() {
        stream.write_all(b"still you?").await?;
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        met(String::from_utf8_lossy(&buffer[..length]).into_owned());
        net.sleep(interval).await;
    }
    Ok(())
}
