//! The script that the demo hpack writes for curl, run by curl: the same fields as often over one connection, and what they cost.
use std::collections::BTreeMap;
use std::fs;

use roundtrip::demos::{self, Setup, export};
use roundtrip::wire::Field;
use roundtrip::wire::opened::Opened;

use crate::lab::{Lab, run_in};
use crate::nghttp::find;
use crate::tap::Tap;

const REQUESTS: usize = 5;

/// The requests' frames: length, and each field with how it was written.
fn requests(opened: &Opened) -> Vec<(usize, Vec<(String, String)>)> {
    let ours = opened.units().iter().filter(|it| !it.from_server);
    let layers = ours.flat_map(|it| &it.decoded.layers);
    let frame = |fields: &[Field]| {
        find(fields, "http2.type").filter(|it| it.meaning == "HEADERS")?;
        let length = find(fields, "http2.length")?.value.split(' ').next()?.parse().ok()?;
        let mut written = Vec::new();
        collect(fields, &mut written);
        Some((length, written))
    };
    layers.filter_map(|it| frame(&it.fields)).collect()
}

fn collect(fields: &[Field], written: &mut Vec<(String, String)>) {
    for field in fields {
        if field.name == "http2.header" {
            written.push((field.value.clone(), field.meaning.clone()));
        }
        collect(&field.parts, written);
    }
}

#[test]
fn curl_says_the_fields_once_and_names_them_by_a_number_after_that() {
    let settings = BTreeMap::from([("requests".to_owned(), REQUESTS.to_string())]);
    let ours = demos::run("hpack", &settings, &Setup { seed: 1, ..Setup::default() }).expect("values of the knobs");
    let script = export::write("curl", &ours).expect("it has one");
    let lab = Lab::up();
    let tap = Tap::before(lab.server("site"));
    fs::write(lab.path("hpack.sh"), &script).expect("a folder of the test's own");
    let site = format!("https://localhost:{}", tap.at.port());
    let ca = lab.ca();
    let ran = run_in(&[("CURL_CA_BUNDLE", &ca)], ("sh", "dash"), &[&lab.file("hpack.sh"), &site], "");
    assert_eq!(ran.code, Some(0), "{}", ran.all());
    let requests = requests(&tap.open(&lab.keys().join("\n")));
    assert_eq!(requests.len(), REQUESTS, "all of them over the first connection: {}", ran.all());
    let fields = script.lines().filter_map(|it| it.trim().strip_prefix("-H '")?.strip_suffix("' \\"));
    let fields: Vec<&str> = fields.collect();
    assert!(fields.iter().any(|it| it.starts_with("cookie: ")) && fields.len() > 5, "{script}");
    for (_, said) in &requests {
        assert!(fields.iter().all(|field| said.iter().any(|it| it.0 == *field)), "{said:?}");
        // What the script says of curl.
        let token = said.iter().find(|it| it.0.starts_with("authorization: ")).expect("the token");
        assert_eq!(token.1, "never to be remembered");
    }
    let sizes: Vec<usize> = requests.iter().map(|it| it.0).collect();
    assert!(sizes[1] * 3 < sizes[0] && sizes[2..].iter().all(|it| *it == sizes[1]), "{sizes:?}");
}
