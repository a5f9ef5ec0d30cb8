use super::*;

fn wire(sentences: &[&[&str]]) -> Vec<u8> {
    let mut out = Vec::new();
    for words in sentences {
        let mut sentence = Sentence::new();
        for word in *words {
            sentence.push(&[word.as_bytes()]);
        }
        sentence.encode(&mut out);
    }
    out
}

fn receive(session: &mut Session, sentences: &[&[&str]]) -> Vec<Event> {
    let mut events = Vec::new();
    session.receive(&wire(sentences), &mut events).expect("protocol");
    events
}

fn ready() -> Session {
    let mut session = Session::new("admin", &Secret::new("s3creta"));
    assert_eq!(receive(&mut session, &[&["!done"]]), [Event::LoggedIn]);
    session.outgoing().clear();
    session
}

fn trap(message: &str) -> Trap {
    Trap { message: message.into(), category: None }
}

#[test]
fn plain_login_sends_name_and_password() {
    let mut session = Session::new("admin", &Secret::new(""));
    assert_eq!(*session.outgoing(), wire(&[&["/login", "=name=admin", "=password="]]));
    assert!(!session.ready());
    assert_eq!(receive(&mut session, &[&["!done"]]), [Event::LoggedIn]);
    assert!(session.ready());
}

#[test]
fn challenge_is_answered_as_in_the_vectors() {
    let text = include_str!("../../../../tests/vectors/routeros/words.json");
    let vectors: serde_json::Value = serde_json::from_str(text).expect("the vectors are JSON");
    for vector in vectors["challenge_logins"].as_array().expect("array") {
        let text = |name: &str| vector[name].as_str().expect("text").to_owned();
        let mut session = Session::new("admin", &Secret::new(text("password")));
        session.outgoing().clear();
        let ret = format!("=ret={}", text("challenge"));
        assert_eq!(receive(&mut session, &[&["!done", &ret]]), []);
        let response = format!("=response={}", text("response"));
        assert_eq!(*session.outgoing(), wire(&[&["/login", "=name=admin", &response]]));
        assert_eq!(receive(&mut session, &[&["!done"]]), [Event::LoggedIn]);
    }
}

#[test]
fn challenge_that_is_not_hex_ends_the_session() {
    for ret in ["=ret=xyz", "=ret=abc", "=ret=", "=ret=zz"] {
        let mut session = Session::new("admin", &Secret::new("x"));
        let result = session.receive(&wire(&[&["!done", ret]]), &mut Vec::new());
        assert_eq!(result, Err(SessionError::Challenge), "{ret}");
        assert!(!session.ready());
    }
    let mut session = Session::new("admin", &Secret::new("x"));
    let twice = wire(&[&["!done", "=ret=00"], &["!done", "=ret=00"]]);
    assert_eq!(session.receive(&twice, &mut Vec::new()), Err(SessionError::Challenge));
}

#[test]
fn bad_password_of_both_eras_is_a_refused_login() {
    for text in ["invalid user name or password (6)", "cannot log in"] {
        let mut session = Session::new("admin", &Secret::new("x"));
        let message = format!("=message={text}");
        let events = receive(&mut session, &[&["!trap", &message], &["!done"]]);
        assert_eq!(events, [Event::LoginRefused(trap(text))]);
        assert!(!session.ready());
    }
}

#[test]
fn replies_of_several_commands_interleave() {
    let mut session = ready();
    let one = session.send(&Request::new("/a/print"));
    let two = session.send(&Request::new("/b/print"));
    let (tag_one, tag_two) = (format!(".tag={one}"), format!(".tag={two}"));
    let events = receive(
        &mut session,
        &[
            &["!re", &tag_one, "=n=1"],
            &["!re", &tag_two, "=n=2"],
            &["!re", &tag_one, "=n=3"],
            &["!done", &tag_two],
            &["!done", &tag_one, "=ret=*1A"],
        ],
    );
    let numbers = |event: &Event| {
        let Event::Finished { tag, result: Ok(reply) } = event else { panic!("{event:?}") };
        let number = |record: &Record| record.bytes("n").expect("n").to_vec();
        (*tag, reply.records.iter().map(number).collect::<Vec<_>>(), reply.ret.clone())
    };
    assert_eq!(
        events.iter().map(numbers).collect::<Vec<_>>(),
        [(two, vec![b"2".to_vec()], None), (one, vec![b"1".to_vec(), b"3".to_vec()], Some(b"*1A".to_vec()))]
    );
}

#[test]
fn trap_does_not_end_a_command_and_the_first_of_several_counts() {
    let mut session = ready();
    let tag = session.send(&Request::new("/a/add"));
    let word = format!(".tag={tag}");
    assert_eq!(receive(&mut session, &[&["!trap", &word, "=category=1", "=message=one"]]), []);
    let events = receive(&mut session, &[&["!trap", &word, "=message=two"], &["!done", &word]]);
    let first = Trap { message: "one".into(), category: Some(1) };
    assert_eq!(events, [Event::Finished { tag, result: Err(CommandError::Trap(first)) }]);
}

#[test]
fn trap_without_message_is_a_trap() {
    let mut session = ready();
    let tag = session.send(&Request::new("/a/add"));
    let word = format!(".tag={tag}");
    let events = receive(&mut session, &[&["!trap", &word], &["!done", &word]]);
    assert_eq!(events, [Event::Finished { tag, result: Err(CommandError::Trap(trap(""))) }]);
}

#[test]
fn empty_and_unknown_words_are_waited_through() {
    let mut session = ready();
    let tag = session.send(&Request::new("/a/print"));
    let word = format!(".tag={tag}");
    assert_eq!(receive(&mut session, &[&["!empty", &word], &["!novel", &word]]), []);
    let events = receive(&mut session, &[&["!done", &word]]);
    assert_eq!(events, [Event::Finished { tag, result: Ok(Reply::default()) }]);
}

#[test]
fn fatal_carries_its_reason_in_both_forms() {
    for (words, reason) in [
        (&["!fatal", "not logged in"][..], "not logged in"),
        (&["!fatal", "=message=going down"], "going down"),
        (&["!fatal"], ""),
    ] {
        let mut session = ready();
        session.send(&Request::new("/a/print"));
        assert_eq!(receive(&mut session, &[words]), [Event::Closed { reason: reason.into() }]);
        assert!(!session.ready());
    }
}

#[test]
fn tag_that_is_not_open_is_ignored_and_counted() {
    let mut session = ready();
    session.send(&Request::new("/a/print"));
    assert_eq!(receive(&mut session, &[&["!done", ".tag=99"], &["!done", ".tag=x"]]), []);
    assert_eq!(session.ignored(), 2);
}

#[test]
fn reply_without_tag_belongs_to_the_only_open_command() {
    let mut session = ready();
    let tag = session.send(&Request::new("/a/print"));
    let events = receive(&mut session, &[&["!done"]]);
    assert_eq!(events, [Event::Finished { tag, result: Ok(Reply::default()) }]);
    session.send(&Request::new("/a/print"));
    session.send(&Request::new("/a/print"));
    assert_eq!(receive(&mut session, &[&["!done"]]), []);
}

#[test]
fn cancelled_command_ends_in_any_order() {
    for cancel_first in [true, false] {
        let mut session = ready();
        let tag = session.send(&Request::new("/a/print"));
        let cancel = session.cancel(tag);
        let (tag_word, cancel_word) = (format!(".tag={tag}"), format!(".tag={cancel}"));
        let interrupted: &[&str] = &["!trap", &tag_word, "=category=2", "=message=interrupted"];
        let done: [&[&str]; 2] = [&["!done", &tag_word], &["!done", &cancel_word]];
        let events = if cancel_first {
            receive(&mut session, &[interrupted, done[1], done[0]])
        } else {
            receive(&mut session, &[interrupted, done[0], done[1]])
        };
        assert_eq!(events.len(), 2);
    }
}

#[test]
fn ten_thousand_records_arrive_while_another_command_runs() {
    let mut session = ready();
    let large = session.send(&Request::new("/a/print"));
    let small = session.send(&Request::new("/b/print"));
    let word = format!(".tag={large}");
    let mut events = Vec::new();
    let row = wire(&[&["!re", &word, "=name=someone"]]);
    for _ in 0..10_000 {
        session.receive(&row, &mut events).expect("protocol");
    }
    let ends = wire(&[&["!done", &format!(".tag={small}")], &["!done", &word]]);
    session.receive(&ends, &mut events).expect("protocol");
    let Event::Finished { result: Ok(reply), .. } = &events[1] else { panic!("{:?}", events[1]) };
    assert_eq!(reply.records.len(), 10_000);
}

#[test]
fn reply_over_the_limit_fails_alone_and_is_not_kept() {
    let mut session = ready();
    let tag = session.send(&Request::new("/a/print"));
    let word = format!(".tag={tag}");
    let value = format!("=comment={}", "x".repeat(1_000_000));
    let row = wire(&[&["!re", &word, &value]]);
    let mut events = Vec::new();
    for _ in 0..20 {
        session.receive(&row, &mut events).expect("protocol");
    }
    assert!(session.open[&tag].records.is_empty());
    let events = receive(&mut session, &[&["!done", &word]]);
    assert_eq!(events, [Event::Finished { tag, result: Err(CommandError::TooLarge) }]);
    assert!(session.ready());
}

#[test]
fn debug_shows_no_password() {
    let session = Session::new("admin", &Secret::new("s3creta"));
    let shown = format!("{session:?}");
    assert!(!shown.contains("s3creta"), "{shown}");
}
