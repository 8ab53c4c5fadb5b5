//! Killing the process at any moment leaves a state from which the next run converges.

mod company;
mod picture;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use scimulate::base::Random;

use crate::support::process::{Sandbox, Server, now, user_name};
use crate::support::stub::{Deed, Seen, Stub};

/// How often runs are killed, all together; another number in this variable takes longer.
const KILLS: &str = "SCIMULATE_KILLS";
const FEW_KILLS: usize = 24;
/// Kills of one cycle: the run that begins it, and the one that goes on.
const KILLS_PER_CYCLE: usize = 2;
/// What makes the moments; it is said with every failure.
const SEED: &str = "SCIMULATE_SEED";
const USERS: u32 = 300;

/// A company, its endpoint in a process that lives on, and a stub that counts what arrives and refuses one user.
struct Scene {
    sandbox: Sandbox,
    server: Server,
    stub: Stub,
    seen: Vec<Seen>,
}

/// What a play without a kill came to, after each of its cycles.
#[derive(Default)]
struct Acts {
    pictures: Vec<Vec<String>>,
    durations: Vec<Duration>,
}

type Phases = Mutex<BTreeMap<&'static str, usize>>;

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::empty();
        let server = Server::start_in(&sandbox, "--profile scim");
        let stub = Stub::before(&server, |seen| {
            let is_refused = seen.method == "POST" && seen.body.contains(&company::refused());
            if is_refused {
                Deed::Answer("400 Bad Request", "", "{}".to_owned())
            } else {
                // The state is committed every 200 ms: a cycle lasts long enough for several commits.
                Deed::Late(Duration::from_millis(8))
            }
        });
        company::set_up(&sandbox, &stub.url);
        Self { sandbox, server, stub, seen: Vec::new() }
    }

    /// The initial cycle, an incremental one, and one in which nobody is refused any more; `run` runs each.
    fn play(&mut self, mut run: impl FnMut(&mut Self, usize, i32)) -> Vec<Vec<String>> {
        let mut pictures = Vec::new();
        for act in 0..3 {
            match act {
                0 => company::write_before(&self.sandbox),
                1 => company::write_after(&self.sandbox),
                _ => self.stub.mend(),
            }
            run(self, act, if act < 2 { 4 } else { 0 });
            self.seen.extend(self.stub.take_seen());
            pictures.push(picture::picture(&self.sandbox, &self.server));
        }
        pictures
    }

    /// Kills a run when it has lasted so long, and says what it was about.
    fn kill_after(&mut self, delay: Duration) -> &'static str {
        let run = self.sandbox.start("run");
        thread::sleep(delay);
        run.signal("KILL");
        let struck = run.wait().code.is_none();
        // What the endpoint has received it will do, killed or not.
        self.stub.wait_until_idle();
        let seen = self.stub.take_seen();
        let phase = seen.last().map_or("before the test query", phase);
        self.seen.extend(seen);
        if struck { phase } else { "after its end" }
    }

    /// Nothing was created twice.
    fn check_created(&self) {
        let mut created: BTreeMap<String, u32> = BTreeMap::new();
        for seen in self.seen.iter().filter(|seen| seen.method == "POST") {
            let body: serde_json::Value = serde_json::from_str(&seen.body).expect("a POST has a JSON body");
            let name = [&body["userName"], &body["displayName"]].into_iter().find_map(|name| name.as_str());
            *created.entry(name.expect("a name").to_owned()).or_default() += 1;
        }
        created.remove(&company::refused());
        created.retain(|_, count| *count != 1);
        assert!(created.is_empty(), "created more than once: {created:?}");
    }
}

/// What a run was doing when it sent this.
fn phase(seen: &Seen) -> &'static str {
    let is_filter = seen.path.contains("filter=");
    let is_group = seen.path.contains("/Groups");
    let by_name = seen.path.contains("%40") || seen.path.contains("Team");
    match seen.method.as_str() {
        "GET" if is_filter && !by_name => "test query",
        "PATCH" if is_group && seen.body.contains("members") => "members",
        "PATCH" if seen.body.contains("manager") => "managers",
        _ if is_group => "groups",
        _ => "users",
    }
}

#[test]
fn killed_runs_converge_to_what_an_uninterrupted_one_gives() {
    let number = |name, default| setting(name).map_or(default, |value| value.parse().expect("a number"));
    let kills = number(KILLS, FEW_KILLS);
    let seed = number(SEED, 1);
    let begun = now();
    let mut reference = Acts::default();
    let mut scene = Scene::new();
    reference.pictures = scene.play(|scene, _, code| {
        let begun = now();
        scene.sandbox.run("run").with(code);
        reference.durations.push(begun.elapsed());
    });
    scene.check_created();
    check_reference(&scene);

    let plays = kills.div_ceil(2 * KILLS_PER_CYCLE);
    let (next, phases) = (AtomicUsize::new(0), Phases::default());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let play = next.fetch_add(1, Ordering::SeqCst)
                    && play < plays
                {
                    play_with_kills(seed, play, &reference, &phases);
                }
            });
        }
    });
    let struck = phases.into_inner().expect("no play holds it any more");
    let all: usize = struck.values().sum();
    let late = struck.get("after its end").copied().unwrap_or(0);
    let enough = 2 * late <= all && struck.contains_key("users");
    assert!(enough || kills < FEW_KILLS, "too few kills struck a run under way: {struck:?}");
    println!("{plays} plays, kills by phase {struck:?}, seed {seed}, {:?}", begun.elapsed());
}

fn play_with_kills(seed: usize, play: usize, reference: &Acts, phases: &Phases) {
    let mut random = Random::seeded((seed as u64) << 32 | play as u64);
    let mut scene = Scene::new();
    let mut schedule = Vec::new();
    let pictures = scene.play(|scene, act, code| {
        for _ in 0..if act < 2 { KILLS_PER_CYCLE } else { 0 } {
            let delay = reference.durations[act].mul_f64(random.fraction());
            let phase = scene.kill_after(delay);
            schedule.push((act, delay, phase));
            *phases.lock().expect("no play holds it for long").entry(phase).or_default() += 1;
        }
        scene.sandbox.run("run").with(code);
    });
    let context = format!("play {play} of {SEED}={seed}: killed {schedule:?}");
    for (act, (picture, expected)) in pictures.iter().zip(&reference.pictures).enumerate() {
        let lacks: Vec<_> = expected.iter().filter(|line| !picture.contains(line)).collect();
        let extra: Vec<_> = picture.iter().filter(|line| !expected.contains(line)).collect();
        assert!(picture == expected, "{context}\nafter cycle {act} it lacks {lacks:#?}\nand has {extra:#?}");
    }
    scene.check_created();
}

/// The play has what it is to show.
fn check_reference(scene: &Scene) {
    let count = |holds: fn(&Seen) -> bool| scene.seen.iter().filter(|seen| holds(seen)).count();
    assert!(count(|seen| phase(seen) == "members" && seen.body.contains("emove")) > 5);
    assert!(count(|seen| phase(seen) == "managers") > 30);
    assert!(count(|seen| seen.method == "DELETE" && seen.path.contains("/Users/")) == 1);
    assert!(count(|seen| seen.method == "DELETE" && seen.path.contains("/Groups/")) == 1);
    let names = scene.server.user_names();
    assert!(names.contains(&company::refused()) && names.len() == 35, "{names:?}");
    // Whoever was refused has an account now, and becomes somebody's manager; then nothing is left.
    scene.sandbox.run("run").with(0);
    scene.stub.take_seen();
    scene.sandbox.run("run").with(0);
    let sent = scene.stub.take_seen();
    assert!(sent.len() == 2 && sent.iter().all(|seen| phase(seen) == "test query"), "{sent:#?}");
}

#[expect(clippy::disallowed_methods, reason = "how long the test takes is for whoever runs it to say")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Ascending numbers that look random, the same every time.
fn moments(mut seed: u64, count: usize, below: u64) -> Vec<usize> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((seed >> 33) % below).expect("a small number")
    };
    let mut moments: Vec<_> = (0..count).map(|_| next()).collect();
    moments.sort_unstable();
    moments
}

#[test]
fn the_built_in_endpoint_survives_with_the_state() {
    let sandbox = Sandbox::with_users(USERS, "embedded");
    for moment in moments(3, 4, 300) {
        let run = sandbox.start("run");
        thread::sleep(Duration::from_millis(moment.try_into().unwrap()));
        run.signal("KILL");
        run.wait();
    }
    sandbox.run("run").with(0);
    let idle = sandbox.run("run --output json").with(0).json();
    assert_eq!(idle["cycles"][0]["requests"], serde_json::json!({"GET": 1, "POST": 0, "PATCH": 0, "DELETE": 0}));
    let server = Server::start_in(&sandbox, "--data .scimulate/target.db");
    let mut expected: Vec<_> = (1..=USERS).map(user_name).collect();
    expected.sort();
    assert_eq!(server.user_names(), expected);
}
