//! What a try means for its message, its lane and its endpoint.

use super::schedule::{TRY_SPAN_MS, lane_pause_ms, pause_ms};
use crate::domain::code::Code;
use crate::domain::time::Timestamp;
use crate::store::outbox::{DONE, FAILED, Message};

/// An endpoint that took nothing for 5 days is switched off, in milliseconds.
const SWITCH_OFF_MS: i64 = 5 * 86_400_000;
/// Nobody makes us wait longer than this, in milliseconds.
const WAIT_MAX_MS: i64 = 3_600_000;

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// Why it failed; none when the message was taken.
    pub setback: Option<Setback>,
}

/// Why a try failed, and what is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setback {
    /// Try again, not before this time has passed if the target named one, in milliseconds.
    Failed {
        /// Why.
        code: Code,
        /// How long the target wants to be left alone.
        after_ms: Option<i64>,
    },
    /// The target takes no more for so long, in milliseconds; this was no try.
    Throttled {
        /// How long.
        after_ms: i64,
    },
    /// This message will never be taken.
    Refused,
    /// The target says that it is gone for good.
    Gone,
}

impl Setback {
    /// The code that an admin is shown.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Failed { code, .. } => code,
            Self::Throttled { .. } | Self::Refused => Code::EndpointStatus,
            Self::Gone => Code::EndpointGone,
        }
    }
}

/// When the lane may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// How often in a row the target has failed.
    pub(super) failures: i64,
    /// Nothing is sent before this.
    pub(super) free_at: Timestamp,
}

/// What becomes of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// As before.
    Unchanged,
    /// It works again.
    Works,
    /// It begins to fail.
    Fails,
    /// It has failed for too long, since this time, or is gone for good.
    Off(Timestamp),
}

/// The message after a try.
#[must_use]
pub(super) fn message(mut message: Message, answer: Answer, now: Timestamp, draw: u32) -> Message {
    message.last_at = Some(now.0);
    message.last_status = answer.status.map(i64::from);
    message.last_error = answer.setback.map(|setback| setback.code().as_str().to_owned());
    let is_old = now.since(message.queued_at) >= TRY_SPAN_MS;
    let again = match answer.setback {
        None => {
            message.attempts += 1;
            message.state = DONE.to_owned();
            return message;
        }
        Some(Setback::Throttled { after_ms }) => Some(limited(after_ms)),
        Some(Setback::Failed { after_ms, .. }) => {
            message.attempts += 1;
            let pause = pause_ms(message.attempts, draw);
            pause.map(|pause| pause.max(limited(after_ms.unwrap_or(0))))
        }
        Some(Setback::Refused | Setback::Gone) => {
            message.attempts += 1;
            None
        }
    };
    match again.filter(|_| !is_old) {
        Some(pause) => message.next_at = now.plus(pause),
        None => message.state = FAILED.to_owned(),
    }
    message
}

/// The lane after a try. `spacing_ms` is what the target wants between two messages at least.
#[must_use]
pub(super) fn pace(failures: i64, answer: Answer, spacing_ms: i64, now: Timestamp) -> Pace {
    let (failures, pause) = match answer.setback {
        None => (0, 0),
        Some(Setback::Throttled { after_ms }) => (failures, limited(after_ms)),
        Some(Setback::Failed { after_ms, .. }) => {
            (failures + 1, lane_pause_ms(failures + 1).max(limited(after_ms.unwrap_or(0))))
        }
        Some(Setback::Refused | Setback::Gone) => (failures + 1, lane_pause_ms(failures + 1)),
    };
    Pace { failures, free_at: now.plus(pause.max(spacing_ms)) }
}

/// The endpoint after a try, which has failed since `failing_since` if it has.
#[must_use]
pub(super) fn health(failing_since: Option<Timestamp>, answer: Answer, now: Timestamp) -> Health {
    match (answer.setback, failing_since) {
        (None, Some(_)) => Health::Works,
        (None, None) | (Some(Setback::Throttled { .. }), _) => Health::Unchanged,
        (Some(Setback::Gone), since) => Health::Off(since.unwrap_or(now)),
        (Some(_), Some(since)) if now.since(since) >= SWITCH_OFF_MS => Health::Off(since),
        (Some(_), Some(_)) => Health::Unchanged,
        (Some(_), None) => Health::Fails,
    }
}

fn limited(after_ms: i64) -> i64 {
    after_ms.clamp(0, WAIT_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Health, SWITCH_OFF_MS, Setback, health, message, pace};
    use crate::domain::code::Code;
    use crate::domain::time::Timestamp;
    use crate::outbox::schedule::{DRAWS, TRY_SPAN_MS};
    use crate::store::outbox::{DONE, DUE, FAILED, Message};

    const MIDDLE: u32 = DRAWS / 2;
    const TAKEN: Answer = Answer { status: Some(204), setback: None };
    const NOW: Timestamp = Timestamp(1_000_000);

    fn failed(after_ms: Option<i64>) -> Answer {
        let setback = Some(Setback::Failed { code: Code::EndpointStatus, after_ms });
        Answer { status: Some(500), setback }
    }

    fn due() -> Message {
        Message {
            target: "e".into(),
            id: "m".into(),
            company_id: "EMP_1".into(),
            kind: "payment.completed".into(),
            body: "{}".into(),
            state: DUE.into(),
            attempts: 0,
            queued_at: NOW,
            next_at: NOW,
            last_at: None,
            last_status: None,
            last_error: None,
            created_at: NOW,
        }
    }

    #[test]
    fn what_was_taken_is_done() {
        let done = message(due(), TAKEN, NOW, MIDDLE);
        assert_eq!((done.state.as_str(), done.attempts, done.last_status), (DONE, 1, Some(204)));
        assert_eq!(done.last_error, None);
    }

    #[test]
    fn a_failure_is_tried_again_until_the_pauses_are_used_up() {
        let mut tried = due();
        let mut now = NOW;
        let mut tries = 0;
        while tried.state == DUE {
            tried = message(tried, failed(None), now, MIDDLE);
            tries += 1;
            assert!(tried.state == FAILED || tried.next_at > now);
            now = tried.next_at;
        }
        assert_eq!((tries, tried.attempts), (9, 9));
        assert_eq!(tried.last_error.as_deref(), Some("endpoint_status"));
        let hours = now.since(NOW) / 3_600_000;
        assert!((24..28).contains(&hours), "{hours}");
    }

    #[test]
    fn an_old_message_is_not_tried_for_ever() {
        let late = NOW.plus(TRY_SPAN_MS);
        assert_eq!(message(due(), failed(None), late, MIDDLE).state, FAILED);
        let throttled = Answer { status: Some(429), setback: Some(Setback::Throttled { after_ms: 1 }) };
        assert_eq!(message(due(), throttled, late, MIDDLE).state, FAILED);
        assert_eq!(message(due(), TAKEN, late, MIDDLE).state, DONE);
    }

    #[test]
    fn a_target_that_names_its_time_is_left_alone_for_so_long() {
        let later = message(due(), failed(Some(30_000)), NOW, MIDDLE);
        assert_eq!(later.next_at, NOW.plus(30_000));
        assert_eq!(pace(0, failed(Some(30_000)), 0, NOW).free_at, NOW.plus(30_000));
        let greedy = message(due(), failed(Some(i64::MAX)), NOW, MIDDLE);
        assert_eq!(greedy.next_at, NOW.plus(3_600_000));
        let throttled = Answer { status: Some(429), setback: Some(Setback::Throttled { after_ms: 7_000 }) };
        let waits = message(due(), throttled, NOW, MIDDLE);
        assert_eq!((waits.attempts, waits.next_at), (0, NOW.plus(7_000)), "no try is used up");
        assert_eq!(pace(3, throttled, 0, NOW).failures, 3);
    }

    #[test]
    fn what_is_refused_for_good_is_not_tried_again() {
        for setback in [Setback::Refused, Setback::Gone] {
            let answer = Answer { status: Some(410), setback: Some(setback) };
            assert_eq!(message(due(), answer, NOW, MIDDLE).state, FAILED);
        }
    }

    #[test]
    fn a_lane_keeps_the_spacing_of_its_target() {
        assert_eq!(pace(4, TAKEN, 3_000, NOW).free_at, NOW.plus(3_000));
        assert_eq!(pace(4, TAKEN, 0, NOW).failures, 0);
        assert_eq!(pace(0, failed(None), 3_000, NOW).free_at, NOW.plus(3_000));
        assert_eq!(pace(5, failed(None), 3_000, NOW).free_at, NOW.plus(32_000));
    }

    #[test]
    fn five_days_of_failing_switch_an_endpoint_off() {
        assert_eq!(health(None, failed(None), NOW), Health::Fails);
        assert_eq!(health(Some(NOW), failed(None), NOW.plus(SWITCH_OFF_MS - 1)), Health::Unchanged);
        assert_eq!(health(Some(NOW), failed(None), NOW.plus(SWITCH_OFF_MS)), Health::Off(NOW));
        assert_eq!(health(Some(NOW), TAKEN, NOW.plus(SWITCH_OFF_MS)), Health::Works);
        assert_eq!(health(None, TAKEN, NOW), Health::Unchanged);
        let gone = Answer { status: Some(410), setback: Some(Setback::Gone) };
        assert_eq!(health(None, gone, NOW), Health::Off(NOW));
    }
}
