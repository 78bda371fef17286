//! Exercises made of live bytes: over many seeds each has one right answer, which follows from what is shown.
use std::collections::{BTreeMap, BTreeSet};

use roundtrip::content::{self, Exercise, Kind, Question};
use roundtrip::practice::grade::FULL;
use roundtrip::practice::{Answer, Asked, Attempt, Gap, Value, Verdict, grade};
use roundtrip::tui::runs::DemoRuns;

/// Runs of each exercise.
const SEEDS: u64 = 24;

/// Every exercise of the course.
fn all() -> Vec<(Question, Exercise)> {
    let (course, _) = content::load(content::Source::Embedded);
    let exercise = |question: &Question| match &question.kind {
        Kind::Exercise(exercise) => Some((question.clone(), exercise.clone())),
        _ => None,
    };
    course.questions().filter_map(exercise).collect()
}

fn of(make: &str) -> Question {
    all().into_iter().find(|(_, it)| it.make == make).expect("the course has it").0
}

fn asked(question: &Question, seed: u64) -> Attempt {
    Attempt::new(question, seed, &DemoRuns).unwrap_or_else(|error| panic!("seed {seed}: {error}"))
}

fn written(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Time(ns) => format!("{ns}ns"),
        Value::Text(text) => text.clone(),
    }
}

/// What is right in every gap.
pub(crate) fn right(gaps: &[Gap]) -> BTreeMap<String, String> {
    gaps.iter().map(|it| (it.label.clone(), written(&it.right))).collect()
}

fn graded(question: &Question, attempt: &Attempt, answer: &Answer) -> roundtrip::practice::Grade {
    grade(question, attempt, answer, &DemoRuns).unwrap_or_else(|error| panic!("{}: {error}", question.id))
}

#[test]
fn every_kind_is_asked_in_the_course() {
    let asked: BTreeSet<String> = all().into_iter().map(|(_, it)| it.make).collect();
    assert_eq!(asked, roundtrip::wire::exercise::names().map(str::to_owned).collect());
}

#[test]
fn one_answer_is_right_and_every_mistake_is_wrong_with_a_reason_of_its_own() {
    for (question, _) in all() {
        for seed in 0..SEEDS {
            let attempt = asked(&question, seed);
            let place = format!("{} seed {seed}", question.id);
            assert_eq!(attempt, asked(&question, seed), "{place}: the same seed asks the same");
            match (attempt.kind(&question), &attempt.asked) {
                (_, Asked::Fill(gaps)) => gaps_hold(&question, &attempt, gaps, &place),
                (Kind::Single(options), _) => {
                    assert!((4..=9).contains(&options.len()), "{place}: {options:?}");
                    assert_eq!(options.iter().filter(|it| it.correct).count(), 1, "{place}: {options:?}");
                    let texts: BTreeSet<&str> = options.iter().map(|it| it.text.as_str()).collect();
                    let whys: BTreeSet<&str> = options.iter().map(|it| it.why.as_str()).collect();
                    assert_eq!((texts.len(), whys.len()), (options.len(), options.len()), "{place}: {options:?}");
                    for (at, option) in options.iter().enumerate() {
                        let points = graded(&question, &attempt, &Answer::Choices(vec![at])).points_ppm;
                        assert_eq!(points == FULL, option.correct, "{place}: {option:?}");
                    }
                }
                (Kind::Order(items), _) => {
                    assert!((4..=6).contains(&items.len()), "{place}: {items:?}");
                    let texts: BTreeSet<&str> = items.iter().map(|it| it.text.as_str()).collect();
                    assert_eq!(texts.len(), items.len(), "{place}: {items:?}");
                    assert!(items.iter().all(|it| !it.why.is_empty()), "{place}: {items:?}");
                    let order: Vec<usize> = (0..items.len()).collect();
                    assert_eq!(graded(&question, &attempt, &Answer::Sequence(order.clone())).points_ppm, FULL);
                    for at in 1..items.len() {
                        let mut swapped = order.clone();
                        swapped.swap(at - 1, at);
                        assert!(graded(&question, &attempt, &Answer::Sequence(swapped)).points_ppm < FULL, "{place}");
                    }
                }
                (kind, _) => panic!("{place}: {kind:?}"),
            }
        }
    }
}

fn gaps_hold(question: &Question, attempt: &Attempt, gaps: &[Gap], place: &str) {
    let right = right(gaps);
    assert_eq!(right.len(), gaps.len(), "{place}: no two fields have one name");
    assert_eq!(graded(question, attempt, &Answer::Values(right.clone())).points_ppm, FULL, "{place}: {right:?}");
    for gap in gaps {
        assert!(!gap.why.is_empty(), "{place}: {gap:?}");
        for near in &gap.near {
            let mut answer = right.clone();
            answer.insert(gap.label.clone(), written(&near.value));
            let grade = graded(question, attempt, &Answer::Values(answer));
            let told = grade.remarks.iter().find(|it| !it.right).unwrap_or_else(|| panic!("{place}: {gap:?}"));
            assert_ne!(grade.verdict, Verdict::Right, "{place}: {near:?}");
            assert!(told.why.starts_with(&near.why) || matches!(near.value, Value::Time(_)), "{place}: {told:?}");
        }
    }
}

#[test]
fn another_seed_is_another_exercise() {
    for (question, _) in all() {
        let prompts: BTreeSet<String> = (0..SEEDS)
            .map(|seed| {
                let attempt = asked(&question, seed);
                format!("{}{:?}{:?}", attempt.prompt, attempt.asked, attempt.run())
            })
            .collect();
        assert!(prompts.len() as u64 > SEEDS / 2, "{}: {} of {SEEDS}", question.id, prompts.len());
    }
}

#[test]
fn a_run_that_lacks_what_an_exercise_takes_is_told_so() {
    let (question, mut exercise) = all().into_iter().find(|(_, it)| it.make == "tls").expect("the course has it");
    exercise.knobs.insert("tls".to_owned(), vec!["off".to_owned()]);
    let without = Question { kind: Kind::Exercise(exercise.clone()), ..question.clone() };
    let error = Attempt::new(&without, 1, &DemoRuns).expect_err("no TLS");
    assert!(error.contains("This capture has no TLS"), "{error}");
    exercise.tap = "nobody".to_owned();
    let error =
        Attempt::new(&Question { kind: Kind::Exercise(exercise), ..question }, 1, &DemoRuns).expect_err("no node");
    assert!(error.contains("no node `nobody`"), "{error}");
}

/// A line of a connection, read off the prompt as a learner does.
#[derive(Clone, Debug)]
struct Line {
    from_server: bool,
    flags: String,
    seq: u64,
    ack: Option<u64>,
    len: u64,
}

fn number(text: &str, name: &str) -> Option<u64> {
    let at = text.to_lowercase().find(name)? + name.len();
    let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn line(text: &str) -> Option<Line> {
    let from_server = text.contains("server > client");
    if !from_server && !text.contains("client > server") {
        return None;
    }
    let flags = text.split_once('[')?.1.split_once(']')?.0.to_owned();
    Some(Line { from_server, flags, seq: number(text, "seq=")?, ack: number(text, "ack="), len: number(text, "len=")? })
}

impl Line {
    fn end(&self) -> u64 {
        self.seq + self.len + u64::from(self.flags.contains("SYN")) + u64::from(self.flags.contains("FIN"))
    }
}

/// RFC 9293 §3.4 from the lines alone: how far one side's numbers have come without a gap.
fn whole(lines: &[Line], of_server: bool) -> u64 {
    let told = lines.iter().filter(|it| it.from_server != of_server).filter_map(|it| it.ack).max();
    let begun = lines.iter().filter(|it| it.from_server == of_server && it.flags.contains("SYN")).map(Line::end).max();
    let mut end = told.max(begun).expect("something in sight says where to begin");
    for _ in lines {
        let further = lines.iter().filter(|it| it.from_server == of_server && it.seq <= end).map(Line::end).max();
        end = further.unwrap_or(end).max(end);
    }
    end
}

#[test]
fn an_ack_number_follows_from_the_lines_in_sight() {
    let question = of("ack");
    let (mut gaps, mut signs) = (0, 0);
    for seed in 0..SEEDS {
        let attempt = asked(&question, seed);
        let lines: Vec<Line> = attempt.prompt.lines().filter_map(line).collect();
        let (own, before) = lines.split_last().expect("lines");
        assert_eq!(own.ack, None, "it is hidden: {}", attempt.prompt);
        let follows = whole(before, !own.from_server);
        let Asked::Fill(asked) = &attempt.asked else { panic!("{attempt:?}") };
        assert_eq!(asked[0].right, Value::Number(follows), "seed {seed}: {}", attempt.prompt);
        gaps += usize::from(before.iter().any(|it| it.from_server != own.from_server && it.seq > follows));
        let last = before.iter().rfind(|it| it.from_server != own.from_server && it.end() > it.seq).expect("a segment");
        signs += usize::from(last.len == 0);
    }
    assert!(gaps > 0 && signs > 0, "gaps {gaps}, SYN or FIN {signs}");
}

#[test]
fn the_fields_of_a_segment_follow_from_what_is_in_sight() {
    let question = of("segment");
    let mut seen = BTreeSet::new();
    for seed in 0..SEEDS {
        let attempt = asked(&question, seed);
        let prompt = &attempt.prompt;
        let lines: Vec<Line> = prompt.lines().filter_map(line).collect();
        let field = |label: &str| {
            let line = prompt.lines().find_map(|it| it.trim().strip_prefix(&format!("{label}: ")));
            line.unwrap_or_else(|| panic!("no {label}: {prompt}")).to_owned()
        };
        let client_is = prompt.split("client: ").nth(1).and_then(|it| it.split(';').next()).expect("it is named");
        let server_is = prompt.split("server: ").nth(1).and_then(|it| it.split(". The").next()).expect("it is named");
        let from = field("IP").split(" > ").next().expect("an address").to_owned();
        let from_server = server_is.starts_with(&from);
        assert!(from_server || client_is.starts_with(&from), "{prompt}");
        let port = |end: &str| end.rsplit(' ').next().expect("a port").to_owned();
        let (ours, theirs) = if from_server { (server_is, client_is) } else { (client_is, server_is) };
        let mine = lines.iter().rfind(|it| it.from_server == from_server);
        let sizes: Vec<u64> =
            field("TCP header").split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect();
        let ip = number(&field("IP"), "header of ").expect("its header");
        let Asked::Fill(gaps) = &attempt.asked else { panic!("{attempt:?}") };
        for gap in gaps {
            assert_eq!(field(&gap.label), "?", "{prompt}");
            let follows = match gap.label.as_str() {
                "source port" => port(ours),
                "destination port" => port(theirs),
                "sequence number" => (mine.expect("one before").end() % (1 << 32)).to_string(),
                "ACK number" => (whole(&lines, !from_server) % (1 << 32)).to_string(),
                "IP total length" => (ip + sizes[0] + sizes[1]).to_string(),
                "flags" => "SYN, ACK".to_owned(),
                other => panic!("{other}"),
            };
            assert_eq!(written(&gap.right), follows, "{}, seed {seed}: {prompt}", gap.label);
            seen.insert(gap.label.clone());
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn what_is_hidden_behind_a_router_or_in_an_answer_stands_elsewhere_in_sight() {
    for make in ["hop", "answer"] {
        let question = of(make);
        for seed in 0..SEEDS {
            let attempt = asked(&question, seed);
            let Asked::Fill(gaps) = &attempt.asked else { panic!("{attempt:?}") };
            for gap in gaps {
                let right = match (gap.label.as_str(), &gap.right) {
                    // One less than it came with; eight more than the message.
                    ("TTL", Value::Number(ttl)) => format!("TTL {}", ttl + 1),
                    ("UDP length", Value::Number(length)) => format!("DNS message: {} bytes", length - 8),
                    ("DNS id", Value::Number(id)) => format!("0x{id:04x}"),
                    (_, value) => written(value),
                };
                assert!(attempt.prompt.contains(&right), "{make} seed {seed}: {right}: {}", attempt.prompt);
                assert!(attempt.prompt.contains(&format!("{}: ?", gap.label)), "{}", attempt.prompt);
            }
        }
    }
}

#[test]
fn what_was_lost_is_the_hole_in_the_lines_and_what_the_link_took() {
    use roundtrip::demos::{self, Setup};
    use roundtrip::recording::Fate;
    let question = of("lost");
    for seed in 0..SEEDS {
        let attempt = asked(&question, seed);
        let lines: Vec<Line> = attempt.prompt.lines().filter_map(line).collect();
        let Kind::Single(options) = attempt.kind(&question) else { panic!("{attempt:?}") };
        let right = options.iter().find(|it| it.correct).and_then(|it| line(&it.text)).expect("a segment");
        let side: Vec<&Line> = lines.iter().filter(|it| it.from_server == right.from_server && it.len > 0).collect();
        let holes: Vec<(u64, u64)> =
            side.windows(2).filter(|it| it[1].seq > it[0].end()).map(|it| (it[0].end(), it[1].seq)).collect();
        assert_eq!(holes, [(right.seq, right.end())], "seed {seed}: {}", attempt.prompt);
        for wrong in options.iter().filter(|it| !it.correct).filter_map(|it| line(&it.text)) {
            let passed =
                lines.iter().any(|it| (it.from_server, it.seq, it.len) == (wrong.from_server, wrong.seq, wrong.len));
            let cannot = wrong.len == 0 && wrong.ack > Some(right.seq);
            assert!(passed || cannot, "seed {seed}: {wrong:?} {}", attempt.prompt);
        }
        let run = attempt.run().expect("it has a run");
        let recording =
            demos::run(&run.demo, &run.knobs, &Setup { seed: run.seed, ..Setup::default() }).expect("it runs");
        let lost: Vec<_> = recording.packets.iter().filter(|it| matches!(it.fate, Fate::Lost(_))).collect();
        assert_eq!(lost.len(), 1, "one loss");
        let decoded = roundtrip::wire::decode(&lost[0].bytes);
        let data = lost[0].bytes.len() - decoded.layer("tcp").expect("TCP").bytes.end;
        assert_eq!(data as u64, right.len, "seed {seed}");
    }
}

#[test]
fn in_an_order_each_line_needs_the_one_before() {
    let question = of("order");
    let (mut openings, mut connections) = (0, 0);
    for seed in 0..SEEDS {
        let attempt = asked(&question, seed);
        let Kind::Order(items) = attempt.kind(&question) else { panic!("{attempt:?}") };
        let lines: Vec<Line> = items.iter().filter_map(|it| line(&it.text)).collect();
        if lines.len() < items.len() {
            assert!(items[0].text.starts_with("ARP: who has"), "{items:?}");
            openings += 1;
            continue;
        }
        connections += 1;
        for pair in lines.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            let answers = a.from_server != b.from_server && a.end() > a.seq && b.ack >= Some(a.end());
            let goes_on = a.from_server == b.from_server && a.end() > a.seq && b.seq >= a.end();
            let knows_more = a.from_server == b.from_server && b.ack > a.ack;
            assert!(answers || goes_on || knows_more, "seed {seed}: {a:?} then {b:?}");
        }
    }
    assert!(openings > 0 && connections > 0, "{openings} openings, {connections} connections");
}
