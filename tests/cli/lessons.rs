//! `learn --plain`: a lesson through a pipe.
use crate::tutor::Home;

/// More lines than any lesson asks for; each goes on with the next step, or skips a guess.
fn skips() -> String {
    "skip\n".repeat(60)
}

#[test]
fn every_lesson_that_ships_is_read_to_its_end_through_a_pipe() {
    let home = Home::new();
    let (content, _) = roundtrip::content::load(roundtrip::content::Source::Embedded);
    let lessons: Vec<_> = content.chapters.iter().flat_map(|chapter| &chapter.lessons).collect();
    assert!(lessons.len() >= 8);
    for lesson in lessons {
        let ended = home.tutor(&["learn", &lesson.id, "--plain"]).stdin(skips()).run();
        ended.code(0).no_message().says(&lesson.title).says("The lesson is done.");
        for step in &lesson.steps {
            ended.says(&step.title);
        }
        // What stands above a table of numbers is no answer to a guess.
        let measured = ended.stdout().replace("Measured in this run", "").matches("Measured ").count();
        assert_eq!(measured, lesson.steps.iter().filter(|step| step.predict.is_some()).count(), "{}", lesson.id);
        // Every number of the text is one of this run.
        ended.says_not("{m:").says_not("{k:");
    }
    let progress = home.run(&["progress", "--json"]).json();
    assert_eq!(progress["chapters"][0]["lessons"], progress["chapters"][0]["lessons_done"]);
}

#[test]
fn without_a_name_it_goes_on_where_it_was_left() {
    let home = Home::new();
    let first = home.tutor(&["learn", "--plain"]).stdin("\n\n").run();
    first.code(0).no_message().says("1 of ").says("3 of ").says_not("4 of ").says("Stopped here");
    let second = home.tutor(&["learn", "--plain"]).stdin("q\n").run();
    second.code(0).says("3 of ").says_not("2 of ").says("Stopped here");
    home.tutor(&["learn", "--plain"])
        .stdin(skips())
        .run()
        .code(0)
        .says("3 of ")
        .says("The lesson is done.")
        .says("Next: ");
    let third = home.run(&["learn", "--plain"]);
    third.code(0).says("1 of ").says("Stopped here");
    assert_ne!(third.stdout().lines().next(), second.stdout().lines().next(), "the next lesson");
}

#[test]
fn a_guess_is_asked_before_the_run_is_told_and_kept() {
    let home = Home::new();
    let unread = home.tutor(&["learn", "w01.why-layers", "--plain"]).stdin("\n\n\n\n").run();
    unread.code(0).says("your guess").says_not("Measured ").says_not("[SYN]").says("Stopped here");
    unread.says("Nothing is written yet. It takes a whole number");
    let guessed = home.tutor(&["learn", "--plain"]).stdin("many\n\u{1b}[2J\n2\nq\n").run();
    guessed.says("`\\x1b[2J` is not a whole number");
    guessed.code(0).says("`many` is not a whole number: write digits only").says("Measured 12");
    guessed.says("You said 2: not right.").says("One question, one answer");
    let exported: serde_json::Value = home.run(&["progress", "--export", "-"]).json();
    let predictions = exported["predictions"].as_array().expect("a list");
    assert_eq!(predictions.len(), 1);
    assert_eq!(predictions[0]["of"]["guess"]["value"], 2);
}

#[test]
fn a_part_of_a_title_is_enough_and_one_of_several_is_not() {
    let home = Home::new();
    home.run(&["learn", "layers are", "--plain"]).code(0).says("Layers are questions");
    home.run(&["learn", "w01", "--plain"]).code(2).no_result().warns("`w01` may mean several");
}

#[test]
fn what_would_drive_a_terminal_is_shown_and_not_sent() {
    let home = Home::new();
    let lesson = "+++\nid = \"w01.evil\"\ntitle = \"Evil \u{1b}[31m\"\nminutes = 1\ncovers = [\"W1-01\"]\n+++\n\n\
                  # A step \u{9b}2J\n\nClear: \u{1b}[2J, bell: \u{7}, turned: \u{202e}, entity: &#27;[2J, `code \u{1b}]0;x\u{7}`\n";
    home.file("course/lessons/01-osi-tcp-ip/90-evil.md", lesson);
    let ended = home.run(&["learn", "w01.evil", "--plain", "--content", "course"]);
    ended.code(0).says("Clear: ␛[2J, bell: ␇, turned: \u{fffd}, entity: ␛[2J").warns("the content has problems");
}

#[test]
fn no_number_of_a_run_is_told_before_the_guess_about_it() {
    let home = Home::new();
    let lesson = "+++\nid = \"w01.mine\"\ntitle = \"A lesson of mine\"\nminutes = 3\ncovers = [\"W1-01\"]\n\
                  demo = { name = \"tcp-vs-udp\", knobs = { rtt = \"84ms\" } }\n+++\n\n# Before\n\nIn {m:tcp_first} with {k:rtt}.\n\n\
                  # Guess\n\nWhen?\n\n```predict\nask = \"When?\"\nunit = \"ms\"\nmeasure = \"tcp_first\"\n\
                  wrong = [{ value = \"84ms\", why = \"It must still travel.\" }]\n```\n\n# After\n\nIt was {m:tcp_first}.\n";
    home.file("course/lessons/01-osi-tcp-ip/90-mine.md", lesson);
    let command = ["learn", "w01.mine", "--plain", "--content", "course"];
    home.tutor(&command).stdin("\n").run().code(0).says("‹tcp_first› with 84").says_not("126");
    home.tutor(&command).stdin("\n100ms\n\n\n").run().code(0).says("Measured 126").says("It was 126");
}

#[test]
fn the_list_names_every_lesson_and_what_is_done() {
    let home = Home::new();
    home.tutor(&["learn", "w01.why-layers", "--plain"]).stdin(skips()).run().code(0);
    home.tutor(&["learn", "w01.sockets", "--plain"]).stdin("\n\n").run();
    let list = home.run(&["learn", "--list"]);
    list.code(0).no_message().says("[x] w01.why-layers ").says("1 of 10 done").says("not written yet");
    list.says("[ ] w01.sockets ").says(", at step 3 of ");
    let (content, _) = roundtrip::content::load(roundtrip::content::Source::Embedded);
    for lesson in content.chapters.iter().flat_map(|chapter| &chapter.lessons) {
        list.says(&format!("] {} ", lesson.id)).says(&lesson.title);
    }
    let json = home.run(&["learn", "--list", "--json"]).json();
    let chapters = json.as_array().expect("a list");
    assert_eq!(chapters.len(), content.chapters.len());
    let first = &chapters[0]["lessons"][0];
    assert_eq!((&first["id"], &first["done"], &first["step"]), (&"w01.why-layers".into(), &true.into(), &1.into()));
    assert_eq!(first["steps"], content.chapters[0].lessons[0].steps.len());
    let fields = std::collections::BTreeSet::from(["id", "title", "minutes", "steps", "step", "done"]);
    assert_eq!(crate::listed::keys(first), fields);
    home.run(&["learn", "--json"]).code(2).no_result();
    home.run(&["learn", "w01", "--list"]).code(2).no_result();
}
