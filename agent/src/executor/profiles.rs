//! `ListProfiles`: the user profiles of the router, as many as fit into one message.

use pagos_protocol::{
    Done, FRAME_BYTES_MAX, Outcome,
    outcome::{PROFILES_MAX, Profile},
};

use super::act::Act;
use crate::routeros::menu::profile;

/// What the message around the profiles may take, in bytes.
const ENVELOPE_BYTES: usize = 1024;

pub(super) async fn run(act: &Act) -> Outcome {
    match act.read(profile::all()).await {
        Ok(reply) => {
            let profiles = reply.records.iter().take(PROFILES_MAX).map(profile::read);
            Outcome::done(Done::Profiles { profiles: that_fit(profiles) })
        }
        Err(error) => act.ended(&error),
    }
}

fn that_fit(profiles: impl Iterator<Item = Profile>) -> Vec<Profile> {
    let mut left = FRAME_BYTES_MAX - ENVELOPE_BYTES;
    let mut fitting = Vec::new();
    for profile in profiles {
        let bytes = serde_json::to_string(&profile).map_or(usize::MAX, |json| json.len() + 1);
        if bytes > left {
            tracing::warn!("router has more profiles than one message holds");
            break;
        }
        left -= bytes;
        fitting.push(profile);
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_never_outgrow_a_frame() {
        let profile = Profile {
            id: "*1".into(),
            name: "x".repeat(4000),
            session_timeout: None,
            idle_timeout: None,
            keepalive_timeout: None,
            status_autorefresh: None,
            shared_users: None,
            rate_limit: None,
            address_list: None,
            mac_cookie_timeout: None,
        };
        let fitting = that_fit(std::iter::repeat_n(profile, PROFILES_MAX));
        assert!(fitting.len() < PROFILES_MAX && !fitting.is_empty());
        let outcome = Outcome::done(Done::Profiles { profiles: fitting });
        assert!(serde_json::to_string(&outcome).expect("plain JSON").len() < FRAME_BYTES_MAX);
    }
}
