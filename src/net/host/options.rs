//! Socket options on this machine's sockets. What the system does not do is an error that says what it does.
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::net::{Congestion, KeepAlive, SocketOptions};

/// A TCP socket for a connection to, or a listener at, this address; it does not block.
pub(super) fn socket(address: SocketAddr, options: SocketOptions) -> Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    set(&socket, options)?;
    Ok(socket)
}

fn set(socket: &Socket, options: SocketOptions) -> Result<()> {
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
        fits("SO_RCVBUF", "net.core.rmem_max", bytes, socket.recv_buffer_size()?)?;
    }
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
        fits("SO_SNDBUF", "net.core.wmem_max", bytes, socket.send_buffer_size()?)?;
    }
    if let Some(keepalive) = options.keepalive {
        keep_alive(socket, keepalive)?;
    }
    if let Some(timeout) = options.user_timeout {
        user_timeout(socket, timeout)?;
    }
    options.congestion.map_or(Ok(()), |congestion| congestion_control(socket, congestion))
}

/// Linux takes any size and then gives less: twice what was asked for, the half of it for its own use (socket(7)).
fn fits(option: &str, limit: &str, asked: usize, got: usize) -> Result<()> {
    let got = if cfg!(target_os = "linux") { got / 2 } else { got };
    if got >= asked {
        return Ok(());
    }
    Err(unsupported(format!("{option}: {asked} bytes were asked for, this system gives {got} at most ({limit})")))
}

fn keep_alive(socket: &Socket, asked: KeepAlive) -> Result<()> {
    for (name, time) in [("TCP_KEEPIDLE", asked.idle), ("TCP_KEEPINTVL", asked.interval)] {
        if time.subsec_nanos() != 0 || time.is_zero() {
            return Err(unsupported(format!("{name} counts whole seconds from 1; {time:?} was asked for")));
        }
    }
    let params = TcpKeepalive::new().with_time(asked.idle).with_interval(asked.interval).with_retries(asked.probes);
    socket.set_tcp_keepalive(&params).map_err(|error| named("SO_KEEPALIVE", &error))
}

#[cfg(target_os = "linux")]
fn user_timeout(socket: &Socket, timeout: Duration) -> Result<()> {
    socket.set_tcp_user_timeout(Some(timeout)).map_err(|error| named("TCP_USER_TIMEOUT", &error))
}

#[cfg(not(target_os = "linux"))]
fn user_timeout(_: &Socket, _: Duration) -> Result<()> {
    Err(unsupported("TCP_USER_TIMEOUT: this system has no such option; Linux has".to_owned()))
}

#[cfg(target_os = "linux")]
fn congestion_control(socket: &Socket, congestion: Congestion) -> Result<()> {
    let name = match congestion {
        Congestion::Cubic => "cubic",
        Congestion::NewReno => "reno",
        Congestion::Bbr => "bbr",
    };
    socket.set_tcp_congestion(name.as_bytes()).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            let have = "`sysctl net.ipv4.tcp_available_congestion_control` says what it has";
            unsupported(format!("TCP_CONGESTION: this system has no `{name}`; {have}"))
        }
        ErrorKind::PermissionDenied => {
            let may = "`sysctl net.ipv4.tcp_allowed_congestion_control` says what everybody may use";
            unsupported(format!("TCP_CONGESTION: this system gives `{name}` to root only; {may}"))
        }
        _ => named("TCP_CONGESTION", &error),
    })
}

#[cfg(not(target_os = "linux"))]
fn congestion_control(_: &Socket, _: Congestion) -> Result<()> {
    Err(unsupported("TCP_CONGESTION: this system has no such option; Linux has".to_owned()))
}

fn named(option: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("{option}: {error}"))
}

fn unsupported(text: String) -> Error {
    Error::new(ErrorKind::Unsupported, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(options: SocketOptions) -> Result<Socket> {
        socket(SocketAddr::from(([127, 0, 0, 1], 0)), options)
    }

    #[test]
    fn what_is_asked_for_is_set_on_the_socket() {
        let keepalive = KeepAlive { idle: Duration::from_secs(5), interval: Duration::from_secs(2), probes: 3 };
        let options =
            SocketOptions { receive_buffer: Some(20_000), keepalive: Some(keepalive), ..SocketOptions::default() };
        let socket = made(options).expect("every system has these");
        assert!(socket.recv_buffer_size().expect("a size") >= 20_000);
        assert!(socket.keepalive().expect("a switch"));
        assert_eq!(socket.tcp_keepalive_time().expect("a time"), Duration::from_secs(5));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_sets_the_user_timeout_and_the_congestion_control() {
        let user_timeout = Some(Duration::from_millis(1500));
        let options = SocketOptions { user_timeout, congestion: Some(Congestion::NewReno), ..SocketOptions::default() };
        let socket = made(options).expect("every Linux has reno");
        assert_eq!(socket.tcp_user_timeout().expect("a time"), user_timeout);
        let name = socket.tcp_congestion().expect("a name");
        assert_eq!(String::from_utf8_lossy(&name).trim_end_matches('\0'), "reno");
    }

    #[test]
    fn what_the_system_does_not_do_is_unsupported_and_says_so() {
        let half = KeepAlive { idle: Duration::from_millis(500), ..KeepAlive::default() };
        let refused = [
            (SocketOptions { keepalive: Some(half), ..SocketOptions::default() }, "whole seconds"),
            (
                SocketOptions { receive_buffer: Some(1 << 30), ..SocketOptions::default() },
                "SO_RCVBUF: 1073741824 bytes",
            ),
            (SocketOptions { send_buffer: Some(1 << 30), ..SocketOptions::default() }, "SO_SNDBUF: 1073741824 bytes"),
        ];
        for (options, says) in refused {
            let error = made(options).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
