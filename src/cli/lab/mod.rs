//! `lab up`: the lab's services on loopback of this machine, for other programs to ask.
mod acme;
mod dns;
mod files;
mod site;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::arguments::{ClientAuth, Options, Up};
use super::streams::print;
use super::{folders, start};
use crate::net::Net;
use crate::net::host::HostNet;
use crate::services::dns::dnssec::Date;
use crate::services::dns::encrypted::loopback as encrypted;
use crate::services::dns::loopback::{self, NotUp};
use crate::services::dns::signing::Signing;
use crate::services::site as web;
use crate::services::tls::{Authority, Clients, Ground, Leaf, Trusted};
use files::Files;

/// The name of the authority of all certificates.
const AUTHORITY: &str = "Roundtrip lab, this start only";
/// The name in the certificate that clients may show.
const CLIENT: &str = "learner.shop.example";

/// Serves until the process is ended.
pub(super) fn up(options: &Options, asked: &Up) -> anyhow::Result<ExitCode> {
    let files = Files::of(asked.ca.clone().map_or_else(|| folders::authority_file(options), Ok)?);
    let signing = Signing::new(options.seed.unwrap_or(start::SEED), today());
    if let Some(file) = &asked.anchor {
        files::write(file, &trust_anchors(&signing), "--anchor")?;
    }
    let ground = match &asked.key_log {
        Some(file) => Ground::system().writing_keys(files::key_log(file)?),
        None => Ground::system(),
    };
    let served = HostNet::run(async |net| {
        let told = serve(&net, options, asked, (&files, &signing, &ground)).await?;
        print(&told)?;
        loop {
            net.sleep(Duration::from_secs(3600)).await;
        }
    });
    served.context("this machine gives no sockets to wait on")?
}

/// Why a service is not up, and where something helps, what.
fn refused(error: NotUp, asked: &Up) -> anyhow::Error {
    let options = options_of(error.at.port(), asked);
    let option = options.first().copied().unwrap_or("--port");
    let NotUp { host, at, source } = &error;
    match source.kind() {
        ErrorKind::AddrInUse if options.len() > 1 => anyhow::anyhow!(
            "{host} cannot listen at {at}: {} name the same port; give each its own",
            options.join(" and ")
        ),
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "{host} cannot listen at {at}: another program does, perhaps `roundtrip lab up` in another window; end that one, \
             or choose another port with {option}"
        ),
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!(
                "{host} may not listen at {at}: choose a port from 1024 on with {option}; those below are root's"
            )
        }
        ErrorKind::AddrNotAvailable => anyhow::anyhow!(
            "{host} cannot listen at {at}: this machine's loopback does not have that address; it is up where `ping {}` is answered",
            at.ip()
        ),
        _ => error.into(),
    }
}

/// The options that chose this port.
fn options_of(port: u16, asked: &Up) -> Vec<&'static str> {
    let all = [
        ("--port", Some(asked.port)),
        ("--tls-port", Some(asked.tls_port)),
        ("--https-port", Some(asked.https_port)),
        ("--site-port", Some(asked.site_port)),
        ("--plain-port", Some(asked.plain_port)),
        ("--acme-port", asked.acme_port),
    ];
    all.into_iter().filter(|(_, it)| *it == Some(port)).map(|(option, _)| option).collect()
}

/// Starts everything; gives what there is to say about it.
async fn serve(
    net: &HostNet,
    options: &Options,
    asked: &Up,
    (files, signing, ground): (&Files, &Signing, &Ground),
) -> anyhow::Result<String> {
    let seed = options.seed.unwrap_or(start::SEED);
    let authority = Authority::over(ground, AUTHORITY, 1)?;
    let refused = |error| refused(error, asked);
    let (up, resolver) = loopback::start_signed(net, asked.port, seed, signing).await.map_err(refused)?;
    let ports = [asked.tls_port, asked.https_port];
    let secure = encrypted::start(net, &resolver, (ground, &authority), ports).await.map_err(refused)?;
    let clients = clients(asked, &authority, files)?;
    let (at, also) = (IpAddr::V4(Ipv4Addr::LOCALHOST), Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    let place = web::Place { at, also, port: asked.site_port, plain_port: asked.plain_port, clients };
    let site = web::start(net, (ground, &authority), &place).await.map_err(refused)?;
    let acme = match asked.acme_port {
        Some(port) => acme::told(
            acme::start(net, (ground, &authority), port, options.seed, asked).await.map_err(refused)?,
            &files::shown(&files.authority),
            asked,
        ),
        None => String::new(),
    };
    files::write(&files.authority, &authority.pem(), "--ca")?;
    let ca = files::shown(&files.authority);
    Ok(dns::servers(&up, asked.port)
        + &dns::encrypted(&secure, &ca)
        + &dns::keys(signing, asked.port)
        + &acme
        + &site::told(&site, files, asked))
}

/// Who the site's clients have to be; with what they can prove it, where they are asked.
fn clients(asked: &Up, authority: &Authority, files: &Files) -> anyhow::Result<Clients> {
    let Some(wanted) = asked.client_auth else { return Ok(Clients::Anybody) };
    let client = authority.sign(&Leaf::client(&[CLIENT])?)?;
    files::write(&files.client, &client.pem(), "--ca")?;
    files::write_secret(&files.client_key, &client.key_pem(), "--ca")?;
    let trusted = Trusted { authorities: vec![authority.certificate()], revoked: Vec::new() };
    Ok(match wanted {
        ClientAuth::Ask => Clients::Asked(trusted),
        ClientAuth::Demand => Clients::Proven(trusted),
    })
}

/// The second the signatures of the zones are made for.
fn today() -> Date {
    Date(u32::try_from(jiff::Timestamp::now().as_second() & 0xffff_ffff).expect("32 bits remain"))
}

/// The root's key as BIND's programs read it.
fn trust_anchors(signing: &Signing) -> String {
    let key = signing.anchor();
    let digest: String = key.digest().iter().map(|byte| format!("{byte:02X}")).collect();
    let (algorithm, hash) = (u8::from(key.algorithm()), u8::from(key.digest_type()));
    format!("trust-anchors {{\n    . static-ds {} {algorithm} {hash} \"{digest}\";\n}};\n", key.key_tag())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;

    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::{Arguments, Command, LabCommand};

    /// `lab up` with these options.
    fn asked(options: &[&str]) -> Up {
        let line = ["roundtrip", "lab", "up"].iter().chain(options);
        let parsed = Arguments::try_parse_from(line).expect("options it has");
        let Some(Command::Lab { what: LabCommand::Up(asked) }) = parsed.command else { panic!("{options:?}") };
        asked
    }

    #[test]
    fn an_address_that_could_not_be_had_says_which_option_chooses_another() {
        let told = |port: u16, source: io::Error, options: &[&str]| {
            let (host, at) = ("the web site".to_owned(), SocketAddr::from(([127, 0, 0, 1], port)));
            refused(NotUp { host, at, source }, &asked(options)).to_string()
        };
        let in_use = || io::Error::from(ErrorKind::AddrInUse);
        assert!(
            told(9443, in_use(), &[]).ends_with("choose another port with --site-port"),
            "{}",
            told(9443, in_use(), &[])
        );
        assert!(told(14_000, in_use(), &["--acme-port", "14000"]).ends_with("with --acme-port"));
        let twice = told(8853, in_use(), &["--https-port", "8853"]);
        assert!(twice.contains("--tls-port and --https-port name the same port"), "{twice}");
        let denied = told(80, ErrorKind::PermissionDenied.into(), &["--plain-port", "80"]);
        assert!(denied.contains("from 1024 on with --plain-port"), "{denied}");
        assert!(!told(9443, io::Error::other("no certificate"), &[]).contains("--"));
    }
}
