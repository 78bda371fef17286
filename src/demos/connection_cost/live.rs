//! The live side: connections over loopback, threads and tasks of this process, measured by what Linux says they take.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::demos::findings::Findings;
use crate::demos::live::{Live, Script, Stand};
use crate::net::Net;
use crate::net::host::crowd::{Connections, Threads};
use crate::net::host::usage::{Sockets, Usage};
use crate::quantity::{Quantity, Unit};
use crate::recording::{Recording, Time};

pub(super) const LIVE: Live = Live {
    nodes: ["client", "server"],
    port: super::SERVER.1,
    looks_up: false,
    trusts: false,
    words: &[],
    lab: |_| {},
    knobs: &["connections", "threads"],
    curves: &[],
    limit: Duration::from_secs(20),
    script,
};

/// What is left in each connection's queue to see what it costs.
const QUEUED: usize = 4000;
/// Tasks are so small that many are needed to see any.
const TASKS: u64 = 10_000;

/// What was there at one instant.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Time,
    process: Usage,
    sockets: Sockets,
}

impl Reading {
    fn now<N: Net>(net: &N) -> io::Result<Self> {
        Ok(Self { at: net.now(), process: Usage::read()?, sockets: Sockets::read()? })
    }
}

/// Everything that was read, with how many there were of each.
#[derive(Clone, Debug)]
struct Measured {
    before: Reading,
    open: Reading,
    filled: Reading,
    connections: u64,
    listened: SocketAddr,
    refused: Option<String>,
    calm: Reading,
    threads: u64,
    with_threads: Reading,
    quiet: Reading,
    with_tasks: Reading,
}

impl Measured {
    /// Every reading in its order, with what had just been done.
    fn readings(&self) -> [(&Reading, String); 7] {
        [
            (&self.before, "nothing is open yet".to_owned()),
            (&self.open, format!("{} connections are open, both ends here", self.connections)),
            (&self.filled, format!("{QUEUED} B wait unread in each")),
            (&self.calm, "the connections are closed".to_owned()),
            (&self.with_threads, format!("{} threads wait", self.threads)),
            (&self.quiet, "the threads have ended".to_owned()),
            (&self.with_tasks, format!("{TASKS} tasks wait")),
        ]
    }
}

fn script(stand: Stand) -> Script {
    let measured = Rc::<RefCell<Option<Measured>>>::default();
    let told = Rc::clone(&measured);
    let play = Box::pin(async move {
        *told.borrow_mut() = Some(measure(&stand).await?);
        Ok(())
    });
    let found = move |recording: &mut Recording| {
        if let Some(measured) = measured.borrow().as_ref() {
            if let Some(live) = &mut recording.run.live {
                live.address = measured.listened;
            }
            found(measured).into(recording);
        }
    };
    Script { play, found: Box::new(found) }
}

async fn measure(stand: &Stand) -> io::Result<Measured> {
    let (net, pause) = (&stand.client, Duration::from_millis(30));
    let before = Reading::now(net)?;
    let mut connections = Connections::open(super::count(&stand.knobs, "connections"))?;
    let open = Reading::now(net)?;
    connections.fill(QUEUED)?;
    // The other end's kernel takes the bytes in when it is its turn.
    net.sleep(pause).await;
    let (filled, count, listened) = (Reading::now(net)?, connections.count() as u64, connections.at);
    let refused = connections.refused.as_ref().map(ToString::to_string);
    drop(connections);
    net.sleep(pause).await;
    let calm = Reading::now(net)?;
    let threads = Threads::start(super::count(&stand.knobs, "threads"));
    let (with_threads, thread_count) = (Reading::now(net)?, threads.count() as u64);
    drop(threads);
    let quiet = Reading::now(net)?;
    for _ in 0..TASKS {
        let own = net.clone();
        net.spawn(async move { own.sleep(Duration::from_secs(60)).await });
    }
    net.sleep(pause).await;
    Ok(Measured {
        before,
        open,
        filled,
        connections: count,
        listened,
        refused,
        calm,
        threads: thread_count,
        with_threads,
        quiet,
        with_tasks: Reading::now(net)?,
    })
}

/// What one of `count` took of the difference; nothing when it became less.
fn each(before: u64, after: u64, count: u64) -> Option<usize> {
    usize::try_from(after.saturating_sub(before).checked_div(count)?).ok()
}

fn found(it: &Measured) -> Findings {
    let mut findings = Findings::default();
    connections(&mut findings, it);
    threads(&mut findings, it);
    curves(&mut findings, it);
    let [began, second, third, last] = [&it.before, &it.calm, &it.quiet, &it.with_tasks].map(|it| it.at);
    findings.mark_at("connections", "connections are opened", Some(began), None);
    findings.mark_at("threads", "threads are started", Some(second), None);
    findings.mark_at("tasks", "tasks are started", Some(third), None);
    findings.span_at("this machine", "connections".to_owned(), began, second);
    findings.span_at("this machine", "threads".to_owned(), second, third);
    findings.span_at("this machine", "tasks".to_owned(), third, last);
    if let Some(why) = &it.refused {
        let limit = it.open.process.descriptor_limit;
        let text = format!(
            "after {} connections the system gave no more: {why}; the limit is {limit} descriptors",
            it.connections
        );
        findings.note(began, 0, text);
    }
    findings
}

/// What was read, over time; each reading with a word on what had been done.
fn curves(findings: &mut Findings, it: &Measured) {
    let readings = it.readings();
    let points = |value: fn(&Reading) -> u64| {
        let point = |(it, _): &(&Reading, String)| (it.at, i64::try_from(value(it)).unwrap_or(i64::MAX));
        readings.iter().map(point).collect()
    };
    findings.curve("descriptors of this process", Unit::Count, points(|it| it.process.descriptors));
    findings.curve("memory of this process", Unit::Bytes, points(|it| it.process.resident));
    findings.curve("queued bytes charged to TCP", Unit::Bytes, points(|it| it.sockets.memory));
    for (reading, done) in &readings {
        findings.note(reading.at, 0, done.clone());
    }
}

fn connections(findings: &mut Findings, it: &Measured) {
    let (before, open, filled, count) = (&it.before, &it.open, &it.filled, it.connections);
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    findings.count(
        "connections_open",
        "connections opened over loopback",
        number(count),
        "both ends are in this process; closed again at once",
    );
    findings.count(
        "descriptors",
        "descriptors they took",
        number(open.process.descriptors.saturating_sub(before.process.descriptors)),
        "/proc/self/fd after and before: one for each end",
    );
    findings.count(
        "descriptor_limit",
        "descriptors this process may have",
        number(open.process.descriptor_limit),
        "the soft limit in /proc/self/limits; `ulimit -Sn 64` before the start lowers it, and shows EMFILE",
    );
    findings.count(
        "sockets",
        "TCP sockets of this machine meanwhile",
        number(open.sockets.in_use),
        "`inuse` in /proc/net/sockstat",
    );
    let bytes = |text: &str, label: &str, value: Option<usize>, how: &str, findings: &mut Findings| {
        findings.measure(text, label, value.map(Quantity::bytes), how);
    };
    let ends = count * 2;
    bytes(
        "queue_idle",
        "queued bytes charged to an idle socket",
        each(before.sockets.memory, open.sockets.memory, ends),
        "`mem` in /proc/net/sockstat, in pages, after less before / sockets: buffers are limits, not memory",
        findings,
    );
    let how = format!("the same with {QUEUED} B in each connection that nobody has read / connections");
    bytes(
        "queue_filled",
        "charged to a connection with unread bytes",
        each(open.sockets.memory, filled.sockets.memory, count),
        &how,
        findings,
    );
    bytes(
        "process_per_connection",
        "of this process for a connection",
        each(before.process.resident, open.process.resident, count),
        "VmRSS after less before / connections: the kernel's own structures are not in it",
        findings,
    );
}

fn threads(findings: &mut Findings, it: &Measured) {
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let (calm, with) = (&it.calm.process, &it.with_threads.process);
    findings.count(
        "threads_started",
        "threads started",
        number(it.threads),
        "each waits on a lock until all are counted",
    );
    let bytes = |value: Option<usize>| value.map(Quantity::bytes);
    findings.measure(
        "thread_reserved",
        "addresses reserved for a thread",
        bytes(each(calm.reserved, with.reserved, it.threads)),
        "VmSize after less before / threads: the stack (2 MB in Rust) and what malloc sets aside; no memory yet",
    );
    findings.measure(
        "thread_resident",
        "memory a thread has touched",
        bytes(each(calm.resident, with.resident, it.threads)),
        "VmRSS after less before / threads",
    );
    let (quiet, tasks) = (&it.quiet.process, &it.with_tasks.process);
    findings.measure(
        "task_resident",
        "memory of a task that waits",
        bytes(each(quiet.resident, tasks.resident, TASKS)),
        format!("VmRSS after less before / {TASKS} tasks of an event loop, each with a timer"),
    );
}
