//! Gets the captures that come inside the sources of tcpdump and of Wireshark, as Debian keeps them; each archive by its hash.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A Debian source package and the archive in it that is wanted.
struct Archive {
    package: &'static str,
    file: &'static str,
    sha256: &'static str,
    /// What is taken out of it.
    members: &'static [&'static str],
}

const ARCHIVES: [Archive; 2] = [
    Archive {
        package: "tcpdump",
        file: "tcpdump_4.99.3.orig.tar.gz",
        sha256: "ad75a6ed3dc0d9732945b2e5483cb41dc8b4b528a169315e499c6861952e73b3",
        members: &["*/tests/*.pcap", "*/tests/*.pcapng"],
    },
    Archive {
        package: "wireshark",
        file: "wireshark_4.0.17.orig.tar.bz2",
        sha256: "62fd1491b6211d1651a16a45ead15808970b3a6a9ebde2537f96722af47aaaa5",
        members: &["*/test/captures/*", "*/test/keys/*"],
    },
];

/// The folder with tcpdump's captures, and the one with Wireshark's `captures` and `keys`.
pub(crate) fn folders() -> &'static [PathBuf; 2] {
    static FOLDERS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    FOLDERS.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("samples");
        std::fs::create_dir_all(&place).expect("room on the disk");
        // Tests of one program run at once, and so may two programs.
        let lock = std::fs::File::create(place.join("lock")).expect("room on the disk");
        lock.lock().expect("a file can be locked");
        let [tcpdump, wireshark] = ARCHIVES.map(|it| unpacked(&place, &it));
        [tcpdump.join("tests"), wireshark.join("test")]
    })
}

fn unpacked(place: &Path, wanted: &Archive) -> PathBuf {
    let (folder, archive) = (place.join(wanted.package), place.join(wanted.file));
    let ready = folder.join("ready");
    if std::fs::read_to_string(&ready).is_ok_and(|it| it == wanted.sha256) {
        return folder;
    }
    if sha256(&archive) != wanted.sha256 {
        download(place, wanted);
        let got = sha256(&archive);
        assert_eq!(got, wanted.sha256, "{} is not what it was when this test was written", wanted.file);
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("room on the disk");
    let mut unpack = Command::new("tar");
    unpack.arg("-xf").arg(&archive).arg("-C").arg(&folder).args(["--strip-components=1", "--wildcards"]);
    let status = unpack.args(wanted.members).status().expect("tar starts");
    assert!(status.success(), "tar could not unpack {}: is bzip2 there?", wanted.file);
    std::fs::write(ready, wanted.sha256).expect("room on the disk");
    folder
}

/// With apt and a list of sources of its own: what the machine is set up to install stays as it is.
fn download(place: &Path, wanted: &Archive) {
    let lists = place.join("lists");
    std::fs::create_dir_all(lists.join("partial")).expect("room on the disk");
    let list = place.join("sources.list");
    // Not signed for a machine that is no Debian: the hash says what it must be.
    let line = "deb-src [trusted=yes] http://deb.debian.org/debian bookworm main\n";
    std::fs::write(&list, line).expect("room on the disk");
    let option = |name: &str, path: &Path| format!("{name}={}", path.display());
    let options = [
        option("Dir::Etc::SourceList", &list),
        option("Dir::Etc::SourceParts", Path::new("/dev/null")),
        option("Dir::State::Lists", &lists),
        option("Dir::Cache", place),
        "APT::Sandbox::User=root".to_owned(),
    ];
    for command in [&["update"][..], &["source", "--download-only", "--tar-only", wanted.package]] {
        let mut apt = Command::new("apt-get");
        apt.arg("-qq").args(options.iter().flat_map(|it| ["-o", it])).args(command).current_dir(place);
        let done = apt.output().is_ok_and(|it| it.status.success());
        assert!(
            done,
            "{} could not be got with apt-get: is the network there? Where there is no apt-get, put the file from \
             http://deb.debian.org/debian/pool/main/ into {}",
            wanted.file,
            place.display()
        );
    }
}

/// Of the file's content; empty when it cannot be read.
fn sha256(file: &Path) -> String {
    let Ok(bytes) = std::fs::read(file) else { return String::new() };
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}
