//! Chromium without a screen opens the site: over HTTP/2 and over HTTP/3, trusting the lab's authority as a user would have it trust.
use serde_json::Value;

use crate::lab::{Lab, Ran, run, run_in};

/// By the names that packages give it.
const PROGRAMS: [&str; 3] = ["chromium-headless-shell", "chromium", "google-chrome"];

/// A user with a home of his own.
struct User<'a> {
    lab: &'a Lab,
    home: tempfile::TempDir,
}

impl<'a> User<'a> {
    /// One who trusts the lab's authority: its certificate is in the user's database, as `lab up` says it.
    fn trusting(lab: &'a Lab) -> Self {
        let user = Self::new(lab);
        let folder = user.home.path().join(".pki/nssdb");
        std::fs::create_dir_all(&folder).expect("room on the disk");
        let (base, ca) = (format!("sql:{}", folder.display()), lab.ca());
        let tool = ("certutil", "libnss3-tools");
        let made = run(tool, &["-d", &base, "-N", "--empty-password"], "");
        assert_eq!(made.code, Some(0), "{}", made.all());
        let added = run(tool, &["-d", &base, "-A", "-t", "C,,", "-n", "roundtrip-lab", "-i", &ca], "");
        assert_eq!(added.code, Some(0), "{}", added.all());
        user
    }

    fn new(lab: &'a Lab) -> Self {
        Self { lab, home: tempfile::tempdir().expect("a folder") }
    }

    /// Opens a page of the site under a name, and gives the document as it then stands.
    fn open(&self, name: &str, more: &[&str]) -> Ran {
        let is_there = |it: &&&str| run(("which", "debianutils"), &[it], "").code == Some(0);
        let program = PROGRAMS.iter().find(is_there);
        let program = program.expect("Chromium is needed (Debian: sudo apt-get install chromium-headless-shell)");
        let home = self.home.path().display().to_string();
        let profile = format!("--user-data-dir={home}/profile");
        let url = format!("https://{name}:{}/", self.lab.server("site").port());
        // As root it does without its sandbox only; these names are nobody's, and nothing leaves this machine.
        let common = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-proxy-server",
            "--host-resolver-rules=MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            &profile,
            "--dump-dom",
        ];
        run_in(&[("HOME", &home)], (program, "chromium"), &[&common[..], more, &[&url]].concat(), "")
    }
}

/// How the page says that it came.
fn way(ran: &Ran) -> Value {
    let inside = ran.out.split_once("<pre id=\"way\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (text, _) = inside.unwrap_or_else(|| panic!("not our page:\n{}", ran.all()));
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn it_opens_the_page_over_http_2_once_it_trusts_the_authority() {
    let lab = Lab::up();
    let way = way(&User::trusting(&lab).open("localhost", &[]));
    assert_eq!((&way["http"], &way["tls"], &way["alpn"]), (&"2".into(), &"TLS 1.3".into(), &"h2".into()), "{way}");
    assert_eq!(way["early"], false);
    // A browser of today brings a post-quantum key share, and our server takes it.
    assert_eq!(way["group"], "X25519MLKEM768", "{way}");
}

#[test]
fn it_opens_the_page_over_http_3() {
    let lab = Lab::up();
    let origin = format!("--origin-to-force-quic-on=www.shop.example:{}", lab.server("site").port());
    let way = way(&User::trusting(&lab).open("www.shop.example", &[&origin]));
    assert_eq!((&way["http"], &way["alpn"]), (&"3".into(), &"h3".into()), "{way}");
}

#[test]
fn it_refuses_who_is_not_trusted_and_who_has_another_name() {
    let lab = Lab::up();
    let strange = User::new(&lab).open("www.shop.example", &[]);
    assert!(strange.err.contains("ERR_CERT_AUTHORITY_INVALID"), "{}", strange.all());
    let wrong = User::trusting(&lab).open("other.example", &[]);
    assert!(wrong.err.contains("ERR_CERT_COMMON_NAME_INVALID"), "{}", wrong.all());
}
