//! A TCP echo server to complete (Lab 1B).
//!
//! It starts, listens and echoes: once, for one client at a time. That is enough for a first try and for nothing else.
//! Mend it until `roundtrip grade tcp-echo --port 7000` finds all seven:
//!   1. partial reads   every byte comes back, however the client cuts its stream
//!   2. large writes    nothing is lost when the send buffer is full because the client reads slowly
//!   3. half-close      after the client's FIN everything is still echoed, then the connection is closed
//!   4. end of file     when the client has closed its side, so does the server: no leak, no busy loop
//!   5. reset           a client that aborts does no harm: the next one is served
//!   6. concurrent      a client that says nothing keeps nobody waiting
//!   7. idle timeout    a client that is silent for --idle seconds is disconnected
//!
//! rustc --edition 2021 -O echo.rs -o echo-rust && ./echo-rust --port 7000
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let port = u16::try_from(option("--port", 7000)).expect("a port is at most 65535");
    let idle = Duration::from_secs(option("--idle", 5));
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (client, _) = listener.accept()?;
        serve(client, idle)?;
    }
}

/// Serves one client.
fn serve(mut client: TcpStream, _idle: Duration) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    let count = client.read(&mut buffer)?;
    let _sent = client.write(&buffer[..count])?;
    Ok(())
}

/// The number behind `--name`, or `default`.
fn option(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|it| it != name);
    arguments.nth(1).map_or(default, |text| text.parse().expect("a number after the option"))
}
