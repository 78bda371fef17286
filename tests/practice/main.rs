//! The course's own questions, asked and answered against the real lab.
mod exercises;

use roundtrip::content::{self, Choice, Kind, Question};
use roundtrip::practice::grade::FULL;
use roundtrip::practice::{Answer, Asked, Attempt, Verdict, grade};
use roundtrip::tui::runs::DemoRuns;

/// Each question is asked so often: knobs, parameters and runs differ.
const SEEDS: u64 = 4;

fn course() -> Vec<Question> {
    let (course, _) = content::load(content::Source::Embedded);
    let questions: Vec<Question> = course.questions().cloned().collect();
    assert!(questions.len() >= 10, "{} questions", questions.len());
    questions
}

/// What is right, taken from the question and what its attempt drew.
fn right(question: &Question, attempt: &Attempt) -> Answer {
    let correct = |options: &[Choice]| (0..options.len()).filter(|at| options[*at].correct).collect::<Vec<_>>();
    match (attempt.kind(question), &attempt.asked) {
        (Kind::Single(options) | Kind::Multiple(options), _) => Answer::Choices(correct(options)),
        (Kind::TrueFalse { truth, corrections, .. }, _) => {
            Answer::Truth { says: *truth, correction: correct(corrections).first().copied() }
        }
        (Kind::Order(items), _) => Answer::Sequence((0..items.len()).collect()),
        (Kind::Match(pairs), _) => Answer::Sequence((0..pairs.len()).collect()),
        (Kind::Short { accept, .. }, _) => Answer::Text(accept[0].clone()),
        (Kind::Card { rubric, .. }, _) => Answer::Rubric { met: vec![true; rubric.len()], text: String::new() },
        (_, Asked::Number { truth, .. }) => Answer::Number(truth.value.to_string()),
        (_, Asked::Field { revealed, .. }) => Answer::Text(revealed.value.clone()),
        (_, Asked::Design(asked)) => Answer::Values(asked.model.clone()),
        (_, Asked::Fill(gaps)) => Answer::Values(exercises::right(gaps)),
        _ => panic!("{}: an attempt of another question", question.id),
    }
}

#[test]
fn every_question_can_be_asked_and_its_right_answer_has_all_points() {
    let mut problems = Vec::new();
    for question in course() {
        for seed in 0..SEEDS {
            let graded = Attempt::new(&question, seed, &DemoRuns).and_then(|attempt| {
                let answer = right(&question, &attempt);
                let graded = grade(&question, &attempt, &answer, &DemoRuns)
                    .map_err(|error| format!("{}: {error}", question.id))?;
                match graded.points_ppm {
                    FULL => Ok(()),
                    points => Err(format!("{}: {answer:?} has {points} points", question.id)),
                }
            });
            problems.extend(graded.err());
        }
    }
    problems.dedup();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn no_near_word_is_right_and_no_near_number_is_the_answer() {
    let mut problems = Vec::new();
    for question in course() {
        for seed in 0..SEEDS {
            let Ok(attempt) = Attempt::new(&question, seed, &DemoRuns) else { continue };
            let wrong: Vec<Answer> = match (&question.kind, &attempt.asked) {
                (Kind::Short { near, .. }, _) => near.iter().map(|it| Answer::Text(it.text.clone())).collect(),
                (Kind::Field(hidden), _) => hidden.near.iter().map(|it| Answer::Text(it.text.clone())).collect(),
                (_, Asked::Number { near, .. }) => {
                    near.iter().map(|it| Answer::Number(format!("{:#}", it.value))).collect()
                }
                _ => Vec::new(),
            };
            for answer in wrong {
                match grade(&question, &attempt, &answer, &DemoRuns) {
                    Ok(graded) if graded.verdict == Verdict::Wrong && !graded.remarks.is_empty() => {}
                    Ok(_) => problems.push(format!("{}: {answer:?} is not told apart", question.id)),
                    Err(error) => problems.push(format!("{}: {answer:?}: {error}", question.id)),
                }
            }
        }
    }
    problems.dedup();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn no_placeholder_is_left_in_what_is_shown() {
    let mut problems = Vec::new();
    for question in course() {
        let Ok(attempt) = Attempt::new(&question, 1, &DemoRuns) else { continue };
        let shown = [&attempt.prompt, &attempt.explanation].into_iter().chain(&attempt.hints);
        let left = shown.filter(|text| text.contains(['{', '}']));
        problems.extend(left.map(|text| format!("{}: {text}", question.id)));
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
