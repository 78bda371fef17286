//! The pool's settings as other programs read them, with the values of the run.
use crate::demos::{Export, Knobs};
use crate::recording::Recording;

pub(super) const ALL: &[Export] = &[
    Export {
        name: "hikaricp",
        about: "application.properties for HikariCP (Spring Boot), with this run's pool",
        extension: "properties",
        write: hikaricp,
    },
    Export {
        name: "pgbouncer",
        about: "pgbouncer.ini: the external pool in front of PostgreSQL",
        extension: "ini",
        write: pgbouncer,
    },
    Export { name: "reqwest", about: "an HTTP client's pool in Rust (reqwest)", extension: "rs", write: reqwest },
];

/// Milliseconds of a time knob.
fn millis(knobs: &Knobs, name: &str) -> u128 {
    knobs.time(name).as_millis()
}

/// What the numbers come from, one comment line each.
fn origin(run: &Recording, mark: &str) -> String {
    let number =
        |name: &str| run.measurement(name).map(|it| format!("{mark} {}: {} ({})\n", it.label, it.value, it.how));
    ["pool_by_little", "knee", "wait_p99", "utilisation"].iter().filter_map(|name| number(name)).collect()
}

fn hikaricp(knobs: &Knobs, run: &Recording) -> String {
    // HikariCP ignores less than 30 s of lifetime and 10 s of idling, and needs 250 ms to wait.
    let lifetime = match millis(knobs, "max-lifetime") {
        0 => 0,
        given => given.max(30_000),
    };
    let idle = match millis(knobs, "idle-timeout") {
        0 => 0,
        given => given.max(10_000),
    };
    format!(
        "{}spring.datasource.hikari.maximum-pool-size={}\nspring.datasource.hikari.minimum-idle={}\n\
         spring.datasource.hikari.connection-timeout={}\nspring.datasource.hikari.idle-timeout={idle}\n\
         # a few seconds below the shortest limit of database, proxy and firewall; 0 is no limit\n\
         spring.datasource.hikari.max-lifetime={lifetime}\n\
         spring.datasource.hikari.leak-detection-threshold=2000\n",
        origin(run, "#"),
        knobs.number("pool"),
        knobs.number("min").min(knobs.number("pool")),
        millis(knobs, "wait").max(250),
    )
}

fn pgbouncer(knobs: &Knobs, run: &Recording) -> String {
    let seconds = |name: &str| millis(knobs, name).div_ceil(1000);
    // 0 would mean to pgbouncer: use each connection once.
    let lifetime = match seconds("max-lifetime") {
        0 => "; server_lifetime is left at its default, 3600 s\n".to_owned(),
        given => format!("server_lifetime = {given}\n"),
    };
    format!(
        "{}[pgbouncer]\npool_mode = transaction\ndefault_pool_size = {}\nmin_pool_size = {}\n\
         ; clients that may be connected: many wait for few server connections\nmax_client_conn = 1000\n\
         query_wait_timeout = {}\nserver_idle_timeout = {}\n{}",
        origin(run, ";"),
        knobs.number("pool"),
        knobs.number("min").min(knobs.number("pool")),
        seconds("wait").max(1),
        seconds("idle-timeout"),
        lifetime,
    )
}

fn reqwest(knobs: &Knobs, run: &Recording) -> String {
    let idle = match millis(knobs, "idle-timeout") {
        0 => "None".to_owned(),
        given => format!("Duration::from_millis({given})"),
    };
    format!(
        "{}// reqwest limits idle connections only; a semaphore limits those in use, and its wait.\n\
         let client = reqwest::Client::builder()\n    .pool_max_idle_per_host({pool})\n    .pool_idle_timeout({idle})\n    .build()?;\n\
         let places = tokio::sync::Semaphore::new({pool});\n\
         let _place = tokio::time::timeout(Duration::from_millis({}), places.acquire()).await??;\n",
        origin(run, "//"),
        millis(knobs, "wait"),
        pool = knobs.number("pool"),
    )
}
