//! Endpoints of companies: where their own systems are told of events.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::event::EventKind;
use crate::domain::id::CompanyId;
use crate::domain::time::Timestamp;
use crate::seams::Random;
use crate::store::outbox::{self, Message, lanes};
use crate::store::page::Page;
use crate::store::webhook_endpoints::{self, Change, Endpoint, stored_kinds};
use crate::store::{Store, StoreError};

/// Most endpoints of one company.
const ENDPOINTS_MAX: i64 = 10;
/// How long the secret before a new one signs too, in milliseconds.
const OLD_SECRET_MS: i64 = 86_400_000;

/// What a new endpoint is made of.
#[derive(Clone)]
pub struct Draft {
    /// Where it is.
    pub url: String,
    /// What the admin calls it.
    pub description: Option<String>,
    /// What it is told of; none means everything.
    pub kinds: Option<Vec<EventKind>>,
    /// Whether it is told.
    pub active: bool,
    /// Its secret, sealed.
    pub secret_sealed: String,
}

/// The kinds as they are stored, each once.
#[must_use]
pub fn kinds_as_stored(kinds: Option<&[EventKind]>) -> String {
    let words = kinds.map(|kinds| {
        EventKind::ALL
            .into_iter()
            .filter(|kind| kinds.contains(kind))
            .map(EventKind::as_str)
            .collect::<Vec<_>>()
    });
    stored_kinds(words.as_deref())
}

/// Makes an endpoint.
///
/// # Errors
/// `webhook_limit_reached`, or when the database does not do it.
pub async fn create(
    store: &Store,
    random: &Random,
    company: &CompanyId,
    draft: Draft,
    now: Timestamp,
) -> Result<Endpoint, TenantError> {
    let endpoint = Endpoint {
        id: random.uuid(now),
        company_id: company.clone(),
        url: draft.url,
        description: draft.description,
        events: kinds_as_stored(draft.kinds.as_deref()),
        active: draft.active,
        secret_sealed: draft.secret_sealed,
        old_secret_sealed: None,
        old_secret_until: None,
        failing_since: None,
        switched_off_at: None,
        switched_off_for: None,
        created_at: now,
        updated_at: now,
    };
    let made = endpoint.clone();
    let kept = store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move { webhook_endpoints::insert(conn, &made, ENDPOINTS_MAX).await })
    });
    if !kept.await? {
        return Err(Code::WebhookLimitReached.into());
    }
    tracing::info!(company.id = %company, endpoint.id = endpoint.id, "endpoint made");
    Ok(endpoint)
}

/// A part of the company's endpoints, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn list(
    store: &Store,
    company: &CompanyId,
    page: Page,
) -> Result<(i64, Vec<Endpoint>), TenantError> {
    let mut reader = store.reader().await?;
    let total = webhook_endpoints::count(&mut reader.conn(), company).await?;
    Ok((total, webhook_endpoints::list(&mut reader.conn(), company, page).await?))
}

/// One endpoint.
///
/// # Errors
/// `webhook_not_found`, or when the database fails.
pub async fn find(store: &Store, company: &CompanyId, id: &str) -> Result<Endpoint, TenantError> {
    let found = webhook_endpoints::find(&mut store.reader().await?.conn(), company, id).await?;
    found.ok_or_else(|| Code::WebhookNotFound.into())
}

/// Changes an endpoint. Switched off, it is told nothing that waited for it; switched on or moved, it begins anew.
///
/// # Errors
/// `webhook_not_found`, or when the database does not do it.
pub async fn change(
    store: &Store,
    company: &CompanyId,
    id: &str,
    change: Change,
    now: Timestamp,
) -> Result<Endpoint, TenantError> {
    let (company, id) = (company.clone(), id.to_owned());
    let changed = store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move {
            let changed = webhook_endpoints::change(conn, &company, &id, &change, now).await?;
            match &changed {
                Some(endpoint) if !endpoint.active => {
                    outbox::give_up_all(conn, &company, &id, Code::EndpointOff.as_str()).await?;
                }
                Some(_) => lanes::clear(conn, &id, now).await?,
                None => {}
            }
            Ok(changed)
        })
    });
    changed.await?.ok_or_else(|| Code::WebhookNotFound.into())
}

/// Gives an endpoint a new secret; the one before signs too for a day.
///
/// # Errors
/// `webhook_not_found`, or when the database does not do it.
pub async fn rotate(
    store: &Store,
    company: &CompanyId,
    id: &str,
    secret_sealed: String,
    now: Timestamp,
) -> Result<Endpoint, TenantError> {
    let (company, id, until) = (company.clone(), id.to_owned(), now.plus(OLD_SECRET_MS));
    let rotated = store.write::<_, StoreError, _>(move |conn| {
        Box::pin(
            async move { webhook_endpoints::rotate(conn, &company, &id, &secret_sealed, until, now).await },
        )
    });
    rotated.await?.ok_or_else(|| Code::WebhookNotFound.into())
}

/// Forgets an endpoint with its deliveries.
///
/// # Errors
/// `webhook_not_found`, or when the database does not do it.
pub async fn delete(store: &Store, company: &CompanyId, id: &str) -> Result<(), TenantError> {
    let (company, id) = (company.clone(), id.to_owned());
    let gone = store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move { webhook_endpoints::delete(conn, &company, &id).await })
    });
    if gone.await? { Ok(()) } else { Err(Code::WebhookNotFound.into()) }
}

/// A part of an endpoint's deliveries, newest first, and how many there are.
///
/// # Errors
/// `webhook_not_found`, or when the database fails.
pub async fn deliveries(
    store: &Store,
    company: &CompanyId,
    id: &str,
    page: Page,
) -> Result<(i64, Vec<Message>), TenantError> {
    find(store, company, id).await?;
    let mut reader = store.reader().await?;
    let total = outbox::count(&mut reader.conn(), company, id).await?;
    Ok((total, outbox::list(&mut reader.conn(), company, id, page).await?))
}

/// Delivers a message again, whatever became of it, and at once, whatever held its endpoint up.
///
/// # Errors
/// `webhook_not_found`, `webhook_inactive`, `webhook_delivery_not_found`, or when the database does not do it.
pub async fn deliver_again(
    store: &Store,
    company: &CompanyId,
    id: &str,
    delivery: &str,
    now: Timestamp,
) -> Result<Message, TenantError> {
    let (company, id, delivery) = (company.clone(), id.to_owned(), delivery.to_owned());
    let queued = store.write::<_, TenantError, _>(move |conn| {
        Box::pin(async move {
            let endpoint = webhook_endpoints::find(conn, &company, &id).await?;
            let endpoint = endpoint.ok_or(TenantError::Refused(Code::WebhookNotFound))?;
            let message = outbox::find(conn, &company, &id, &delivery).await?;
            if message.is_none() {
                return Err(Code::WebhookDeliveryNotFound.into());
            }
            if !endpoint.active {
                return Err(Code::WebhookInactive.into());
            }
            lanes::clear(conn, &id, now).await?;
            let queued = outbox::put_again(conn, &company, &id, &delivery, now).await?;
            queued.ok_or(TenantError::Refused(Code::WebhookDeliveryNotFound))
        })
    });
    queued.await
}
