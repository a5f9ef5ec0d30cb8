//! One lane, served message after message until nothing is due, its target wants a pause, or others shall have their turn.

use zeroize::Zeroizing;

use super::dispatch::Served;
use super::telegram::{Chat, message};
use super::verdict::{self, Answer, Health, Pace};
use super::webhook::Letter;
use super::webhook::signature::Secret;
use super::{Inner, Outbox, WorkError, schedule};
use crate::causes::chain;
use crate::domain::alert::Alert;
use crate::domain::code::Code;
use crate::domain::event::message_id;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::domain::target;
use crate::domain::time::Timestamp;
use crate::metrics::{self, Counter};
use crate::store::companies::{self, Company};
use crate::store::outbox::lanes::{self, Due};
use crate::store::outbox::{self, DUE, FAILED, Message};
use crate::store::webhook_endpoints::{self, Endpoint};
use crate::store::{Conn, StoreError, ledger, runners, transactions};
use crate::text::Language;
use crate::vault::{Context, Vault};

/// Most messages sent in one turn.
const TURN_MESSAGES_MAX: usize = 20;

/// What a try came to, to be written down.
struct Tried {
    before: Message,
    after: Message,
    pace: Pace,
    endpoint: Option<(Endpoint, Health)>,
}

/// Serves a lane for one turn.
pub(super) async fn serve(outbox: &Outbox, lane: Due, served: Served) {
    let inner = &outbox.0;
    if let Err(error) = turn(inner, &lane).await {
        tracing::warn!(outbox.target = lane.target, error = %chain(&error), "lane could not be served");
    }
    drop(served);
}

async fn turn(inner: &Inner, lane: &Due) -> Result<(), WorkError> {
    let Some(mut failures) = claim(inner, &lane.target).await? else { return Ok(()) };
    let company = CompanyId::new(&lane.company_id);
    let sent = async {
        for _ in 0..TURN_MESSAGES_MAX {
            let now = inner.parts.clock.now();
            let due = {
                let mut reader = inner.parts.store.reader().await?;
                outbox::next_due(&mut reader.conn(), &company, &lane.target, now).await?
            };
            let Some(due) = due else { break };
            let Some(pace) = deliver(inner, due, failures).await? else { break };
            failures = pace.failures;
            if pace.free_at > inner.parts.clock.now() {
                break;
            }
        }
        Ok(())
    };
    let sent: Result<(), WorkError> = sent.await;
    // What went wrong inside will do so again: the lane is left alone for a while, as if its target had failed.
    let now = inner.parts.clock.now();
    let pause = schedule::lane_pause_ms(failures + 1);
    let pace = sent.is_err().then(|| Pace { failures: failures + 1, free_at: now.plus(pause) });
    release(inner, &lane.target, pace).await?;
    sent
}

async fn claim(inner: &Inner, target: &str) -> Result<Option<i64>, StoreError> {
    let (target, runner, now) = (target.to_owned(), inner.parts.runner.clone(), inner.parts.clock.now());
    let claim = inner.parts.store.write_as("outbox_claim", move |conn| {
        Box::pin(async move {
            let leases = runners::now(conn, now).await?;
            lanes::claim(conn, &target, &runner, now, leases).await
        })
    });
    claim.await
}

async fn release(inner: &Inner, target: &str, pace: Option<Pace>) -> Result<(), StoreError> {
    let (target, runner) = (target.to_owned(), inner.parts.runner.clone());
    let release = inner.parts.store.write_as("outbox_release", move |conn| {
        Box::pin(async move {
            if let Some(pace) = pace {
                lanes::pace(conn, &target, &runner, pace.failures, pace.free_at).await?;
            }
            lanes::release(conn, &target, &runner).await
        })
    });
    release.await
}

/// Sends one message and writes down what came of it; none when somebody else has taken the lane over meanwhile, or the
/// message is wanted no more.
async fn deliver(inner: &Inner, due: Message, failures: i64) -> Result<Option<Pace>, WorkError> {
    let (answer, spacing_ms, endpoint) = if outbox::is_chat(&due.target) {
        match tell_chat(inner, &due).await? {
            Some((answer, spacing_ms)) => (answer, spacing_ms, None),
            None => return forget(inner, due).await.map(|()| None),
        }
    } else {
        match tell_endpoint(inner, &due).await? {
            Some((answer, endpoint)) => (answer, 0, Some(endpoint)),
            None => return give_up(inner, due).await.map(|()| None),
        }
    };
    let now = inner.parts.clock.now();
    let draw = inner.parts.random.below(schedule::DRAWS);
    let tried = Tried {
        after: verdict::message(due.clone(), answer, now, draw),
        before: due,
        pace: verdict::pace(failures, answer, spacing_ms, now),
        endpoint: endpoint.map(|endpoint| {
            let health = verdict::health(endpoint.failing_since.map(Timestamp), answer, now);
            (endpoint, health)
        }),
    };
    note(&tried, answer);
    let (pace, runner) = (tried.pace, inner.parts.runner.clone());
    let kept = inner.parts.store.write_as("outbox_tried", move |conn| {
        Box::pin(async move { write(conn, &tried, &runner, now).await })
    });
    let kept: Result<bool, StoreError> = kept.await;
    Ok(kept?.then_some(pace))
}

/// Writes a try down; false when the lane is another process's by now.
async fn write(conn: &mut Conn<'_>, tried: &Tried, runner: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Tried { before, after, pace, endpoint } = tried;
    if !lanes::pace(conn, &after.target, runner, pace.failures, pace.free_at).await? {
        return Ok(false);
    }
    // A message for people is kept only as long as it is to be sent.
    if outbox::is_chat(&after.target) && after.state != DUE {
        outbox::forget(conn, after).await?;
        return Ok(true);
    }
    outbox::note_try(conn, after, before.attempts).await?;
    let Some((endpoint, health)) = endpoint else { return Ok(true) };
    let (company, id) = (&endpoint.company_id, &endpoint.id);
    match health {
        Health::Unchanged => {}
        Health::Works => webhook_endpoints::note_failing(conn, company, id, None).await?,
        Health::Fails => webhook_endpoints::note_failing(conn, company, id, Some(now)).await?,
        Health::Off(since) => {
            let reason = after.last_error.as_deref().unwrap_or_default();
            if webhook_endpoints::switch_off(conn, endpoint, reason, now).await? {
                outbox::give_up_all(conn, company, id, Code::EndpointOff.as_str()).await?;
                let alert = Alert::EndpointOff { host: target::host(&endpoint.url), since: *since };
                let message = message_id(alert.as_str(), &format!("{id}:{}", now.0));
                outbox::put_alert(conn, company, &message, &alert, now).await?;
            }
        }
    }
    Ok(true)
}

/// Counts a try, and tells the operator what is given up.
fn note(tried: &Tried, answer: Answer) {
    let channel = if outbox::is_chat(&tried.after.target) { "telegram" } else { "webhook" };
    let given_up = tried.after.state == FAILED;
    let result = match answer.setback {
        None => "delivered",
        Some(_) if given_up => "given_up",
        Some(_) => "failed",
    };
    metrics::count(Counter::Messages, &[("channel", channel), ("result", result)]);
    if given_up {
        tracing::warn!(
            company.id = tried.after.company_id,
            outbox.target = tried.after.target,
            outbox.message = tried.after.id,
            http.status = answer.status,
            "message was given up"
        );
    }
    if let Some((endpoint, Health::Off(_))) = &tried.endpoint {
        tracing::warn!(
            company.id = %endpoint.company_id,
            endpoint.id = endpoint.id,
            "endpoint of a company was switched off"
        );
    }
}

/// Gives up what an endpoint that is off was to be told.
async fn give_up(inner: &Inner, message: Message) -> Result<(), WorkError> {
    let company = CompanyId::new(&message.company_id);
    let give_up = inner.parts.store.write_as("outbox_give_up", move |conn| {
        Box::pin(async move {
            outbox::give_up_all(conn, &company, &message.target, Code::EndpointOff.as_str()).await
        })
    });
    let done: Result<(), StoreError> = give_up.await;
    Ok(done?)
}

/// Forgets a message for a chat that is not to be written to any more.
async fn forget(inner: &Inner, message: Message) -> Result<(), WorkError> {
    let forget = inner
        .parts
        .store
        .write_as("outbox_forget", move |conn| Box::pin(async move { outbox::forget(conn, &message).await }));
    let done: Result<(), StoreError> = forget.await;
    Ok(done?)
}

/// Sends to the endpoint; none when it is gone or off.
async fn tell_endpoint(inner: &Inner, due: &Message) -> Result<Option<(Answer, Endpoint)>, WorkError> {
    let company = CompanyId::new(&due.company_id);
    let endpoint = {
        let mut reader = inner.parts.store.reader().await?;
        webhook_endpoints::find(&mut reader.conn(), &company, &due.target).await?
    };
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.active) else { return Ok(None) };
    let at = inner.parts.clock.now();
    let secrets = secrets(&inner.parts.vault, &endpoint, at)?;
    let letter = Letter { url: &endpoint.url, id: &due.id, body: &due.body, secrets: &secrets, at };
    let answer = inner.parts.webhooks.send(letter).await;
    Ok(Some((answer, endpoint)))
}

/// The secrets that sign now, the newest first.
pub(super) fn secrets(vault: &Vault, endpoint: &Endpoint, now: Timestamp) -> Result<Vec<Secret>, WorkError> {
    let context = Context { tenant: endpoint.company_id.as_str(), field: webhook_endpoints::SECRET };
    let old =
        endpoint.old_secret_until.filter(|until| now.0 < *until).and(endpoint.old_secret_sealed.as_ref());
    let sealed = [Some(&endpoint.secret_sealed), old].into_iter().flatten();
    sealed.map(|sealed| Ok(Secret::new(vault.open_sealed(&context, sealed)?))).collect()
}

/// Sends to the company's chat; none when it has none any more.
async fn tell_chat(inner: &Inner, due: &Message) -> Result<Option<(Answer, i64)>, WorkError> {
    let id = CompanyId::new(&due.company_id);
    let company = companies::find(&mut inner.parts.store.reader().await?.conn(), &id).await?;
    let Some(company) = company.filter(|company| company.telegram_enabled) else { return Ok(None) };
    let Some(chat) = chat(&inner.parts.vault, &company)? else { return Ok(None) };
    let Ok(alert) = serde_json::from_str::<Alert>(&due.body) else {
        tracing::error!(outbox.message = due.id, "stored message cannot be read");
        return Ok(None);
    };
    let password = password(inner, &company, &alert).await?;
    let password = password.as_ref().map(|password| password.as_str());
    let text = message::text(&company.name, &alert, password, Language::default());
    Ok(Some((inner.parts.telegram.send(&chat, &text).await, chat.spacing_ms())))
}

/// Where a company's messages go; none when it did not say so.
pub(super) fn chat(vault: &Vault, company: &Company) -> Result<Option<Chat>, WorkError> {
    let (Some(sealed), Some(id)) = (&company.telegram_bot_token_sealed, &company.telegram_chat_id) else {
        return Ok(None);
    };
    let context = Context { tenant: company.id.as_str(), field: companies::TELEGRAM_BOT_TOKEN };
    Ok(Some(Chat { token: vault.open_sealed(&context, sealed)?, id: id.clone() }))
}

/// The password of a sale, for companies that want it told.
async fn password(
    inner: &Inner,
    company: &Company,
    alert: &Alert,
) -> Result<Option<Zeroizing<String>>, WorkError> {
    let Alert::SaleApproved { purchase, .. } = alert else { return Ok(None) };
    if !company.telegram_shows_password {
        return Ok(None);
    }
    let sealed = {
        let mut reader = inner.parts.store.reader().await?;
        transactions::sealed_password(&mut reader.conn(), &company.id, &PurchaseId::new(purchase.as_str()))
            .await?
    };
    let context = Context { tenant: company.id.as_str(), field: ledger::PASSWORD_FIELD };
    Ok(sealed.map(|sealed| inner.parts.vault.open_sealed(&context, &sealed)).transpose()?)
}
