//! The command line as a black box: arguments and standard input in; standard output, messages and exit code out.
mod answers;
mod broken;
mod checking;
mod config;
mod drills;
mod grading;
mod help;
mod lessons;
mod listed;
mod live;
mod nginx;
mod progress;
mod quizzes;
mod runs;
mod tutor;
mod varnish;
mod visits;
