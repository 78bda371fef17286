//! Questions of every kind, open and answered; drills and quizzes to their result.
use crossterm::event::{KeyCode, KeyEvent};

use roundtrip::practice::grade::Unreadable;
use roundtrip::practice::{Answer, Wish};
use roundtrip::tui::action::{DrillWish, Effect, Event, Outcome, Place};

use crate::answers::answer;
use crate::learner::{Learner, outcomes};

/// One of each kind.
const KINDS: [(&str, &str); 12] = [
    ("single", "w01.addresses.arp-for-whom"),
    ("multiple", "w01.tcp.guarantees"),
    ("true_false", "w01.myth.every-packet-is-acked"),
    ("numeric", "w01.layers.frame-bytes"),
    ("order", "w01.layers.header-order"),
    ("match", "w01.layers.units"),
    ("short", "w01.udp.dns-truncated"),
    ("field", "w01.field.ether-type"),
    ("predict", "w01.lab1a.dns-round-trip"),
    ("design", "w02.labs.pool-size"),
    ("card", "w01.card.half-close-and-reset"),
    ("exercise", "w01.exercise.segment-fields"),
];

#[test]
fn a_question_of_every_kind_open_right_and_wrong() {
    for (kind, id) in KINDS {
        Learner::new().drill(&[id]).shows(&format!("question_{kind}_open"));
        for (right, word) in [(true, "right"), (false, "wrong")] {
            let mut learner = Learner::new();
            learner.drill(&[id]);
            answer(&mut learner, id, right);
            learner.shows(&format!("question_{kind}_{word}"));
        }
    }
}

#[test]
fn a_question_on_its_way_to_an_answer() {
    let mut learner = Learner::new();
    learner.drill(&["w01.tcp.guarantees"]).enter().shows("question_nothing_ticked");
    learner.keys("1h").keys("c").shows("question_ticked_hint_sure");
    let mut learner = Learner::new();
    learner.drill(&["w01.myth.every-packet-is-acked"]).keys("f").enter().shows("question_false_correction");
    let mut learner = Learner::new();
    learner.drill(&["w01.layers.units"]).keys("21").shows("question_match_half");
    let mut learner = Learner::new();
    learner.drill(&["w01.layers.frame-bytes"]).keys("many").enter().shows("question_unreadable");
    let mut learner = Learner::new();
    learner.drill(&["w01.card.half-close-and-reset"]).keys("FIN ends one side.").enter().shows("question_card_rubric");
    let mut learner = Learner::new();
    learner.drill(&["w01.field.ether-type"]).key(KeyCode::Tab).shows("question_field_packets");
    learner.keys("6").shows("question_field_table");
    let mut learner = Learner::new();
    learner.drill(&["w01.layers.frame-bytes"]).control('k').shows("question_skipped");
}

#[test]
fn a_statement_takes_digits_as_options_do() {
    for (digit, chosen) in [("1", "1 (•) true"), ("2", "2 (•) false")] {
        let mut learner = Learner::new();
        learner.drill(&["w01.myth.every-packet-is-acked"]).keys(digit);
        assert!(learner.text().contains(chosen), "{}", learner.text());
    }
    let mut learner = Learner::new();
    learner.drill(&["w01.myth.every-packet-is-acked"]).keys("2").enter().keys("1");
    let text = learner.text();
    assert!(text.contains("(•) false") && text.contains("▸ 1 "), "then they are what holds instead: {text}");
}

#[test]
fn chosen_values_are_written_one_below_the_other_and_show_me_opens_the_run_that_judged_them() {
    let mut learner = Learner::new();
    learner.drill(&["w02.labs.timeouts"]).shows("question_design_values");
    learner.keys("1").key(KeyCode::Down).keys("2s").enter();
    assert!(learner.text().contains("write 1ms or 1s"), "{}", learner.text());
    learner.key(KeyCode::Up).keys("s").enter();
    assert!(learner.text().contains("Not right."), "{}", learner.text());
    learner.keys("m");
    let text = learner.text();
    assert!(text.contains("fault vanish") && text.contains("Timeouts between services"), "{text}");
    learner.keys("k").times(9, KeyCode::Down);
    assert!(learner.text().contains("◂ 1 s ▸"), "{}", learner.text());
}

#[test]
fn the_run_beside_a_task_is_that_of_the_learners_values_once_they_are_judged() {
    let id = "w02.labs.timeouts";
    let mut learner = Learner::new();
    learner.drill(&[id]).resize(120, 36);
    // The knobs that were changed stand first in the line.
    let before = learner.text();
    assert!(before.contains("tail-time") && !before.contains("fault vanish"), "nothing fails in it: {before}");
    learner.keys("1s").key(KeyCode::Down).keys("2s").enter();
    let text = learner.text();
    assert!(text.contains("fault vanish") && text.contains("◆ A notices for the first time"), "{text}");
    learner.shows("question_design_judged");
}

#[test]
fn show_me_stands_at_the_instant_that_answers_the_question() {
    let shown = |id: &str| {
        let mut learner = Learner::new();
        learner.drill(&[id]).resize(120, 36);
        answer(&mut learner, id, true);
        learner.keys("m");
        assert!(learner.app.pace().is_none(), "{id}: nothing plays");
        learner.text()
    };
    let named = shown("w02.handshake.lost-syn");
    assert!(named.contains("◆ the SYN-ACK arrives: the client may send"), "{named}");
    let field = shown("w01.field.ether-type");
    assert!(field.contains("packets on every link: 19 of") && field.contains("◆  EtherType: 0x0806"), "{field}");
    let unnamed = shown("w09.dns.record-types");
    assert!(unnamed.contains("‖ 0 ns of"), "at the first packet: {unnamed}");
}

#[test]
fn a_question_about_a_field_shows_the_fields_around_it_in_a_small_terminal() {
    let mut learner = Learner::new();
    learner.drill(&["w01.field.ether-type"]).resize(80, 24);
    let text = learner.text();
    let (_, tree) = text.split_once("layers of packet 19").expect("the packet's layers");
    let fields = tree.lines().skip(1).take_while(|line| !line.starts_with(" ‖")).count();
    assert!(fields >= 6 && tree.contains("?? ??"), "{text}");
}

#[test]
fn the_field_that_is_asked_for_is_in_sight_in_every_question_however_small_the_terminal() {
    let course = crate::learner::course();
    let asked = course.questions().filter(|it| matches!(it.kind, roundtrip::content::Kind::Field(_)));
    let mut count = 0;
    for question in asked {
        let mut learner = Learner::new();
        learner.drill(&[&question.id]);
        let keys = question.hints.iter().map(|_| None).chain([None, Some(KeyCode::Tab), Some(KeyCode::Tab)]);
        for key in keys {
            for (width, height) in [(60, 16), (80, 24), (120, 36)] {
                let text = learner.resize(width, height).text();
                assert!(text.contains(": ?? ??"), "{} at {width}x{height}:\n{text}", question.id);
            }
            match key {
                None => learner.control('t'),
                Some(key) => learner.key(key),
            };
        }
        count += 1;
    }
    assert!(count > 5, "{count}");
}

#[test]
fn keys_lead_to_the_packets_and_back_to_the_answer_and_the_footer_says_which() {
    for panes in 0..4 {
        let mut learner = Learner::new();
        learner.drill(&["w01.field.ether-type"]).resize(80, 24);
        let footer = |learner: &Learner| learner.text().lines().last().unwrap_or_default().to_owned();
        assert!(footer(&learner).contains("tab to the packets"), "{}", footer(&learner));
        learner.keys("08").key(KeyCode::Tab);
        assert!(footer(&learner).contains("esc to your answer"), "{}", footer(&learner));
        learner.times(panes, KeyCode::Tab).key(KeyCode::Esc).keys("06");
        let text = learner.text();
        // From the last pane tab itself leads back, and from there esc leaves.
        assert!(text.contains("▸ 0806▏") || panes >= 3, "{panes}: {text}");
    }
}

#[test]
fn what_was_missed_is_asked_again_at_once_by_one_key() {
    let ids = ["w01.layers.units", "w01.tcp.guarantees", "w01.layers.frame-bytes"];
    let mut learner = Learner::new();
    answered(learner.quiz(&ids), &ids, 1);
    assert!(learner.text().contains("r ask the misses again"), "{}", learner.text());
    learner.keys("r");
    let begun = learner.app.world.learner.open[0].sitting.clone();
    let asked: Vec<&str> = begun.items.iter().map(|it| it.question.as_str()).collect();
    assert_eq!(asked, ids[1..], "those and no others");
    assert!(learner.text().contains("question 1 of 2"), "{}", learner.text());
    learner.key(KeyCode::Esc);
    assert_eq!(learner.app.screens.len(), 1, "home, and not the quiz's result");
}

#[test]
fn a_miss_names_the_lesson_that_teaches_it_and_one_key_opens_it() {
    let ids = ["w01.layers.units", "w01.tcp.guarantees"];
    let mut learner = Learner::new();
    answered(learner.quiz(&ids).resize(100, 50), &ids, 1);
    let text = learner.text();
    assert!(text.contains("taught in: TCP: a byte stream made of packets (l opens it)"), "{text}");
    learner.keys("l");
    assert!(learner.text().contains("W1 › TCP: a byte stream"), "{}", learner.text());
    learner.key(KeyCode::Esc);
    assert!(learner.text().contains("of the points"), "back to the result: {}", learner.text());
}

#[test]
fn every_question_has_a_lesson_that_teaches_it() {
    let course = crate::learner::course();
    let without = course.questions().filter(|it| course.teaching(it).is_none()).map(|it| &it.id);
    assert_eq!(without.collect::<Vec<_>>(), [] as [&String; 0]);
    let of = |id: &str| course.question(id).and_then(|it| course.teaching(it)).map(|it| it.id.clone());
    for chapter in &course.chapters {
        let own = chapter.quiz.questions.iter().filter(|it| {
            let lesson = of(&it.id);
            chapter.lessons.iter().any(|it| Some(&it.id) == lesson.as_ref())
        });
        assert!(own.count() * 10 >= chapter.quiz.questions.len() * 9, "{}: mostly its own lessons", chapter.id);
    }
}

#[test]
fn what_was_said_of_a_statement_stands_beside_what_holds() {
    let id = "w01.myth.every-packet-is-acked";
    let mut learner = Learner::new();
    answer(learner.drill(&[id]), id, false);
    let text = learner.text();
    assert!(text.contains("you: true") && text.contains("right: False"), "{text}");
    assert_eq!(text.matches('✔').count(), 1, "what holds instead, and nothing else: {text}");
    learner.enter();
    assert!(learner.text().contains("you: true"), "the result says it too: {}", learner.text());
}

#[test]
fn what_was_missed_is_found_again_on_the_map_with_the_day_it_is_due() {
    let ids = ["w01.layers.units", "w01.tcp.guarantees", "w01.layers.frame-bytes"];
    let mut learner = Learner::new();
    answered(learner.quiz(&ids), &ids, 1);
    let said = "2 misses of this quiz: due tomorrow";
    assert!(learner.text().contains(said), "{}", learner.text());
    learner.key(KeyCode::Esc).resize(120, 60);
    let row = "✘ 2 misses of W1: due tomorrow";
    assert!(learner.text().contains(row), "{}", learner.text());
    let down = (0..40).find(|_| learner.key(KeyCode::Down).text().contains(&format!("▸     {row}")));
    assert!(down.is_some(), "{}", learner.text());
    learner.enter();
    let begun = learner.app.world.learner.open[0].sitting.clone();
    let asked: Vec<&str> = begun.items.iter().map(|it| it.question.as_str()).collect();
    let mut missed = ids[1..].to_vec();
    missed.sort_by_key(|id| !asked.starts_with(&[*id]));
    assert_eq!(asked, missed, "those and no others");
    assert!(learner.text().contains("Drill: what was missed"), "{}", learner.text());
    learner.key(KeyCode::Esc);
    learner.now = learner.now.tomorrow().expect("March goes on");
    for id in missed {
        answer(learner.drill(&[id]), id, true);
        learner.enter();
        assert!(!learner.text().contains("misses of this drill"), "{}", learner.text());
        learner.key(KeyCode::Esc);
    }
    assert!(!learner.text().contains("misses of W1"), "what is known is no miss: {}", learner.text());
}

#[test]
fn a_field_that_follows_from_another_packet_says_from_which() {
    let id = "w01.field.syn-ack-number";
    let mut learner = Learner::new();
    let text = |learner: &Learner| learner.text().replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    learner.drill(&[id]).resize(80, 90);
    for _ in 0..3 {
        learner.control('t');
    }
    let hint = text(&learner);
    assert!(hint.contains("It follows from packet") && hint.contains("look there at Sequence number"), "{hint}");
    answer(&mut learner, id, false);
    let told = text(&learner);
    assert!(told.contains("It follows from packet") && told.contains("1 for SYN"), "{told}");
}

#[test]
fn a_miss_can_be_read_to_its_end_in_a_small_terminal() {
    let id = "w01.tcp.guarantees";
    let mut learner = Learner::new();
    learner.drill(&[id]).resize(60, 16);
    answer(&mut learner, id, false);
    learner.enter();
    assert!(!learner.text().contains("source:") && learner.text().contains("more: space"), "{}", learner.text());
    learner.times(9, KeyCode::Char(' '));
    assert!(learner.text().contains("source:"), "{}", learner.text());
    learner.times(9, KeyCode::PageUp);
    assert!(learner.text().contains("of the points"), "{}", learner.text());
}

#[test]
fn saying_false_tells_nothing_before_it_is_said_for_good() {
    for id in ["w01.myth.every-packet-is-acked", "w01.myth.tcp-packets-arrive-in-order"] {
        let mut learner = Learner::new();
        learner.drill(&[id]).keys("f3");
        let text = learner.text();
        assert!(!text.contains("instead") && text.contains("(•) false"), "{text}");
        assert!(!learner.keys("?").text().contains("this one"), "nor does the help: {}", learner.text());
    }
    let mut learner = Learner::new();
    learner.drill(&["w01.myth.every-packet-is-acked"]).keys("f").enter().keys("t");
    assert!(learner.text().contains("What holds instead?"), "it stays said: {}", learner.text());
}

#[test]
fn a_grade_belongs_to_the_values_it_was_made_of_and_no_other_failure_reopens_the_question() {
    let mut learner = Learner::new();
    learner.drill(&["w02.labs.timeouts"]).keys("1s").key(KeyCode::Down).keys("2s");
    let asked = learner.app.update(Event::Key(KeyEvent::from(KeyCode::Enter)));
    let [Effect::Judge { question, attempt, answer }] = asked.as_slice() else { panic!("{asked:?}") };
    let running = "Running with your values";
    learner.event(Event::Done(Outcome::Failed("The export could not be written.".to_owned())));
    assert!(learner.text().contains(running), "{}", learner.text());
    let judged = |answer: Answer, graded| {
        Event::Done(Outcome::Judged { question: question.id.clone(), seed: attempt.seed, answer, graded })
    };
    let unreadable = || Err(Unreadable("The run failed.".to_owned()));
    let Answer::Values(mut other) = answer.clone() else { panic!("{answer:?}") };
    other.values_mut().for_each(|value| *value = "9s".to_owned());
    learner.event(judged(Answer::Values(other), unreadable()));
    assert!(learner.text().contains(running), "a late grade of other values: {}", learner.text());
    learner.event(judged(answer.clone(), unreadable()));
    let text = learner.text();
    assert!(text.contains("The run failed.") && !text.contains(running), "{text}");
}

#[test]
fn what_is_typed_while_a_question_is_prepared_is_kept_for_it() {
    let mut learner = Learner::new();
    learner.drill(&["w01.layers.frame-bytes", "w01.lab1a.dns-round-trip"]).control('k');
    let next = learner.app.update(Event::Key(KeyEvent::from(KeyCode::Enter)));
    let [Effect::Prepare(item)] = next.as_slice() else { panic!("{next:?}") };
    learner.keys("80ms");
    let text = learner.text();
    assert!(text.contains("Preparing the run") && text.contains("80ms"), "{text}");
    for prepared in outcomes(Effect::Prepare(item.clone()), &learner.app.world.content) {
        learner.event(Event::Done(prepared));
    }
    assert!(learner.text().contains("▸ 80ms"), "{}", learner.text());
}

/// Answers all of them, the first `right` of them right.
fn answered(learner: &mut Learner, ids: &[&str], right: usize) {
    for (index, id) in ids.iter().enumerate() {
        answer(learner, id, index < right);
        learner.enter();
    }
}

#[test]
fn a_question_that_is_gone_counts_nowhere() {
    let ids = ["w01.gone", "w01.layers.units", "w01.gone-too"];
    let mut learner = Learner::new();
    learner.quiz(&ids).shows("quiz_question_gone");
    learner.enter();
    answer(&mut learner, ids[1], true);
    learner.enter().enter();
    let text = learner.text();
    assert!(text.contains("100 % of the points, 1 of 1 answered") && text.contains("Passed"), "{text}");
    assert!(text.contains("Left out, questions that cannot be asked: w01.gone, w01.gone-too."), "{text}");
    let kept = learner.app.world.learner.quizzes[0].clone();
    assert_eq!((kept.asked, kept.share_ppm()), (1, 1_000_000), "the same is kept");
}

#[test]
fn another_drill_is_about_the_same() {
    let mut learner = Learner::new();
    let wish = Wish { tags: vec!["udp".to_owned()], count: Some(1), minutes: Some(20) };
    learner.go(Place::Drill(DrillWish { wish: wish.clone(), until: None }));
    let begun = |learner: &Learner| learner.app.world.learner.open[0].sitting.clone();
    let first = begun(&learner);
    assert_eq!((first.items.len(), &first.wish), (1, &wish));
    // Skipped, whether it is answered by writing or by choosing.
    learner.control('k').keys("s").enter().keys("a");
    let second = begun(&learner);
    assert_eq!((second.items.len(), &second.wish), (1, &wish));
    assert_ne!(first.items, second.items);
}

#[test]
fn results() {
    let ids = KINDS.map(|(_, id)| id);
    let mut learner = Learner::new();
    answered(learner.drill(&ids[..4]), &ids[..4], 2);
    learner.shows("drill_result");
    learner.key(KeyCode::Down).shows("drill_result_second_miss");
    let mut learner = Learner::new();
    answered(learner.quiz(&ids[..9]), &ids[..9], 9);
    learner.shows("quiz_passed");
    let mut learner = Learner::new();
    answered(learner.quiz(&ids[..9]), &ids[..9], 3);
    learner.shows("quiz_failed");
}
