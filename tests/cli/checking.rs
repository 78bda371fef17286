//! `check`: a folder of content held to its rules. That what ships breaks none is tested where no program has to be waited for
//! (tests/content.rs).
use crate::tutor::Home;

const CHAPTERS: &str = "[[chapter]]\nid = \"W1\"\ntitle = \"Layers\"\nfolder = \"01-layers\"\ngoals = [\"g\"]\n";

const LESSON: &str = "+++\nid = \"w01.mine\"\ntitle = \"A lesson of mine\"\nminutes = 3\ncovers = [\"W1-01\"]\n\
                      demo = { name = \"tcp-echo\", knobs = { rtt = \"20ms\" } }\n+++\n\n# The problem\n\nIt does not load.\n";

#[test]
fn a_good_folder_passes_and_a_broken_one_is_told_every_problem_with_its_place() {
    let home = Home::new();
    home.file("course/lessons/01-osi-tcp-ip/90-mine.md", LESSON);
    home.run(&["check", "course"]).code(0).warns("0 errors");
    home.file("course/lessons/01-osi-tcp-ip/91-bad.md", LESSON.replace("tcp-echo", "tcp-ekko").replace("mine", "bad"));
    home.file("course/quizzes/bad.toml", "chapter = \"W1\"\n[[question]]\nid = 7\n");
    let ended = home.run(&["check", "course"]);
    ended.code(1).says("91-bad.md:6:").says("tcp-ekko").says("did you mean `tcp-echo`?").says("bad.toml:3:6");
    ended.warns(" errors");
    let problems = home.run(&["check", "course", "--json"]).code(1).json();
    for problem in problems.as_array().expect("a list") {
        assert!(problem["line"].as_u64() >= Some(1) && problem["column"].as_u64() >= Some(1), "{problem}");
        assert!(problem["path"].is_string() && problem["rule"].is_string() && problem["help"].is_string(), "{problem}");
    }
    // The flag that names a course for every other subcommand does so here.
    home.run(&["check", "--content", "course"]).code(1);
}

#[test]
fn questions_that_give_themselves_away_are_told_where_and_what_to_do() {
    let home = Home::new();
    home.file("course/quizzes/long.toml", include_str!("../data/bad_content/length-tells.toml"));
    // A chapter is judged as a whole: twice these seven beside those of ours.
    let seven = include_str!("../data/bad_content/truth-balance.toml").replace("W2", "W1").replace("w02.", "w01.");
    let more = seven.replace("w01.case", "w01.more").replace("chapter = \"W1\"", "");
    home.file("course/quizzes/untrue.toml", seven + &more);
    let ended = home.run(&["check", "course"]);
    let ended = ended.code(1).says("error[length-tells]").says("long.toml:12:12").says("21 characters at most");
    ended.says("error[truth-balance]: W1: ").says("true/false statements are true, instead of").says("w01.more-7");
}

#[test]
fn what_is_no_folder_of_content_is_said() {
    let home = Home::new();
    home.run(&["check", "nowhere"]).code(3).no_result().warns("nowhere is no folder");
    home.file("empty/readme.txt", "nothing");
    home.run(&["check", "empty"]).code(1).says("no content in this folder");
    home.file("course/lessons/chapters.toml", CHAPTERS.replace("W1", "\u{1b}[2J"));
    home.run(&["check", "course"]).code(1).says("control character U+001B");
}
