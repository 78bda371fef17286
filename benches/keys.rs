//! From a key to the painted screen while a demo plays: update, draw, and the bytes for the terminal.
//!
//! `cargo bench --bench keys` presses some thousand keys in each view and prints the median, the 99th percentile and the
//! slowest. What the terminal then takes to show them is not ours and not in here.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::backend::{Backend, CrosstermBackend, TestBackend};
use ratatui::layout::{Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};
use roundtrip::content::{self, DemoRef, Source};
use roundtrip::lab::{Lab, Limits, LinkOptions};
use roundtrip::net::Net as _;
use roundtrip::recording::{Recording, Run};
use roundtrip::tui::action::{Effect, Event, Outcome, Place};
use roundtrip::tui::app::{App, World};
use roundtrip::tui::theme::Theme;
use roundtrip::tui::views::Prepared;
use roundtrip::tui::{perform, view};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Keys in each view.
const KEYS: usize = 1500;

/// What the screen may take; beyond it a person begins to notice.
const AIM: Duration = Duration::from_millis(8);

/// A congestion-window run of 20 MB: seven times what the demo's knob allows.
const LARGE: &str = "20 MB";
const LARGE_BYTES: usize = 20_000_000;

fn main() {
    println!("{:<14} {:<10} {:>8} {:>9} {:>9} {:>9}   {KEYS} keys each", "demo", "view", "size", "p50", "p99", "most");
    let mut worst = Duration::ZERO;
    for demo in ["tcp-vs-udp", "packet-tour", LARGE] {
        for (index, view) in
            ["sequence", "packets", "waterfall", "topology", "chart", "table", "states"].iter().enumerate()
        {
            for size in [Size::new(120, 40), Size::new(200, 60)] {
                let times = pressed(demo, index, size, &mut painter(size, io::sink()));
                worst = worst.max(told((demo, view, size), times));
            }
        }
    }
    let size = Size::new(120, 40);
    let cells = Terminal::new(TestBackend::new(size.width, size.height)).expect("cells in memory");
    worst = worst.max(told(("tcp-vs-udp", "(cells)", size), pressed("tcp-vs-udp", 0, size, &mut { cells })));
    let word = if worst < AIM { "within" } else { "BEYOND" };
    println!("\nslowest p99: {worst:.2?}, {word} the aim of {AIM:?}");
}

/// A terminal that writes its bytes somewhere.
fn painter<W: io::Write>(size: Size, to: W) -> Terminal<CrosstermBackend<W>> {
    // Fixed: there is no terminal to ask for its size.
    let viewport = Viewport::Fixed(Rect::new(0, 0, size.width, size.height));
    Terminal::with_options(CrosstermBackend::new(to), TerminalOptions { viewport }).expect("a fixed size")
}

/// Plays a demo in a view, presses keys between its frames, and times each key until its bytes are written.
fn pressed<B: Backend<Error: std::fmt::Debug>>(
    demo: &str,
    view: usize,
    size: Size,
    terminal: &mut Terminal<B>,
) -> Vec<Duration> {
    let mut app = app(size);
    let name = if demo == LARGE { "congestion-window" } else { demo };
    let place = Place::Demo { demo: DemoRef { name: name.to_owned(), ..DemoRef::default() }, seed: 1 };
    let effects = app.go(place);
    carry_out(&mut app, effects, demo == LARGE);
    let digit = char::from_digit(u32::try_from(view).unwrap_or(0) + 1, 10).expect("six views");
    press(&mut app, KeyCode::Char(digit));
    // Steps, markers, speeds and reasons, in the list, and the demo goes on playing after each.
    let keys = [
        KeyCode::Right,
        KeyCode::Down,
        KeyCode::Char(']'),
        KeyCode::Char('e'),
        KeyCode::Left,
        KeyCode::Char('>'),
        KeyCode::Char('<'),
    ];
    let mut times = Vec::with_capacity(KEYS);
    for (index, key) in keys.into_iter().cycle().take(KEYS).enumerate() {
        let tick = app.update(Event::Tick(Duration::from_millis(33)));
        carry_out(&mut app, tick, false);
        paint(terminal, &app);
        let begun = Instant::now();
        let effects = app.update(Event::Key(KeyEvent::from(key)));
        paint(terminal, &app);
        times.push(begun.elapsed());
        carry_out(&mut app, effects, false);
        if !is_playing(&app) {
            press(&mut app, if index % 97 == 0 { KeyCode::Home } else { KeyCode::Char(' ') });
        }
    }
    times
}

fn paint<B: Backend<Error: std::fmt::Debug>>(terminal: &mut Terminal<B>, app: &App) {
    terminal.draw(|frame| view::draw(frame, app)).expect("nothing to fail");
}

fn press(app: &mut App, key: KeyCode) {
    let effects = app.update(Event::Key(KeyEvent::from(key)));
    carry_out(app, effects, false);
}

fn is_playing(app: &App) -> bool {
    app.pace().is_some()
}

/// Does what the app asks for; with `large`, a run is answered by the large one.
fn carry_out(app: &mut App, effects: Vec<Effect>, large: bool) {
    let mut waiting = effects;
    while let Some(effect) = waiting.pop() {
        let mut outcomes = Vec::new();
        match (effect, large) {
            (Effect::Run { demo, knobs, setup }, true) => {
                let run = (demo.run)(&knobs, &setup).run;
                outcomes.push(Outcome::Ran(Arc::new(Prepared::new(Arc::new(download(run))))));
            }
            (effect, _) => perform::carry_out(effect, &app.world.content, &mut |it| outcomes.push(it)),
        }
        for outcome in outcomes {
            waiting.extend(app.update(Event::Done(outcome)));
        }
    }
}

/// Lab 2B's download with more bytes: 10 Mbit/s, 40 ms, a queue of one BDP, all curves and decisions recorded.
fn download(run: Run) -> Recording {
    let mut lab = Lab::new(1, &[]);
    lab.limit(Limits { steps: 10_000_000, ..Limits::default() });
    let mut host = |name: &str, column: u8, net: u8| {
        let host =
            lab.host(name).at(column, 0).address(&format!("10.0.{net}.1/24")).gateway(&format!("10.0.{net}.254"));
        host.send_buffer(4 << 20).receive_buffer(4 << 20).trace_calls(false).trace_tcp(column == 0).add()
    };
    let (sender, receiver) = (host("sender", 0, 1), host("receiver", 2, 2));
    let r = lab.router("r").at(1, 0).interface("10.0.2.254/24").interface("10.0.1.254/24").add();
    let bottleneck = LinkOptions::default().delay(Duration::from_millis(20)).rate(10_000_000).queue(50_000);
    lab.link(r, receiver, bottleneck.record_queue());
    lab.link(sender, r, LinkOptions::default().rate(100_000_000));
    lab.introduce_everybody();
    let (to, from) = (lab.net(receiver), lab.net(sender));
    let at = std::net::SocketAddr::from(([10, 0, 2, 1], 80));
    lab.run(async move {
        let listener = to.listen(at).await.expect("a free port");
        from.clone().spawn(async move {
            let mut stream = from.connect(at).await.expect("it listens");
            stream.write_all(&vec![7; LARGE_BYTES]).await.expect("it is open");
            stream.shutdown().await.expect("it is open");
        });
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut buffer = vec![0; 64 << 10];
        while let Ok(1..) = stream.read(&mut buffer).await {}
    })
    .expect("the download ends");
    lab.finish(run)
}

fn app(size: Size) -> App {
    App::new(World {
        content: Arc::new(content::load(Source::Embedded).0),
        loaded: true,
        learner: Arc::default(),
        known: true,
        unkept: None,
        unready: None,
        theme: Theme::named("dark").expect("it ships"),
        size,
        today: jiff::civil::date(2026, 3, 2),
        seed: 1,
    })
}

/// Prints a line, gives the 99th percentile.
fn told((demo, view, size): (&str, &str, Size), mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    let (middle, late, most) = (at(50), at(99), at(100));
    let size = format!("{}x{}", size.width, size.height);
    println!("{demo:<14} {view:<10} {size:>8} {middle:>9.2?} {late:>9.2?} {most:>9.2?}");
    late
}
