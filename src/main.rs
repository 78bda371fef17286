//! The `roundtrip` program: hands the arguments to [`roundtrip::cli`] and its exit code to the shell.
use std::process::ExitCode;

fn main() -> ExitCode {
    roundtrip::cli::main()
}
