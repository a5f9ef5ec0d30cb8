//! `Login`: open a session for a device of a paid user, and see it in the active table.
//!
//! The router itself logs the device in by MAC and address; nothing runs on the device. The device must have been seen
//! by the hotspot, so that its address is known.

pub(super) mod attempt;

use pagos_protocol::{Code, Done, Outcome, command::Login};

use super::act::Act;
use attempt::{Attempt, Device, Ended, LOGIN_WAIT, Who};

/// Runs a login.
pub(super) async fn run(act: &mut Act, login: &Login) -> Outcome {
    let Some(device) = Device::read(&login.mac, login.ip.as_deref()) else {
        return Outcome::refused(Code::LoginRefused, "the MAC address is not valid");
    };
    match log_in(act, login, &device).await {
        Ok(already) => Outcome::done(Done::LoggedIn { already }),
        Err(ended) => ended.because_of_us().into_outcome(),
    }
}

/// Returns whether the session was there before.
async fn log_in(act: &mut Act, login: &Login, device: &Device) -> Result<bool, Ended> {
    act.limit(LOGIN_WAIT);
    let who = Who { name: login.name.as_bytes(), password: &login.password, proven: true };
    let mut attempt = Attempt::new(act, who, device);
    let sessions = attempt.sessions().await?;
    if attempt.own(&sessions).is_some() {
        return Ok(true);
    }
    let host = attempt.host().await?;
    if host.bypassed {
        tracing::warn!(purchase.id = %login.purchase.id, "device passes the hotspot without a session");
    }
    attempt.enter(host, &sessions).await.map(|entered| entered.already)
}
