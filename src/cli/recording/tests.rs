use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::report::HAR_END;
use crate::scim::{Content, HttpExchange};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn recording() -> Recording {
    let tenant_url = "http://localhost/scim/v2".to_owned();
    let started = "2026-03-01T10:00:00Z".parse().unwrap();
    Recording::new(RecordingOf { command: "run", side: Side::Client, tenant_url, started })
}

fn exchange(number: usize, bytes: usize) -> Arc<HttpExchange> {
    Arc::new(HttpExchange {
        method: "POST".to_owned(),
        origin: "http://localhost".to_owned(),
        target: format!("/scim/v2/Users?{number}"),
        request_body: Content::from("x".repeat(bytes).as_bytes()),
        status: Some(200),
        ..HttpExchange::default()
    })
}

fn texts(text: &str) -> RecordingTexts {
    RecordingTexts { har: text.to_owned(), transcript: text.to_owned(), script: text.to_owned() }
}

/// What the files hold, without the end of the archive.
fn held(folder: &TempDir, stem: &str) -> [String; 3] {
    let read = |kind| fs::read_to_string(folder.path().join(format!("{stem}.{kind}"))).unwrap();
    let har = read("har");
    [har.strip_suffix(HAR_END).unwrap().to_owned(), read("http"), read("replay.sh")]
}

#[test]
fn files_grow_before_their_end() {
    let folder = folder();
    let mut files = Files::create(folder.path(), "a", &texts("one ")).unwrap();
    assert_eq!(held(&folder, "a"), ["one ", "one ", "one "]);
    files.append(&texts("two")).unwrap();
    assert_eq!(held(&folder, "a"), ["one two", "one two", "one two"]);
    files.next_part(&texts("three")).unwrap();
    assert_eq!(held(&folder, "a"), ["one two", "one two", "one two"]);
    assert_eq!(held(&folder, "a.part2"), ["three", "three", "three"]);
    assert!(files.shown().ends_with("a (.har, .http, .replay.sh, in 2 parts)"), "{}", files.shown());
}

#[test]
fn what_is_there_is_never_touched() {
    let folder = folder();
    fs::write(folder.path().join("a.replay.sh"), "mine").unwrap();
    fs::write(folder.path().join("a-2.har"), "mine").unwrap();
    Files::create(folder.path(), "a", &texts("new")).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["a-2.har", "a-3.har", "a-3.http", "a-3.replay.sh", "a.replay.sh"]);
    for name in ["a.replay.sh", "a-2.har"] {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "mine");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("new/recordings");
    Files::create(&path, "a", &texts("")).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&path), mode(path.parent().unwrap())], [0o700, 0o700]);
    for kind in ["har", "http", "replay.sh"] {
        assert_eq!(mode(&path.join(format!("a.{kind}"))), 0o600);
    }
}

#[test]
fn what_can_t_be_written_to_all_files_is_in_none() {
    let folder = folder();
    let mut files = Files::create(folder.path(), "a", &texts("one ")).unwrap();
    files.forbid(2);
    let error = files.append(&texts("two, which is longer than the end")).unwrap_err();
    assert!(error.to_string().contains("a.replay.sh: "), "{error}");
    assert_eq!(held(&folder, "a"), ["one ", "one ", "one "]);
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let folder = folder();
    let path = folder.path().join("file");
    fs::write(&path, "").unwrap();
    let error = Files::create(&path, "a", &texts("")).unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
}

#[test]
fn long_recordings_go_on_in_another_part() {
    let folder = folder();
    let mut recording = recording();
    let files = Files::create(folder.path(), "a", &recording.begin_part()).unwrap();
    let queue = Arc::new(Queue::default());
    let (waiting, masking) = (Arc::clone(&queue), Masking::new(Vec::new()));
    let mut writer = Writer { queue: waiting, recording, masking, files, written: 0, part: 4_000 };
    for number in 0..5 {
        let mut some = RecordingTexts::default();
        writer.recording.add(&exchange(number, 1_500), &mut some);
        writer.write(&mut some).unwrap();
    }
    let numbers = |stem: &str| -> Vec<u64> {
        let text = fs::read_to_string(folder.path().join(format!("{stem}.har"))).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        value["log"]["entries"].as_array().unwrap().iter().map(|entry| entry["_number"].as_u64().unwrap()).collect()
    };
    assert_eq!([numbers("a"), numbers("a.part2"), numbers("a.part3")], [vec![1, 2], vec![3, 4], vec![5]]);
}

#[test]
fn everything_that_waits_is_written_before_the_end() {
    let folder = folder();
    let mut recording = recording();
    let files = Files::create(folder.path(), "a", &recording.begin_part()).unwrap();
    let queue = Arc::new(Queue::default());
    (0..500).for_each(|number| queue.put(&exchange(number, 0)));
    queue.close();
    queue.put(&exchange(0, 0));
    let (waiting, masking) = (Arc::clone(&queue), Masking::new(Vec::new()));
    let mut writer = Writer { queue: waiting, recording, masking, files, written: 0, part: PART };
    writer.write_all().unwrap();
    assert_eq!(writer.written, 500, "what came after the end isn't taken");
}

#[test]
fn a_full_queue_is_waited_for() {
    for (count, bytes) in [(1024, 0), (2, 16 * 1024 * 1024)] {
        let queue = Arc::new(Queue::default());
        (0..count).for_each(|number| queue.put(&exchange(number, bytes)));
        let (told, heard) = mpsc::channel();
        let late = Arc::clone(&queue);
        let thread = thread::spawn(move || {
            late.put(&exchange(count, 0));
            told.send(()).unwrap();
        });
        assert!(heard.recv_timeout(Duration::from_millis(20)).is_err(), "it waits");
        assert_eq!(queue.take().unwrap().len(), count);
        heard.recv().unwrap();
        thread.join().unwrap();
        assert_eq!(queue.take().unwrap().len(), 1);
    }
}

#[test]
fn nobody_waits_for_a_writer_that_gave_up() {
    let queue = Arc::new(Queue::default());
    (0..1024).for_each(|number| queue.put(&exchange(number, 0)));
    let late = Arc::clone(&queue);
    let thread = thread::spawn(move || late.put(&exchange(0, 0)));
    drop(Closes(Arc::clone(&queue)));
    thread.join().unwrap();
    assert!(queue.take().is_none());
}

/// While requests wait for the disk, signals and other requests are heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_tasks_go_on_meanwhile() {
    let queue = Arc::new(Queue::default());
    (0..1024).for_each(|number| queue.put(&exchange(number, 0)));
    let late = Arc::clone(&queue);
    let (begins, begun) = tokio::sync::oneshot::channel();
    let waiting = tokio::spawn(async move {
        begins.send(()).unwrap();
        late.put(&exchange(0, 0));
    });
    begun.await.unwrap();
    // The only worker is free for these, whenever the task above begins to wait.
    for _ in 0..1_000 {
        tokio::spawn(tokio::task::yield_now()).await.unwrap();
    }
    assert!(!waiting.is_finished());
    queue.take().unwrap();
    waiting.await.unwrap();
}
