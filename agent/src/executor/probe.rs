//! `Probe`: who the router is.

use pagos_protocol::{Done, Outcome};

use super::act::Act;
use crate::routeros::{
    CallError,
    menu::{profile, system},
};

pub(super) async fn run(act: &Act) -> Outcome {
    match probe(act).await {
        Ok(done) => Outcome::done(done),
        Err(error) => act.ended(&error),
    }
}

async fn probe(act: &Act) -> Result<Done, CallError> {
    let (identity, resource, profiles) = tokio::try_join!(
        act.read(system::identity()),
        act.read(system::resource()),
        act.read(profile::ids())
    )?;
    let first = |reply: &crate::routeros::Reply, name| {
        reply.records.first().and_then(|record| record.text(name)).unwrap_or_default().into_owned()
    };
    Ok(Done::Probed {
        identity: first(&identity, "name"),
        version: first(&resource, "version"),
        profiles: u32::try_from(profiles.records.len()).unwrap_or(u32::MAX),
    })
}
