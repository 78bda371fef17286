//! The chain of a run for other programs: its certificates, and the commands that check them.
use std::fmt::Write as _;

use super::{NAME, faulty};
use crate::demos::{Export, Knobs};
use crate::lab::Lab;
use crate::quantity::Quantity;
use crate::recording::Recording;
use crate::services::tls::{Faulty, Ground, LAB_BEGINS, pem};

pub(super) const ALL: &[Export] = &[
    Export {
        name: "chain",
        about: "the certificates the server sends, as PEM",
        extension: "pem",
        write: |knobs, run| certificates(knobs, run).identity.pem(),
    },
    Export {
        name: "root",
        about: "the authority the client trusts, as PEM",
        extension: "pem",
        write: |knobs, run| pem("CERTIFICATE", &certificates(knobs, run).root),
    },
    Export {
        name: "crl",
        about: "the issuer's list of revoked certificates, as PEM",
        extension: "pem",
        write: |knobs, run| pem("X509 CRL", &certificates(knobs, run).lists[0]),
    },
    Export {
        name: "openssl",
        about: "the commands that check these files, and a server of one's own",
        extension: "sh",
        write: commands,
    },
];

/// The certificates are made again from the run's seed: they are the same.
fn certificates(knobs: &Knobs, run: &Recording) -> Faulty {
    let mut lab = Lab::new(run.run.seed, &[]);
    let host = lab.host("client").address("10.0.0.1/24").add();
    faulty(&Ground::lab(&lab.net(host), run.run.seed), knobs)
}

fn commands(knobs: &Knobs, run: &Recording) -> String {
    let at = LAB_BEGINS;
    let lists = if knobs.choice("revocation") == "crl" { " -crl_check -CRLfile crl.pem" } else { "" };
    let bytes = run.measurement("chain_bytes").map_or(Quantity::bytes(0), |it| it.value);
    let mut text = String::new();
    write!(
        text,
        "# chain.pem: what the server sends ({bytes} as DER), root.pem: whom the client trusts, crl.pem: its issuer's list.\n\
         # The lab's calendar stands at 2026-01-01 12:00 UTC: -attime says so.\n\
         openssl verify -attime {at} -purpose sslserver -verify_hostname {NAME}{lists} \\\n  \
         -trusted root.pem -untrusted chain.pem chain.pem\n\
         \n\
         # What is in it: subject, issuer, dates, names, purposes.\n\
         openssl x509 -in chain.pem -noout -subject -issuer -dates -ext subjectAltName,extendedKeyUsage\n\
         \n\
         # The same of a server of one's own; Verify return code 0 is good.\n\
         openssl s_client -connect HOST:443 -servername HOST -verify_hostname HOST -showcerts </dev/null\n\
         curl -v https://HOST/ -o /dev/null\n"
    )
    .expect("a String takes all text");
    text
}
