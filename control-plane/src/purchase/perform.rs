//! Effects: what the machine asks for, done through the ports. Every one of them may be done twice.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use pagos_protocol::command::{Confirm, Login, PurchaseRef, Release, Reserve};
use pagos_protocol::{Action, Secret};
use zeroize::Zeroizing;

use super::machine::{DRAWS_MAX, Effect, Event, RouterEnd};
use super::state::{DrawnUser, Purchase, UserType};
use super::{Inner, PurchaseError, router_end};
use crate::causes::chain;
use crate::domain::code::Code;
use crate::domain::device::parse_mac;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::hotspot_user::{draw_name, draw_password};
use crate::gateway::{Buyer, CardToken, Charging, Key, Opening, OrderRequest, Reading};
use crate::store::{credentials, purchases};
use crate::vault::Context;

/// When the router refused, opening the order is waited for this long, in milliseconds, so that it can be cancelled.
/// An order whose opening is not heard of stays open, unpaid and harmless.
const SPARE_ORDER_WAIT_MS: u64 = 2_000;
/// The login of a device ends so long before the answer is due, so that its end can still be stored, in milliseconds.
const LOGIN_RESERVE_MS: i64 = 1_000;
/// Longest wait for the login of a device, in milliseconds.
const LOGIN_MAX_MS: i64 = 10_000;

/// Field names of sealed values.
const PASSWORD_FIELD: &str = "purchase.password";
const TOKEN_FIELD: &str = "purchase.card_token";

/// Performs one effect.
pub(super) async fn perform(
    inner: &Inner,
    purchase: &Purchase,
    effect: Effect,
) -> Result<Event, PurchaseError> {
    Ok(match effect {
        Effect::Reserve { open_order } => reserve(inner, purchase, open_order).await?,
        Effect::OpenOrder => Event::Opened(open_order(inner, purchase).await?),
        Effect::Charge => Event::Charged(charge(inner, purchase).await?),
        Effect::ReadOrder => Event::Read(read_order(inner, purchase).await?),
        Effect::CancelOrder => {
            if let Some(order) = &purchase.order {
                let key = key(inner, purchase).await?;
                inner.parts.gateway.cancel(key, order.id.clone()).await;
            }
            Event::CancelAsked
        }
        Effect::Remake => Event::Remade(act(inner, purchase, reserve_action(inner, purchase)?).await),
        Effect::Confirm => Event::Confirmed(act(inner, purchase, confirm_action(purchase)).await),
        Effect::Release => Event::Released(act(inner, purchase, release_action(purchase)).await),
        Effect::Login => Event::LoggedIn(login(inner, purchase).await?),
        Effect::Wait(_) | Effect::End => Event::Woken { early: false },
    })
}

/// Asks the router, and opens the order meanwhile: it moves no money, and the charge waits for both.
async fn reserve(inner: &Inner, purchase: &Purchase, open: bool) -> Result<Event, PurchaseError> {
    let action = reserve_action(inner, purchase)?;
    let mut router = pin!(act(inner, purchase, action));
    // An agent that is known to be away answers at once: then no order is opened.
    let early = router.as_mut().now_or_never();
    let mut opening = None;
    let router = match early {
        Some(end) => end,
        None if open => {
            let mut order = pin!(opening_beside(inner, purchase));
            tokio::select! {
                end = &mut router => {
                    let patience = if end == RouterEnd::Done { None } else { Some(SPARE_ORDER_WAIT_MS) };
                    opening = wait_for(order, patience).await;
                    end
                }
                opened = &mut order => {
                    opening = Some(opened);
                    router.await
                }
            }
        }
        None => router.await,
    };
    let next_draw = match router {
        RouterEnd::NameTaken => draw_unsold(inner, purchase).await?,
        RouterEnd::Done | RouterEnd::Gone | RouterEnd::Refused(_) | RouterEnd::Unclear(_) => None,
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

/// Opens the order beside the reservation, whose outcome must not be lost when this fails inside.
async fn opening_beside(inner: &Inner, purchase: &Purchase) -> Opening {
    open_order(inner, purchase).await.unwrap_or_else(|error| {
        tracing::error!(error = %chain(&error), "order could not be opened");
        Opening::Unknown
    })
}

async fn open_order(inner: &Inner, purchase: &Purchase) -> Result<Opening, PurchaseError> {
    let terms = &purchase.terms;
    let user_type = match terms.user_type {
        UserType::Password => "usuario_contrasena",
        UserType::Pin => "pin",
    };
    let request = OrderRequest {
        purchase_id: terms.id.to_string(),
        price: terms.product.price,
        item: terms.product.name.clone(),
        product_id: terms.product.id,
        buyer: Buyer {
            name: terms.buyer.name.clone(),
            email: terms.buyer.email.clone(),
            phone: terms.buyer.phone.clone(),
        },
        labels: vec![
            ("empresa_id", terms.company.to_string()),
            ("router_id", terms.router.to_string()),
            ("producto_id", terms.product.id.to_string()),
            ("auto_connect_requested", terms.device.auto_connect.to_string()),
            ("mac_cliente", terms.device.mac.clone().unwrap_or_default()),
            ("ip_cliente", terms.device.ip.clone().unwrap_or_default()),
            ("user_type", user_type.to_owned()),
        ],
    };
    Ok(inner.parts.gateway.open(key(inner, purchase).await?, request).await)
}

/// Sends the charge, unless it became too late for it while the attempt was stored.
async fn charge(inner: &Inner, purchase: &Purchase) -> Result<Charging, PurchaseError> {
    let age = inner.parts.clock.now().since(purchase.terms.created_at);
    let (Some(order), Some(token)) = (&purchase.order, &purchase.token_sealed) else {
        return Ok(Charging::Unknown);
    };
    if age >= inner.parts.timing.charge_start_max_ms {
        return Ok(Charging::NotSent(Failure::new(Code::RouterUnreachable, FailureKind::Unavailable)));
    }
    let token = CardToken(inner.parts.vault.open_sealed(&context(purchase, TOKEN_FIELD), token)?);
    let attempt = format!("{}-1", purchase.terms.id);
    Ok(inner.parts.gateway.charge(key(inner, purchase).await?, order.id.clone(), token, attempt).await)
}

async fn read_order(inner: &Inner, purchase: &Purchase) -> Result<Reading, PurchaseError> {
    let Some(order) = &purchase.order else { return Ok(Reading::Unknown) };
    Ok(inner.parts.gateway.read(key(inner, purchase).await?, order.id.clone()).await)
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
    Action::Release(Release { purchase: reference(purchase), name: purchase.user.name.clone() })
}

fn reference(purchase: &Purchase) -> PurchaseRef {
    PurchaseRef { id: purchase.terms.id.to_string(), version: purchase.command_version }
}

/// The gateway key in force when the purchase was asked for.
async fn key(inner: &Inner, purchase: &Purchase) -> Result<Key, PurchaseError> {
    let terms = &purchase.terms;
    let mut reader = inner.parts.store.reader().await?;
    let version = terms.credentials_version;
    let credential =
        credentials::version(&mut reader.conn(), &terms.company, credentials::CONEKTA, version).await?;
    let sealed = credential.map(|credential| credential.key_sealed).unwrap_or_default();
    let context = Context { tenant: terms.company.as_str(), field: credentials::CONEKTA_PRIVATE_KEY };
    Ok(Key(inner.parts.vault.open_sealed(&context, &sealed)?))
}

/// The password of the purchase's user.
pub(super) fn password(inner: &Inner, purchase: &Purchase) -> Result<Zeroizing<String>, PurchaseError> {
    let sealed = &purchase.user.password_sealed;
    Ok(inner.parts.vault.open_sealed(&context(purchase, PASSWORD_FIELD), sealed)?)
}

fn context<'a>(purchase: &'a Purchase, field: &'static str) -> Context<'a> {
    Context { tenant: purchase.terms.company.as_str(), field }
}

/// Seals a card token for a company.
pub(super) fn seal_token(inner: &Inner, company: &str, token: &str) -> String {
    inner.parts.vault.seal(&Context { tenant: company, field: TOKEN_FIELD }, token)
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
            .write(move |conn| {
                Box::pin(async move { purchases::claim_name(conn, &router, &name, &id, now).await })
            })
            .await?;
        if free {
            return Ok(Some(user));
        }
    }
    Ok(None)
}
