//! `SetRouter` and the list of routers at each welcome.

use pagos_protocol::{Code, Done, Outcome, RouterSettings};

use super::Inner;
use crate::journal::JournalError;

/// Takes over the settings of one router unless newer ones are known.
pub(super) async fn set(inner: &Inner, router_id: &str, settings: RouterSettings) -> Outcome {
    if settings.router_id != router_id {
        return Outcome::refused(Code::UnknownRouter, "the settings are of another router");
    }
    let _changing = inner.settings.lock().await;
    match inner.routers.version(router_id) {
        Some(known) if known > settings.version => return Outcome::refused(Code::Stale, ""),
        Some(known) if known == settings.version => return Outcome::done(Done::RouterSet),
        Some(_) | None => {}
    }
    match store(inner, settings).await {
        Ok(()) => Outcome::done(Done::RouterSet),
        Err(error) => {
            tracing::error!(router.id = router_id, error = %error, "router settings were not stored");
            Outcome::refused(Code::JournalFailed, error.to_string())
        }
    }
}

/// Drops the routers that are not the site's, and takes over newer settings of those that are.
pub(super) async fn welcome(
    inner: &Inner,
    router_ids: &[String],
    settings: Vec<RouterSettings>,
) -> Result<(), JournalError> {
    let _changing = inner.settings.lock().await;
    for known in inner.routers.known() {
        if !router_ids.contains(&known.router_id) {
            inner.journal.drop_router(known.router_id.clone()).await?;
            inner.routers.remove(&known.router_id);
            inner.watched.forget(&known.router_id);
            tracing::info!(router.id = %known.router_id, "router is no longer of this site");
        }
    }
    for new in settings {
        let newer = inner.routers.version(&new.router_id).is_none_or(|known| known < new.version);
        if newer && router_ids.contains(&new.router_id) {
            store(inner, new).await?;
        }
    }
    Ok(())
}

async fn store(inner: &Inner, settings: RouterSettings) -> Result<(), JournalError> {
    inner.journal.put_router(settings.clone()).await?;
    tracing::info!(router.id = %settings.router_id, settings.version = settings.version, "router settings taken over");
    inner.routers.put(settings);
    Ok(())
}
