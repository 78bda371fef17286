//! Python programs of others: environments of the tests' own, made with pip when they are first needed.
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Two tests must not make the same environment at once.
static MAKING: Mutex<()> = Mutex::new(());

/// The `bin` folder of an environment that has this package (`name==version`).
pub(crate) fn with(package: &str) -> PathBuf {
    let name = package.split("==").next().unwrap_or(package);
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (programs, ready) = (place.join("bin"), place.join("ready"));
    let making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if !std::fs::read_to_string(&ready).is_ok_and(|it| it == package) {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&place).status();
        let made = made.expect("python3 is needed (Debian and Ubuntu: sudo apt-get install python3-venv)");
        assert!(made.success(), "python3 -m venv failed (Debian and Ubuntu: sudo apt-get install python3-venv)");
        let got = Command::new(programs.join("python")).args(["-m", "pip", "-q", "install", package]).status();
        assert!(
            got.expect("pip is there").success(),
            "{package} is needed, and pip could not get it: is the network there?"
        );
        std::fs::write(&ready, package).expect("room on the disk");
    }
    drop(making);
    programs
}
