//! Effects: what the machine asks for, done through the ports. Every one of them may be done twice.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use pagos_protocol::command::{Confirm, Login, PurchaseRef, Release, Reserve, Revoke};
use pagos_protocol::{Action, Secret};
use zeroize::Zeroizing;

use super::keys::Answer;
use super::machine::{DRAWS_MAX, Effect, Event, RouterEnd};
use super::state::{DrawnUser, Phase, Purchase, UserType};
use super::{Inner, PurchaseError, keys, offer, router_end};
use crate::causes::chain;
use crate::domain::code::Code;
use crate::domain::device::parse_mac;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::hotspot_user::{draw_name, draw_password};
use crate::domain::money::Money;
use crate::gateway::{
    ChargeBody, ChargeRequest, Charging, GatewayPort, Opening, Reading, RefundRequest, Refunding, Searching,
};
use crate::store::ledger::{CHARGE_FIELD, PASSWORD_FIELD};
use crate::store::{companies, purchases};
use crate::vault::Context;

/// When the router refused, opening the payment is waited for this long, in milliseconds, so that it can be closed.
/// One whose opening is not heard of stays open, unpaid and harmless.
const SPARE_PAYMENT_WAIT_MS: u64 = 2_000;
/// The login of a device ends so long before the answer is due, so that its end can still be stored, in milliseconds.
const LOGIN_RESERVE_MS: i64 = 1_000;
/// Longest wait for the login of a device, in milliseconds.
const LOGIN_MAX_MS: i64 = 10_000;

/// Performs one effect.
pub(super) async fn perform(
    inner: &Inner,
    purchase: &Purchase,
    effect: Effect,
) -> Result<Event, PurchaseError> {
    Ok(match effect {
        Effect::Reserve { open } => reserve(inner, purchase, open).await?,
        Effect::Open => Event::Opened(open_payment(inner, purchase).await?),
        Effect::Charge => Event::Charged(charge(inner, purchase).await?),
        Effect::Read => {
            let reading = read(inner, purchase, None).await?;
            Event::Read { reading, revokes: revokes(inner, purchase).await? }
        }
        Effect::Search => Event::Searched(search(inner, purchase).await?),
        Effect::Cancel => {
            cancel(inner, purchase).await?;
            Event::CancelAsked
        }
        Effect::Remake => {
            let router = act(inner, purchase, reserve_action(inner, purchase)?).await;
            let taken = router == RouterEnd::NameTaken && !purchase.shown;
            let next_draw = if taken { draw_unsold(inner, purchase).await? } else { None };
            Event::Remade { router, next_draw }
        }
        Effect::Confirm => Event::Confirmed(act(inner, purchase, confirm_action(purchase)).await),
        Effect::Release => Event::Released(act(inner, purchase, release_action(purchase)).await),
        Effect::Revoke if is_sold_again(inner, purchase).await? => Event::Revoked(RouterEnd::Gone),
        Effect::Revoke => Event::Revoked(act(inner, purchase, revoke_action(purchase)).await),
        Effect::Login => Event::LoggedIn(login(inner, purchase).await?),
        Effect::ReadRefund => {
            let surplus = purchase.refund_under_way().and_then(|refund| refund.payment.clone());
            let reading = read(inner, purchase, surplus).await?;
            Event::RefundRead { reading, revokes: revokes(inner, purchase).await? }
        }
        Effect::Refund => Event::Refunded(refund(inner, purchase).await?),
        Effect::Wait(_) | Effect::End => Event::Woken,
    })
}

/// Whether the user's name was sold to somebody else since: whoever stands on the router under it is theirs.
async fn is_sold_again(inner: &Inner, purchase: &Purchase) -> Result<bool, PurchaseError> {
    let mut reader = inner.parts.store.reader().await?;
    let terms = &purchase.terms;
    let holder = purchases::drawn_for(&mut reader.conn(), &terms.router, &purchase.user.name).await?;
    Ok(holder.is_some_and(|holder| holder != terms.id))
}

/// The gateway of a purchase.
fn gateway<'a>(inner: &'a Inner, purchase: &Purchase) -> &'a dyn GatewayPort {
    inner.parts.gateways.of(purchase.terms.gateway)
}

/// Whether the company wants users disabled whose money went back. Not asked while nothing can have gone back.
async fn revokes(inner: &Inner, purchase: &Purchase) -> Result<bool, PurchaseError> {
    if purchase.phase != Phase::Completed {
        return Ok(false);
    }
    let mut reader = inner.parts.store.reader().await?;
    Ok(companies::disables_on_refund(&mut reader.conn(), &purchase.terms.company).await?)
}

/// Asks the router, and opens the payment meanwhile: it moves no money, and the charge waits for both.
async fn reserve(inner: &Inner, purchase: &Purchase, open: bool) -> Result<Event, PurchaseError> {
    let action = reserve_action(inner, purchase)?;
    let mut router = pin!(act(inner, purchase, action));
    // An agent that is known to be away answers at once: then no payment is opened.
    let early = router.as_mut().now_or_never();
    let mut opening = None;
    let router = match early {
        Some(end) => end,
        None if open => {
            let mut opened = pin!(opening_beside(inner, purchase));
            tokio::select! {
                biased;
                end = &mut router => {
                    let patience = if end == RouterEnd::Done { None } else { Some(SPARE_PAYMENT_WAIT_MS) };
                    opening = wait_for(opened, patience).await;
                    end
                }
                opened = &mut opened => {
                    opening = Some(opened);
                    router.await
                }
            }
        }
        None => router.await,
    };
    let next_draw = match router {
        RouterEnd::NameTaken => draw_unsold(inner, purchase).await?,
        RouterEnd::Done
        | RouterEnd::Gone
        | RouterEnd::Stale
        | RouterEnd::Refused(_)
        | RouterEnd::Unclear(_) => None,
    };
    Ok(Event::Reserved { router, opening, next_draw })
}

/// Waits for `work`, at most `patience_ms` if there is one.
async fn wait_for<F: Future>(work: F, patience_ms: Option<u64>) -> Option<F::Output> {
    match patience_ms {
        None => Some(work.await),
        Some(limit) => tokio::time::timeout(Duration::from_millis(limit), work).await.ok(),
    }
}

/// Opens the payment beside the reservation, whose outcome must not be lost when this fails inside.
async fn opening_beside(inner: &Inner, purchase: &Purchase) -> Opening {
    open_payment(inner, purchase).await.unwrap_or_else(|error| {
        tracing::error!(error = %chain(&error), "payment could not be opened");
        Opening::Unknown
    })
}

async fn open_payment(inner: &Inner, purchase: &Purchase) -> Result<Opening, PurchaseError> {
    let Some(key) = keys::own(inner, &purchase.terms).await? else {
        return Ok(Opening::Refused(Failure::new(Code::InternalError, FailureKind::Fault)));
    };
    Ok(gateway(inner, purchase).open(key, offer::sale(&purchase.terms)).await)
}

/// Sends the charge, unless it became too late for it while the attempt was stored. What is sent again under its key
/// is sent however late.
async fn charge(inner: &Inner, purchase: &Purchase) -> Result<Charging, PurchaseError> {
    let age = inner.parts.clock.now().since(purchase.terms.created_at);
    let Some(sealed) = &purchase.charge_sealed else { return Ok(Charging::Unknown) };
    if purchase.phase == Phase::ChargeSent && age >= inner.parts.timing.charge_start_max_ms {
        return Ok(Charging::NotSent(Failure::new(Code::RouterUnreachable, FailureKind::Unavailable)));
    }
    let Some(key) = keys::own(inner, &purchase.terms).await? else {
        return Ok(Charging::NotSent(Failure::new(Code::InternalError, FailureKind::Fault)));
    };
    let body = ChargeBody(inner.parts.vault.open_sealed(&context(purchase, CHARGE_FIELD), sealed)?);
    let request = ChargeRequest {
        payment: purchase.payment.as_ref().map(|payment| payment.id.clone()),
        idempotency_key: purchase.terms.idempotency_key.clone(),
        body,
        device_session: purchase.terms.card.device_session.clone(),
    };
    Ok(gateway(inner, purchase).charge(key, request).await)
}

/// Reads a payment: the named one, else the purchase's own, else one that was hinted at.
async fn read(inner: &Inner, purchase: &Purchase, named: Option<String>) -> Result<Reading, PurchaseError> {
    let own = purchase.payment.as_ref().map(|payment| payment.id.clone());
    let Some(payment) = named.or(own).or_else(|| purchase.hinted.clone()) else {
        return Ok(Reading::Unknown);
    };
    let gateway = gateway(inner, purchase);
    let reading = keys::with_either(
        inner,
        &purchase.terms,
        |reading| *reading == Reading::Denied,
        |key| gateway.read(key, payment.clone()),
    );
    Ok(reading.await?.map_or(Reading::Denied, |asked| asked.answer))
}

/// Searches all payments that carry our reference.
async fn search(inner: &Inner, purchase: &Purchase) -> Result<Searching, PurchaseError> {
    let gateway = gateway(inner, purchase);
    let searching = keys::with_either(
        inner,
        &purchase.terms,
        |searching| *searching == Searching::Denied,
        |key| gateway.search(key, purchase.terms.reference()),
    );
    Ok(match searching.await? {
        // Another account may be behind the newer key: that it has none is no proof.
        Some(Answer { answer: Searching::Found(views), own: false }) if views.is_empty() => Searching::Denied,
        Some(Answer { answer, .. }) => answer,
        None => Searching::Denied,
    })
}

/// Closes the unpaid payment, with the newer key too if there is one: whether it was closed shows at the next read.
async fn cancel(inner: &Inner, purchase: &Purchase) -> Result<(), PurchaseError> {
    let Some(payment) = &purchase.payment else { return Ok(()) };
    let (own, newer) = (keys::own(inner, &purchase.terms).await?, keys::newer(inner, &purchase.terms).await?);
    for key in [own, newer].into_iter().flatten() {
        gateway(inner, purchase).cancel(key, payment.id.clone()).await;
    }
    Ok(())
}

async fn refund(inner: &Inner, purchase: &Purchase) -> Result<Refunding, PurchaseError> {
    let own = purchase.payment.as_ref().map(|payment| payment.id.clone());
    let Some(refund) = purchase.refund_under_way() else { return Ok(Refunding::Unknown) };
    let Some(payment) = refund.payment.clone().or(own) else { return Ok(Refunding::Unknown) };
    let price = purchase.terms.product.price;
    let paid_minor = purchase.seen_minor.unwrap_or(price.minor);
    let request = RefundRequest {
        payment,
        amount: Money { minor: refund.amount_minor, currency: price.currency },
        full: refund.before_minor == Some(0) && refund.amount_minor == paid_minor,
        reason: refund.reason,
        idempotency_key: refund.key.clone(),
    };
    let gateway = gateway(inner, purchase);
    let refunding =
        keys::with_either(inner, &purchase.terms, is_key_refused, |key| gateway.refund(key, request.clone()));
    Ok(refunding.await?.map_or(Refunding::Unknown, |asked| asked.answer))
}

fn is_key_refused(refunding: &Refunding) -> bool {
    matches!(refunding, Refunding::Refused(failure) if failure.code == Code::GatewayAuthFailed)
}

async fn login(inner: &Inner, purchase: &Purchase) -> Result<super::state::LoginEnd, PurchaseError> {
    let age = inner.parts.clock.now().since(purchase.terms.created_at);
    let left = inner.parts.timing.answer_deadline_ms - age - LOGIN_RESERVE_MS;
    let left = left.clamp(0, LOGIN_MAX_MS);
    let device = &purchase.terms.device;
    let action = Action::Login(Login {
        purchase: reference(purchase),
        name: purchase.user.name.clone(),
        password: Secret::new(password(inner, purchase)?.as_str()),
        mac: device.mac.as_deref().and_then(parse_mac).unwrap_or_default(),
        ip: device.ip.clone(),
    });
    let limit = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    Ok(router_end::login(&inner.parts.link.send(&purchase.terms.router, action, limit).await))
}

async fn act(inner: &Inner, purchase: &Purchase, action: Action) -> RouterEnd {
    let limit_ms = match &action {
        Action::Release(_) | Action::Revoke(_) => inner.parts.release_timeout_ms,
        Action::Reserve(_)
        | Action::Confirm(_)
        | Action::Login(_)
        | Action::Reconnect(_)
        | Action::CheckUser { .. }
        | Action::DescribeUser { .. }
        | Action::DescribeUsers { .. }
        | Action::ListProfiles
        | Action::Probe
        | Action::SetRouter(_)
        | Action::Unknown => inner.parts.reserve_timeout_ms,
    };
    let limit = Duration::from_millis(limit_ms);
    router_end::act(&inner.parts.link.send(&purchase.terms.router, action, limit).await)
}

fn reserve_action(inner: &Inner, purchase: &Purchase) -> Result<Action, PurchaseError> {
    Ok(Action::Reserve(Reserve {
        purchase: reference(purchase),
        name: purchase.user.name.clone(),
        password: Secret::new(password(inner, purchase)?.as_str()),
        profile: purchase.terms.product.profile.clone(),
        enabled: match purchase.terms.user_type {
            UserType::Password => true,
            UserType::Pin => false,
        },
    }))
}

fn confirm_action(purchase: &Purchase) -> Action {
    Action::Confirm(Confirm {
        purchase: reference(purchase),
        name: purchase.user.name.clone(),
        profile: purchase.terms.product.profile.clone(),
    })
}

fn release_action(purchase: &Purchase) -> Action {
    let profile = if purchase.may_be_confirmed() { purchase.terms.product.profile.as_str() } else { "" };
    Action::Release(Release {
        purchase: reference(purchase),
        name: purchase.user.name.clone(),
        profile: profile.to_owned(),
    })
}

fn revoke_action(purchase: &Purchase) -> Action {
    Action::Revoke(Revoke { purchase: reference(purchase), name: purchase.user.name.clone() })
}

fn reference(purchase: &Purchase) -> PurchaseRef {
    PurchaseRef { id: purchase.terms.id.to_string(), version: purchase.command_version }
}

/// The password of the purchase's user.
pub(super) fn password(inner: &Inner, purchase: &Purchase) -> Result<Zeroizing<String>, PurchaseError> {
    let sealed = &purchase.user.password_sealed;
    Ok(inner.parts.vault.open_sealed(&context(purchase, PASSWORD_FIELD), sealed)?)
}

fn context<'a>(purchase: &'a Purchase, field: &'static str) -> Context<'a> {
    Context { tenant: purchase.terms.company.as_str(), field }
}

/// Seals the bytes of a charge for a company.
pub(super) fn seal_charge(inner: &Inner, company: &str, body: &ChargeBody) -> String {
    inner.parts.vault.seal(&Context { tenant: company, field: CHARGE_FIELD }, &body.0)
}

/// Draws a user for a company; whether its name is free is not known yet.
pub(super) fn draw(inner: &Inner, company: &str, user_type: UserType) -> DrawnUser {
    let random = &inner.parts.random;
    let pin = match user_type {
        UserType::Password => false,
        UserType::Pin => true,
    };
    let password = draw_password(random, pin);
    let password_sealed =
        inner.parts.vault.seal(&Context { tenant: company, field: PASSWORD_FIELD }, &password);
    DrawnUser { name: draw_name(random, pin), password_sealed }
}

/// Draws a user whose name was not sold on this router for long; none when too many draws were taken.
async fn draw_unsold(inner: &Inner, purchase: &Purchase) -> Result<Option<DrawnUser>, PurchaseError> {
    for _ in 0..DRAWS_MAX {
        let user = draw(inner, purchase.terms.company.as_str(), purchase.terms.user_type);
        let (router, id) = (purchase.terms.router.clone(), purchase.terms.id.clone());
        let (name, now) = (user.name.clone(), inner.parts.clock.now());
        let free = inner
            .parts
            .store
            .write_as("name", move |conn| {
                Box::pin(async move { purchases::claim_name(conn, &router, &name, &id, now).await })
            })
            .await?;
        if free {
            return Ok(Some(user));
        }
    }
    Ok(None)
}
