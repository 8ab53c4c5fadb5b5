//! The job's state, its links, what is held back, and restarts.

use super::*;
use crate::plan::Sent;

fn quarantine(reason: &str) -> JobState {
    JobState::Quarantine {
        reason: reason.into(),
        message: "status 401".into(),
        since: at(-99),
        attempts: 4,
        next_attempt: at(99),
    }
}

fn memory(state: JobState) -> JobMemory {
    JobMemory {
        state,
        notified: Some("TooManyDeletes".into()),
        steady_first: Some(at(-50)),
        steady_last: Some(at(-40)),
        escrows_pruned: true,
        failures_in_a_row: 3,
    }
}

fn staged(number: u64, allowed_until: Option<Timestamp>) -> PriorState {
    PriorState { staged: Some(Staged { since: at(1), allowed_until }), ..linked(number) }
}

fn filled(folder: &TempDir) -> Store {
    let writer = open(folder).writer().unwrap();
    for outcome in [
        put(1, staged(1, None)),
        put(2, failed()),
        put(3, linked(3)),
        outcome(ObjectKind::Group, &id(9), StateChange::Put(linked(9)), None),
    ] {
        writer.send_blocking(outcome).unwrap();
    }
    let members = vec![ReferenceChange { attribute: "members".into(), referenced: id(3), state: Some(Sent::Yes) }];
    let keep = outcome(ObjectKind::Group, &id(9), StateChange::Keep, None);
    writer.send_blocking(Outcome { references: members, ..keep }).unwrap();
    let mut store = writer.finish().unwrap();
    store.end_cycle(&report("c", true), Some(watermark()), &JobMemory::default(), false).unwrap();
    store
}

#[test]
fn the_job_is_remembered() {
    let folder = folder();
    let mut store = open(&folder);
    assert_eq!(store.job().unwrap(), JobMemory::default());
    for state in
        [JobState::NotRun, JobState::Active, quarantine("TooManyDeletes"), JobState::Paused, JobState::Disabled]
    {
        store.set_job(&memory(state.clone())).unwrap();
        assert_eq!(store.job().unwrap(), memory(state.clone()));
        store.set_job_state(&JobState::Active).unwrap();
        assert_eq!(store.job().unwrap(), memory(JobState::Active), "all but the state is kept");
        store.set_job_state(&state).unwrap();
        assert_eq!(store.job_state().unwrap(), state);
    }
}

#[test]
fn a_cycle_decides_what_becomes_of_the_job_unless_it_was_stopped() {
    let folder = folder();
    let mut store = open(&folder);
    let mut check = |meanwhile: JobState, decided: JobState, expected: JobState| {
        store.set_job_state(&meanwhile).unwrap();
        store.end_cycle(&report("c", true), None, &memory(decided), false).unwrap();
        assert_eq!(store.job().unwrap(), memory(expected));
    };
    check(JobState::NotRun, JobState::Active, JobState::Active);
    check(quarantine("A"), JobState::Active, JobState::Active);
    check(JobState::Active, quarantine("A"), quarantine("A"));
    check(JobState::Paused, JobState::Active, JobState::Paused);
    check(JobState::Disabled, quarantine("A"), JobState::Disabled);
    check(JobState::Paused, JobState::Disabled, JobState::Disabled);
    check(JobState::Active, JobState::Paused, JobState::Paused);
}

#[test]
fn failures_are_forgotten_with_the_end_of_a_cycle_or_not_at_all() {
    let folder = folder();
    let mut store = filled(&folder);
    let end = |store: &mut Store| store.end_cycle(&report("c", true), None, &JobMemory::default(), true);
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON job BEGIN SELECT raise(ABORT, 'no'); END";
    store.connection.execute_batch(refuse).unwrap();
    assert_eq!(store.snapshot().unwrap().users.failing(FailedPart::Reference), 1);
    assert!(end(&mut store).is_err());
    assert_eq!(store.snapshot().unwrap().users.failing(FailedPart::Reference), 1);
    store.connection.execute_batch("DROP TRIGGER refuse").unwrap();
    store.snapshot().unwrap();
    end(&mut store).unwrap();
    assert_eq!(store.snapshot().unwrap().users.failing(FailedPart::Reference), 0);
    assert_eq!(store.totals().unwrap().failing, 0);
}

#[tokio::test]
async fn others_see_how_far_a_cycle_is() {
    let folder = folder();
    let mut store = open(&folder);
    store.begin_cycle(&start("c")).unwrap();
    let writer = store.writer().unwrap();
    let seen = || Store::open_existing(folder.path(), "wedo").unwrap().unwrap().cycles(1).unwrap()[0].progress;
    writer.flush().await.unwrap();
    assert_eq!(seen(), None);
    writer.set_due(700).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(seen(), Some(Progress { done: 0, due: 700 }));
    for number in 0..600 {
        writer.send(put(number, linked(1))).await.unwrap();
    }
    writer.flush().await.unwrap();
    assert_eq!(seen(), Some(Progress { done: 600, due: 700 }));
    let mut store = writer.finish().unwrap();
    store.end_cycle(&report("c", true), None, &JobMemory::default(), false).unwrap();
    assert_eq!(seen(), Some(Progress { done: 600, due: 700 }));
}

#[test]
fn links_are_listed_found_and_deleted() {
    let folder = folder();
    let mut store = filled(&folder);
    let names = |links: Vec<Link>| links.into_iter().map(|link| link.target_id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(store.links(None).unwrap()), ["account-1", "account-3", "account-9"]);
    assert_eq!(names(store.links(Some(ObjectKind::User)).unwrap()), ["account-1", "account-3"]);
    assert_eq!(names(store.links(Some(ObjectKind::Group)).unwrap()), ["account-9"]);
    let find = |store: &Store, text: &str| names(store.find_link(text).unwrap());
    assert_eq!(find(&store, "ünal3@contoso.com"), [""; 0], "only ASCII letters in any case");
    assert_eq!(find(&store, "Ünal3@contoso.COM"), ["account-3"]);
    assert_eq!(find(&store, "account-9"), ["account-9"]);
    assert_eq!(find(&store, &id(1).to_string().to_uppercase()), ["account-1"]);
    assert_eq!(find(&store, &id(2).to_string()), [""; 0], "it has no account");
    assert_eq!(find(&store, ""), [""; 0]);
    let link = store.find_link("account-3").unwrap().remove(0);
    let expected = Link {
        source_id: id(3),
        kind: ObjectKind::User,
        name: "Ünal3@contoso.com".into(),
        target_id: TargetId::new("account-3"),
    };
    assert_eq!(link, expected);
    store.delete_link(&link).unwrap();
    store.delete_link(&link).unwrap();
    assert_eq!(names(store.links(None).unwrap()), ["account-1", "account-9"]);
    assert!(store.references().unwrap().is_empty(), "it was a member");
}

#[test]
fn what_is_held_back_can_be_allowed() {
    let folder = folder();
    let mut store = filled(&folder);
    let object = |number: usize, name: &str, staged| StagedObject {
        source_id: id(number),
        kind: ObjectKind::User,
        name: name.into(),
        staged,
    };
    let held = |allowed_until| {
        let (ann, bob) = (Staged { since: at(1), allowed_until }, Staged { since: at(-7), allowed_until });
        [object(2, "", bob), object(1, "Ünal1@contoso.com", ann)]
    };
    // From the file, and from what is kept of it.
    let check = |store: &Store, [during, after]: [u64; 2]| {
        for _ in 0..2 {
            let found = [at(60), at(61)].map(|now| store.held_back(now).unwrap());
            assert_eq!(found, [during, after]);
            store.snapshot().unwrap();
        }
    };
    assert_eq!(store.staged().unwrap(), held(None));
    check(&store, [2, 2]);
    for (until, expected, after) in [(Some(at(60)), at(60), 2), (None, Timestamp::MAX, 0)] {
        assert_eq!(store.allow_deletes(until, at(5)).unwrap(), 2);
        check(&store, [0, after]);
        assert_eq!(store.staged().unwrap(), held(Some(expected)));
        let view = store.objects(ObjectKind::User).unwrap().get(&id(1)).unwrap().staged;
        assert_eq!(view, Some(Staged { since: at(1), allowed_until: Some(expected) }));
    }
    let mut next = |reason: &str| {
        store.set_job_state(&quarantine(reason)).unwrap();
        store.allow_deletes(None, at(5)).unwrap();
        match store.job_state().unwrap() {
            JobState::Quarantine { next_attempt, .. } => next_attempt,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(next("TooManyDeletes"), at(5));
    assert_eq!(next("EncounteredQuarantineException"), at(99));
    let other = TempDir::new().unwrap();
    assert_eq!(open(&other).allow_deletes(None, at(5)).unwrap(), 0);
}

#[test]
fn reset_scopes_are_read() {
    let check = |list: &str, expected: &[&str]| {
        let scopes: ResetScopes = list.parse().unwrap();
        assert_eq!(scopes.iter().map(ResetScope::as_str).collect::<Vec<_>>(), expected, "{list}");
    };
    check("None", &["None"]);
    check("", &[]);
    check(" watermark,ESCROWS , Escrows,", &["Escrows", "Watermark"]);
    check("quarantinestate,forcedeletes,full", &["QuarantineState", "ForceDeletes", "Full"]);
    let error = |list: &str| list.parse::<ResetScopes>().unwrap_err().to_string();
    assert_eq!(error("Escrow"), "there is no reset scope \"Escrow\"; did you mean Escrows?");
    assert_eq!(
        error("Watermark,everything"),
        "there is no reset scope \"everything\"; there are None, ConnectorDataStore, Escrows, Watermark, \
         QuarantineState, ForceDeletes, Full"
    );
}

#[test]
fn a_restart_forgets_what_it_names() {
    /// Objects, links' references, failures, watermark, allowed deletions.
    fn left(store: &Store) -> (u64, usize, u64, bool, usize) {
        let totals = store.totals().unwrap();
        let allowed = store.staged().unwrap().iter().filter(|held| held.staged.allowed_until.is_some()).count();
        let watermark = store.watermark().unwrap().is_some();
        (totals.objects, store.references().unwrap().len(), totals.failing, watermark, allowed)
    }
    let check = |scopes: &str, expected: (u64, usize, u64, bool, usize), quarantined: bool| {
        let folder = folder();
        let mut store = filled(&folder);
        store.set_job(&memory(quarantine("TooManyDeletes"))).unwrap();
        let scopes = if scopes == "default" { ResetScopes::default() } else { scopes.parse().unwrap() };
        store.restart(&scopes, at(5)).unwrap();
        assert_eq!(left(&store), expected, "{scopes:?}");
        let job = store.job().unwrap();
        let kept = (job.notified.is_some(), job.failures_in_a_row);
        if quarantined {
            assert!(matches!(job.state, JobState::Quarantine { attempts: 4, .. }), "{scopes:?}");
            assert_eq!(kept, (true, 3));
        } else {
            assert_eq!((job.state, kept), (JobState::Active, (false, 0)), "{scopes:?}");
        }
    };
    check("None", (4, 1, 1, true, 0), true);
    check("ConnectorDataStore", (0, 0, 0, true, 0), true);
    check("Escrows", (4, 1, 0, true, 0), true);
    check("Watermark", (4, 1, 1, false, 0), true);
    check("QuarantineState", (4, 1, 1, true, 0), false);
    check("ForceDeletes", (4, 1, 1, true, 2), true);
    check("default", (4, 1, 0, false, 0), false);
    check("Full", (0, 0, 0, false, 0), false);
    for state in [JobState::NotRun, JobState::Paused, JobState::Disabled, JobState::Active] {
        let folder = folder();
        let mut store = open(&folder);
        store.set_job(&memory(state)).unwrap();
        store.restart(&"None".parse().unwrap(), at(5)).unwrap();
        assert_eq!(store.job().unwrap(), memory(JobState::Active));
    }
}
