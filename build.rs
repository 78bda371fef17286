//! Rebuilds the program when a lesson or quiz is added or deleted; edits are noticed without it.

fn main() {
    println!("cargo::rerun-if-changed=lessons");
    println!("cargo::rerun-if-changed=quizzes");
}
