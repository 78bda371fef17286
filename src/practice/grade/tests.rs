//! Grading, a table for each kind.
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::content::{
    Bound, Choice, Criterion, DemoRef, Design, Hidden, NearMiss, NearText, OrderItem, Pair, Tempting, ToChoose,
};
use crate::practice::{Exercise, Revealed, Run, Runs, Takes};
use crate::quantity::{Quantity, Unit};

/// A lab of two facts: the time is twice the RTT asked for, and the hidden field says SYN, ACK.
struct Facts;

impl Runs for Facts {
    fn exercise(&self, make: &str, _tap: &str, _run: &Run) -> Result<Exercise, String> {
        Err(format!("no exercise {make}"))
    }

    fn measure(
        &self,
        demo: &str,
        knobs: &BTreeMap<String, String>,
        _seed: u64,
    ) -> Result<BTreeMap<String, Quantity>, String> {
        let rtt = knobs.get("rtt").ok_or_else(|| format!("no demo {demo}"))?;
        let rtt = Quantity::parse(rtt, Unit::Nanoseconds).map_err(|error| error.to_string())?;
        let double = Quantity::new(rtt.value * 2, Unit::Nanoseconds);
        Ok([("first_byte".to_owned(), double), ("connect".to_owned(), rtt)].into())
    }

    fn knob(&self, _demo: &str, knob: &str) -> Result<Takes, String> {
        if knob != "rtt" {
            return Err(format!("no knob {knob}"));
        }
        Ok(Takes { unit: Some(Unit::Nanoseconds), range: "1 ms to 1 s".to_owned() })
    }

    fn accepts(&self, _demo: &str, _knob: &str, text: &str) -> Result<(), String> {
        let value = Quantity::parse(text, Unit::Nanoseconds).map_err(|error| error.to_string())?;
        if (1..=1000).contains(&(value.value / 1_000_000)) { Ok(()) } else { Err("`rtt` goes from 1 ms to 1 s".into()) }
    }

    fn reveal(&self, hidden: &Hidden, _seed: u64) -> Result<Revealed, String> {
        let why = format!("{} of {}", hidden.field, hidden.marker);
        Ok(Revealed {
            value: "0x012".to_owned(),
            meaning: "SYN, ACK: accepts the connection".to_owned(),
            why,
            packet: 5,
            clue: None,
        })
    }
}

fn question(kind: Kind) -> Question {
    Question {
        id: "w01.test".to_owned(),
        prompt: "RTT {rtt}, not {answer}, packet {packet}".to_owned(),
        kind,
        explanation: "twice {rtt} is {answer}".to_owned(),
        source: String::new(),
        difficulty: 1,
        covers: vec![],
        corrects: vec![],
        tags: vec![],
        hints: vec!["look at {rtt}".to_owned()],
        twin: None,
        confusable: None,
        demo: None,
        show: None,
        path: String::new(),
        line: 1,
    }
}

fn choice(text: &str, correct: bool) -> Choice {
    Choice { text: text.to_owned(), correct, why: format!("why {text}") }
}

fn four() -> Vec<Choice> {
    vec![choice("a", true), choice("b", false), choice("c", true), choice("d", false)]
}

fn items() -> Vec<OrderItem> {
    ["DNS", "TCP", "TLS", "HTTP"].map(|text| OrderItem { text: text.to_owned(), why: format!("why {text}") }).into()
}

fn pairs() -> Vec<Pair> {
    let pair =
        |(left, right): (&str, &str)| Pair { left: left.into(), right: right.into(), why: format!("why {left}") };
    [("TCP", "stream"), ("UDP", "datagram"), ("IP", "packet"), ("QUIC", "stream")].map(pair).into()
}

fn numeric() -> Kind {
    let rtts = ["20ms", "80ms"].map(|it| Quantity::parse(it, Unit::Nanoseconds).expect("a time")).to_vec();
    Kind::Numeric {
        parameters: [("rtt".to_owned(), rtts)].into(),
        formula: "rtt * 2".to_owned(),
        unit: Unit::Nanoseconds,
        tolerance_ppm: 50_000,
        near_misses: vec![
            NearMiss { formula: "rtt".to_owned(), why: "that is one round trip of {rtt}".to_owned() },
            NearMiss { formula: "2 * rtt".to_owned(), why: "right this time, so no miss".to_owned() },
        ],
    }
}

fn predict() -> Kind {
    Kind::Predict {
        demo: "encapsulation".to_owned(),
        shown: false,
        knobs: [("rtt".to_owned(), vec!["30ms".to_owned()])].into(),
        measure: "first_byte".to_owned(),
        unit: Unit::Nanoseconds,
        tolerance_ppm: 0,
        near_misses: vec![NearMiss { formula: "connect".to_owned(), why: "connected is not answered".to_owned() }],
    }
}

fn short() -> Kind {
    let near = vec![NearText { text: "packet".to_owned(), why: "that is layer 3".to_owned() }];
    Kind::Short { accept: vec!["three-way handshake".to_owned(), "10.0.1.0/24".to_owned()], near }
}

fn field() -> Kind {
    let near = vec![NearText { text: "SYN".to_owned(), why: "it also acknowledges".to_owned() }];
    let hidden = Hidden { demo: DemoRef::default(), marker: "syn-ack".into(), field: "tcp.flags".into(), near };
    Kind::Field(hidden)
}

fn statement(truth: bool) -> Kind {
    let corrections = if truth { vec![] } else { vec![choice("x", false), choice("y", true)] };
    Kind::TrueFalse { truth, why: "because".to_owned(), corrections }
}

fn card() -> Kind {
    Kind::Card { rubric: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()], model: "all three".to_owned() }
}

/// An RTT whose answer is there within the budget, and that is not below 20 ms.
fn design() -> Kind {
    let criterion = |says: &str, measure: &str, bound, why: &str| Criterion {
        says: says.into(),
        measure: measure.into(),
        bound,
        why: why.into(),
    };
    Kind::Design(Design {
        demo: "encapsulation".to_owned(),
        knobs: BTreeMap::new(),
        parameters: [("budget".to_owned(), vec![Quantity::new(100_000_000, Unit::Nanoseconds)])].into(),
        before: None,
        choose: vec![ToChoose { knob: "rtt".into(), says: "the round trip".into(), answer: "budget / 2".into() }],
        criteria: vec![
            criterion("answered within {budget}", "first_byte", Bound::Most("budget".into()), "it took {first_byte}"),
            criterion("no less than 20 ms", "rtt", Bound::Least("20ms".into()), "light is not faster"),
        ],
        tempting: vec![Tempting { values: [("rtt".into(), "budget".into())].into(), why: "that is one way".into() }],
    })
}

fn values(text: &str) -> Answer {
    Answer::Values([("rtt".to_owned(), text.to_owned())].into())
}

fn asked(kind: Kind) -> (Question, Attempt) {
    let question = question(kind);
    let attempt = Attempt::new(&question, 7, &Facts).expect("an attempt");
    (question, attempt)
}

#[track_caller]
fn points(kind: &Kind, answer: Answer, points: i64) -> Grade {
    let (question, attempt) = asked(kind.clone());
    let grade = grade(&question, &attempt, &answer, &Facts).expect("a grade");
    assert_eq!(grade.points_ppm, points, "{answer:?}: {grade:?}");
    grade
}

#[track_caller]
fn said(kind: &Kind, answer: Answer) -> String {
    let (question, attempt) = asked(kind.clone());
    grade(&question, &attempt, &answer, &Facts).expect_err("unreadable").0
}

fn text(text: &str) -> Answer {
    Answer::Text(text.to_owned())
}

fn number(text: &str) -> Answer {
    Answer::Number(text.to_owned())
}

#[test]
fn one_option() {
    let kind = Kind::Single(vec![choice("a", false), choice("b", true), choice("c", false)]);
    points(&kind, Answer::Choices(vec![1]), FULL);
    let wrong = points(&kind, Answer::Choices(vec![2]), 0);
    assert_eq!(wrong.right, "b");
    let had: BTreeMap<&str, bool> = wrong.remarks.iter().map(|it| (it.about.as_str(), it.right)).collect();
    assert_eq!(had, [("a", true), ("b", false), ("c", false)].into());
    assert_eq!(said(&kind, Answer::Choices(vec![])), "Choose one option.");
    assert_eq!(said(&kind, Answer::Choices(vec![0, 1])), "Choose one option.");
    assert_eq!(said(&kind, Answer::Choices(vec![3])), "There are 3 options.");
}

#[test]
fn remarks_stand_in_the_order_of_the_screen() {
    let (question, attempt) = asked(Kind::Multiple(four()));
    let grade = grade(&question, &attempt, &Answer::Choices(vec![0]), &Facts).expect("a grade");
    assert!(grade.remarks.iter().map(|it| &it.about).eq(attempt.options().iter().map(|it| &it.text)));
}

#[test]
fn every_right_option_and_no_other() {
    let kind = Kind::Multiple(four());
    points(&kind, Answer::Choices(vec![0, 2]), FULL);
    points(&kind, Answer::Choices(vec![2, 0, 2]), FULL);
    points(&kind, Answer::Choices(vec![0]), FULL / 2);
    points(&kind, Answer::Choices(vec![0, 1, 2]), FULL / 2);
    points(&kind, Answer::Choices(vec![0, 1]), 0);
    points(&kind, Answer::Choices(vec![0, 1, 2, 3]), 0);
    points(&kind, Answer::Choices(vec![1, 3]), 0);
    assert_eq!(said(&kind, Answer::Choices(vec![])), "Tick at least one option.");
}

#[test]
fn a_false_statement_wants_its_correction() {
    let says = |says, correction| Answer::Truth { says, correction };
    let kind = statement(false);
    assert_eq!(points(&kind, says(false, Some(1)), FULL).right, "False: y");
    points(&kind, says(false, Some(0)), FULL / 2);
    points(&kind, says(false, None), FULL / 2);
    let unseen = points(&kind, says(true, None), 0);
    let about: Vec<&str> = unseen.remarks.iter().map(|it| it.about.as_str()).collect();
    assert_eq!(about, ["False", "y"], "only what holds: the others were not offered");
    points(&kind, says(true, Some(1)), 0);
    assert_eq!(said(&kind, says(false, Some(2))), "There are 2 corrections.");
    let kind = statement(true);
    assert_eq!(points(&kind, says(true, None), FULL).right, "True");
    points(&kind, says(false, Some(9)), 0);
}

#[test]
fn a_number_within_its_tolerance() {
    let (question, attempt) = asked(numeric());
    let Asked::Number { truth, near, .. } = &attempt.asked else { panic!("a number") };
    let rtt = Quantity::new(truth.value.value / 2, Unit::Nanoseconds);
    assert_eq!(near.len(), 1, "the miss that is right this time is none");
    assert_eq!(attempt.prompt, format!("RTT {rtt}, not {{answer}}, packet {{packet}}"));
    assert_eq!(attempt.explanation, format!("twice {rtt} is {}", truth.value));
    assert_eq!(attempt.hints, [format!("look at {rtt}")]);
    let points = |factor: f64| {
        let value = truth.value.value as f64 * factor / 1e6;
        grade(&question, &attempt, &number(&format!("{value}ms")), &Facts).expect("a grade")
    };
    for near in [1.0, 1.05, 0.95, 1.03] {
        assert_eq!(points(near).points_ppm, FULL, "{near}");
    }
    assert_eq!(points(0.94).remarks[0].why, format!("Too small by {}.", Quantity::new(rtt.value / 25 * 3, rtt.unit)));
    assert_eq!(points(0.5).remarks[0].why, format!("that is one round trip of {rtt}"));
    assert!(points(1000.0).remarks[0].why.ends_with("it is 1000 times too large."));
    assert!(points(0.1).remarks[0].why.ends_with("it is 10 times too small."));
    assert!(said(&numeric(), number("quick")).starts_with("`quick` is not a time"));
}

#[test]
fn what_a_run_measured() {
    let kind = predict();
    points(&kind, number("60ms"), FULL);
    assert_eq!(points(&kind, number("30 ms"), 0).remarks[0].why, "connected is not answered");
    let (_, attempt) = asked(kind);
    let run = attempt.run().expect("a run");
    assert_eq!((run.demo.as_str(), run.knobs["rtt"].as_str()), ("encapsulation", "30ms"));
    assert_eq!(attempt.prompt, "RTT 30 ms, not {answer}, packet {packet}");
}

#[test]
fn a_run_that_does_not_measure_it_is_an_error_with_names() {
    let Kind::Predict { demo, shown, knobs, unit, tolerance_ppm, .. } = predict() else { panic!("predict") };
    let measure = "hops".to_owned();
    let kind = Kind::Predict { demo, shown, knobs, measure, unit, tolerance_ppm, near_misses: vec![] };
    let error = Attempt::new(&question(kind), 7, &Facts).expect_err("no such measurement");
    assert_eq!(error, "w01.test: the run does not measure `hops`: it has connect, first_byte");
}

#[test]
fn an_order() {
    let kind = Kind::Order(items());
    let order = |order: [usize; 4]| Answer::Sequence(order.into());
    points(&kind, order([0, 1, 2, 3]), FULL);
    points(&kind, order([1, 0, 2, 3]), 666_666);
    points(&kind, order([3, 2, 1, 0]), 0);
    let moved = points(&kind, order([1, 2, 3, 0]), 0);
    let told: Vec<(&str, bool, &str)> =
        moved.remarks.iter().map(|it| (it.about.as_str(), it.right, it.why.as_str())).collect();
    assert_eq!(told[0], ("1. TCP · right: DNS", false, "why DNS"));
    let swapped = points(&kind, order([1, 0, 2, 3]), 666_666);
    assert_eq!((swapped.remarks[3].about.as_str(), swapped.remarks[3].right), ("4. HTTP", true));
    assert_eq!((told.len(), swapped.remarks[4].why.as_str()), (4, "Of 6 pairs of these, 5 are in the right order."));
    for bad in [vec![], vec![0, 1, 2], vec![0, 1, 2, 2], vec![0, 1, 2, 4], vec![0, 1, 2, 3, 3]] {
        assert_eq!(said(&kind, Answer::Sequence(bad)), "Put each of the 4 items in one place.");
    }
}

#[test]
fn pairs_that_belong_together() {
    let kind = Kind::Match(pairs());
    points(&kind, Answer::Sequence(vec![0, 1, 2, 3]), FULL);
    points(&kind, Answer::Sequence(vec![3, 1, 2, 0]), FULL);
    let half = points(&kind, Answer::Sequence(vec![1, 0, 2, 3]), FULL / 2);
    let (first, second) = (&pairs()[0], &pairs()[1]);
    assert_eq!(half.remarks[0].about, format!("{}: {} · right: {}", first.left, second.right, first.right));
    assert_eq!(half.remarks[2].about, format!("{}: {}", pairs()[2].left, pairs()[2].right));
    points(&kind, Answer::Sequence(vec![1, 1, 1, 1]), FULL / 4);
    assert_eq!(said(&kind, Answer::Sequence(vec![0])), "Choose a right side for each of the 4 left sides.");
    assert_eq!(said(&kind, Answer::Sequence(vec![0, 1, 2, 9])), "Choose a right side for each of the 4 left sides.");
}

#[test]
fn a_word_or_two() {
    let kind = short();
    for typed in ["three-way handshake", "Three way Handshake!", "the threeway-handshake", "10.0.1.0/24"] {
        points(&kind, text(typed), FULL);
    }
    for typed in ["handshake", "10.01.0/24", "100.1.0/24", "?", "three-way"] {
        assert_eq!(points(&kind, text(typed), 0).right, "three-way handshake");
    }
    assert_eq!(points(&kind, text(" Packet "), 0).remarks[0].why, "that is layer 3");
    assert_eq!(said(&kind, text(" ")), "Write a word or two.");
}

#[test]
fn a_field_of_a_packet() {
    let kind = field();
    for typed in ["0x012", "0x12", "18", "SYN, ACK", "ack syn", "SYN+ACK", "syn/ack", "SYN-ACK"] {
        points(&kind, text(typed), FULL);
    }
    let near = points(&kind, text("syn"), 0);
    assert_eq!(near.right, "0x012 (SYN, ACK: accepts the connection)");
    assert_eq!(near.remarks[0].why, "it also acknowledges");
    points(&kind, text("ACK"), 0);
    points(&kind, text("12"), 0);
    let (_, attempt) = asked(kind);
    assert_eq!(attempt.prompt, "RTT {rtt}, not {answer}, packet 5");
}

#[test]
fn a_card_is_graded_by_its_rubric() {
    let met = |met: &[bool]| Answer::Rubric { met: met.into(), text: String::new() };
    points(&card(), met(&[true, true, true]), FULL);
    assert_eq!(points(&card(), met(&[true]), 333_333).verdict, Verdict::Partly);
    points(&card(), met(&[]), 0);
    assert_eq!(said(&card(), met(&[true; 4])), "The rubric has 3 points.");
}

#[test]
fn chosen_values_are_judged_by_a_run_with_them() {
    let right = points(&design(), values("40 ms"), FULL);
    let said: Vec<&str> = right.remarks.iter().map(|it| it.about.as_str()).collect();
    assert_eq!(said, ["answered within 100 ms: 80 ms, at most 100 ms", "no less than 20 ms: 40 ms, at least 20 ms"]);
    // What is met needs no reason why it failed.
    assert_eq!(right.remarks.iter().map(|it| it.why.as_str()).collect::<Vec<_>>(), ["", ""]);
    // What works and costs too much is half of it; what costs little and does not work is nothing.
    assert_eq!(points(&design(), values("10ms"), FULL / 2).verdict, Verdict::Partly);
    let slow = points(&design(), values("60ms"), 0);
    assert_eq!(slow.remarks.iter().map(|it| it.right).collect::<Vec<_>>(), [false, true]);
    assert_eq!(slow.remarks[0].why, "it took 120 ms");
    assert!(slow.right.starts_with("rtt 50 ms "), "{}", slow.right);
}

#[test]
fn an_explanation_tells_of_the_model_answers_run_and_not_of_the_one_before() {
    let Kind::Design(mut design) = design() else { panic!("a design") };
    design.before = Some([("rtt".to_owned(), "90ms".to_owned())].into());
    let mut question = question(Kind::Design(design));
    question.prompt = "so far {first_byte}".to_owned();
    question.explanation = "then {first_byte}".to_owned();
    let attempt = Attempt::new(&question, 7, &Facts).expect("an attempt");
    assert_eq!([attempt.prompt.as_str(), attempt.explanation.as_str()], ["so far 180 ms", "then 100 ms"]);
}

#[test]
fn a_tempting_answer_is_recognised() {
    let grade = points(&design(), values("0.1s"), 0);
    assert_eq!(grade.remarks.last().map(|it| it.why.as_str()), Some("that is one way"));
    assert_eq!(points(&design(), values("90ms"), 0).remarks.len(), 2);
}

#[test]
fn a_value_that_no_run_can_have_is_said_and_not_graded() {
    assert_eq!(
        said(&design(), values("40")),
        "`rtt` (the round trip): `40` is not a time without its unit: write 40ms or 40s."
    );
    assert_eq!(said(&design(), values("2s")), "`rtt` goes from 1 ms to 1 s.");
    let missing = "`rtt` has no value yet. Write one: 1 ms to 1 s (the round trip).";
    assert_eq!(said(&design(), values(" ")), missing);
    assert_eq!(said(&design(), Answer::Values(BTreeMap::new())), missing);
    assert_eq!(said(&design(), number("40ms")), "This question is answered with values.");
}

#[test]
fn the_run_that_judges_has_the_chosen_values_and_a_skipped_one_the_models() {
    let (_, attempt) = asked(design());
    let run = |answer: &Answer| attempt.judged_by(answer, &Facts).expect("readable").expect("a run");
    assert_eq!(run(&values("40 ms")).knobs["rtt"], "40ms");
    assert_eq!(run(&Answer::Skipped).knobs["rtt"], "50ms");
    assert_eq!(run(&values("40 ms")).seed, run(&Answer::Skipped).seed);
}

#[test]
fn a_model_answer_that_never_passes_cannot_be_asked() {
    let Kind::Design(mut design) = design() else { panic!("a design") };
    design.choose[0].answer = "budget".to_owned();
    let error = Attempt::new(&question(Kind::Design(design)), 7, &Facts).expect_err("it fails");
    assert_eq!(error, "w01.test: the model answer does not meet its own criteria");
}

fn kinds() -> Vec<Kind> {
    vec![
        Kind::Single(vec![choice("a", true), choice("b", false)]),
        Kind::Multiple(four()),
        statement(true),
        statement(false),
        numeric(),
        Kind::Order(items()),
        Kind::Match(pairs()),
        short(),
        field(),
        predict(),
        design(),
        card(),
    ]
}

/// The right answer, taken from the question and the attempt alone.
fn right(question: &Question, attempt: &Attempt) -> Answer {
    let correct = |options: &[Choice]| (0..options.len()).filter(|at| options[*at].correct).collect::<Vec<_>>();
    match (&question.kind, &attempt.asked) {
        (Kind::Single(options) | Kind::Multiple(options), _) => Answer::Choices(correct(options)),
        (Kind::TrueFalse { truth, corrections, .. }, _) => {
            Answer::Truth { says: *truth, correction: correct(corrections).first().copied() }
        }
        (Kind::Order(items), _) => Answer::Sequence((0..items.len()).collect()),
        (Kind::Match(pairs), _) => Answer::Sequence((0..pairs.len()).collect()),
        (Kind::Short { accept, .. }, _) => text(&accept[0]),
        (Kind::Card { rubric, .. }, _) => Answer::Rubric { met: vec![true; rubric.len()], text: String::new() },
        (_, Asked::Number { truth, .. }) => number(&format!("{:#}", truth.value)),
        (_, Asked::Field { revealed, .. }) => text(&revealed.value),
        (_, Asked::Design(asked)) => Answer::Values(asked.model.clone()),
        _ => panic!("an attempt of another question"),
    }
}

#[test]
fn giving_up_is_wrong_and_is_told_what_was_right() {
    for kind in kinds() {
        let grade = points(&kind, Answer::Skipped, 0);
        assert_eq!(grade.verdict, Verdict::Wrong);
        assert!(!grade.right.is_empty(), "{kind:?}");
    }
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let indices = || prop::collection::vec(0..6_usize, 0..6);
    prop_oneof![
        indices().prop_map(Answer::Choices),
        indices().prop_map(Answer::Sequence),
        (any::<bool>(), prop::option::of(0..4_usize)).prop_map(|(says, correction)| Answer::Truth { says, correction }),
        "\\PC{0,12}|-?[0-9]{1,18}(ms|s|B|%|)|SYN|0x[0-9]{1,20}".prop_map(Answer::Number),
        "\\PC{0,12}|SYN|0x[0-9]{1,20}".prop_map(Answer::Text),
        "\\PC{0,12}|-?[0-9]{1,18}(ms|s|)".prop_map(|text| values(&text)),
        prop::collection::vec(any::<bool>(), 0..5).prop_map(|met| Answer::Rubric { met, text: String::new() }),
        Just(Answer::Skipped),
    ]
}

proptest! {
    #[test]
    fn any_answer_to_any_question_is_graded_within_bounds_or_sent_back(answer in any_answer(), seed: u64) {
        for kind in kinds() {
            let question = question(kind);
            let attempt = Attempt::new(&question, seed, &Facts).expect("an attempt");
            match grade(&question, &attempt, &answer, &Facts) {
                Ok(grade) => prop_assert!((0..=FULL).contains(&grade.points_ppm)),
                Err(Unreadable(message)) => prop_assert!(message.ends_with('.'), "{}", message),
            }
        }
    }

    #[test]
    fn the_right_answer_has_all_points_whatever_the_seed(seed: u64) {
        for kind in kinds() {
            let question = question(kind);
            let attempt = Attempt::new(&question, seed, &Facts).expect("an attempt");
            let again = Attempt::new(&question, seed, &Facts).expect("an attempt");
            prop_assert_eq!(&attempt, &again);
            let grade = grade(&question, &attempt, &right(&question, &attempt), &Facts).expect("a grade");
            prop_assert_eq!(grade.points_ppm, FULL);
            prop_assert!(grade.remarks.iter().all(|remark| remark.right));
        }
    }

    #[test]
    fn shuffles_keep_every_option_once(seed: u64) {
        for kind in [Kind::Multiple(four()), Kind::Order(items()), Kind::Match(pairs())] {
            let question = question(kind);
            let attempt = Attempt::new(&question, seed, &Facts).expect("an attempt");
            let order: Vec<usize> = attempt.options().iter().map(|it| it.index).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, vec![0, 1, 2, 3]);
            prop_assert!(matches!(question.kind, Kind::Multiple(_)) || !order.is_sorted());
        }
    }
}
