//! The keys that answer a question, right or wrong, read off the attempt that is asked.
use crossterm::event::KeyCode;
use roundtrip::content::{Choice, Kind, Question};
use roundtrip::practice::{Asked, Attempt, Value};
use roundtrip::tui::runs::DemoRuns;

use crate::learner::{Learner, course};

/// Answers the question on show, wholly right or as wrong as its kind allows.
pub(crate) fn answer(learner: &mut Learner, id: &str, right: bool) {
    let course = course();
    let question = course.question(id).unwrap_or_else(|| panic!("there is a question {id}"));
    let attempt = Attempt::new(question, 7, &DemoRuns).expect("the course's questions can be asked");
    match (attempt.kind(question), &attempt.asked) {
        (Kind::Single(options), _) => pick_one(learner, options, &attempt, right),
        (Kind::Multiple(options), _) => {
            for (row, shown) in attempt.options().iter().enumerate() {
                if options[shown.index].correct == right {
                    learner.keys(&(row + 1).to_string());
                }
            }
        }
        (Kind::TrueFalse { truth, corrections, .. }, _) => {
            learner.keys(if *truth == right { "t" } else { "f" });
            if right && !truth {
                learner.enter();
                pick_one(learner, corrections, &attempt, true);
            }
        }
        (Kind::Order(items), _) if right => arrange(learner, items.len(), &attempt),
        // The order shown first is never the right one.
        (Kind::Order(_), _) => {}
        (Kind::Match(_), _) => pair(learner, &attempt, right),
        (Kind::Card { rubric, .. }, _) => {
            learner.keys("each layer adds its header").enter();
            for point in 0..if right { rubric.len() } else { 1 } {
                learner.keys(&(point + 1).to_string());
            }
        }
        (_, Asked::Design(asked)) => {
            let chosen = asked.tempting.first().filter(|_| !right).unwrap_or(&asked.model);
            for blank in &asked.blanks {
                learner.keys(chosen.get(&blank.knob).unwrap_or(&asked.model[&blank.knob]));
                learner.times(1, KeyCode::Down);
            }
        }
        (_, Asked::Fill(gaps)) => {
            for gap in gaps {
                let value = if right { &gap.right } else { &gap.near[0].value };
                learner.keys(&match value {
                    Value::Number(number) => number.to_string(),
                    Value::Time(ns) => format!("{ns}ns"),
                    Value::Text(text) => text.clone(),
                });
                learner.times(1, KeyCode::Down);
            }
        }
        (_, asked) => {
            learner.keys(&typed(question, asked, right));
        }
    }
    learner.enter();
}

fn pick_one(learner: &mut Learner, options: &[Choice], attempt: &Attempt, right: bool) {
    let row = attempt.options().iter().position(|shown| options[shown.index].correct == right);
    learner.keys(&(row.expect("some are right, some are wrong") + 1).to_string());
}

fn arrange(learner: &mut Learner, count: usize, attempt: &Attempt) {
    let mut order: Vec<usize> = attempt.options().iter().map(|shown| shown.index).collect();
    for place in 0..count {
        let from = order.iter().position(|index| *index == place).expect("every item is somewhere");
        learner.times(count, KeyCode::Up);
        learner.times(from, KeyCode::Down);
        learner.keys(" ");
        learner.times(from - place, KeyCode::Up);
        learner.keys(" ");
        let item = order.remove(from);
        order.insert(place, item);
    }
}

fn pair(learner: &mut Learner, attempt: &Attempt, right: bool) {
    let count = attempt.lefts().len();
    for left in 0..count {
        let wanted = if right { left } else { (left + 1) % count };
        let row =
            attempt.options().iter().position(|shown| shown.index == wanted).expect("every pair has a right side");
        learner.keys(&(row + 1).to_string());
    }
}

fn typed(question: &Question, asked: &Asked, right: bool) -> String {
    match (&question.kind, asked) {
        (_, Asked::Number { truth, near, .. }) => match near.first() {
            Some(near) if !right => near.value.to_string(),
            None if !right => "1".to_owned(),
            _ => truth.value.to_string(),
        },
        (Kind::Field(hidden), Asked::Field { revealed, .. }) => match hidden.near.first() {
            Some(near) if !right => near.text.clone(),
            _ if !right => "nothing".to_owned(),
            _ => revealed.value.clone(),
        },
        (Kind::Short { accept, near }, _) => match near.first() {
            Some(near) if !right => near.text.clone(),
            _ if !right => "no idea".to_owned(),
            _ => accept[0].clone(),
        },
        _ => panic!("{} is not answered by typing", question.id),
    }
}
