//! A new purchase on disk: its row, its transaction, its name and its key, all or nothing.

use super::{Draft, Insertion, IntakeError, Request, buyer, slot};
use crate::gateway::{CardToken, GatewayName, Means};
use crate::purchase::state::{DrawnUser, Purchase};
use crate::purchase::timeline::{Line, Who};
use crate::purchase::{Inner, PurchaseError, books, offer, perform, runner};
use crate::store::ledger::{self, Opening};
use crate::store::purchases::{self, Row};
use crate::store::{Conn, StoreError, timeline};

/// Users drawn at once for a new purchase; their names may have been sold before.
const CANDIDATES: usize = 8;

/// Why what was written is undone.
enum Undone {
    /// The request comes to this instead.
    As(Insertion),
    Store(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Stores the purchase, its transaction, its name and its key together.
pub(super) async fn insert(inner: &Inner, draft: Draft) -> Result<Insertion, IntakeError> {
    let terms = inner.terms(&draft)?;
    let company = terms.company.as_str();
    let users: Vec<DrawnUser> =
        (0..CANDIDATES).map(|_| perform::draw(inner, company, terms.user_type)).collect();
    let body = inner.parts.gateways.of(terms.gateway).prepare(&offer::sale(&terms), &means(inner, &draft));
    let charge_sealed = perform::seal_charge(inner, company, &body);
    let purchase = Purchase::new(terms, users[0].clone(), charge_sealed);
    let runner = inner.runner.clone();
    let inserted = inner
        .parts
        .store
        .write_as("new", move |conn| Box::pin(insert_in(conn, draft, purchase, users, runner)))
        .await;
    match inserted {
        Ok(insertion) | Err(Undone::As(insertion)) => Ok(insertion),
        Err(Undone::Store(error)) => Err(error.into()),
    }
}

/// How the buyer pays.
fn means(inner: &Inner, draft: &Draft) -> Means {
    let request = &draft.request;
    let live = draft.seller.mercado_pago_mode == super::LIVE;
    Means {
        token: CardToken(request.token.clone().into()),
        method: request.card.method.clone(),
        issuer: request.card.issuer.clone().filter(|_| live),
        installments: request.card.installments,
        ip: request.device.ip.clone(),
        notify_url: notify_url(inner, draft),
    }
}

/// Where the gateway tells of this payment, if it can reach us.
fn notify_url(inner: &Inner, draft: &Draft) -> Option<String> {
    let path = draft.seller.webhook_path.as_deref()?;
    let base = inner.parts.public_url.as_deref()?;
    Some(format!("{base}/api/v1/webhook/mercado-pago/{path}"))
}

/// An error undoes what was written.
async fn insert_in(
    conn: &mut Conn<'_>,
    draft: Draft,
    mut purchase: Purchase,
    users: Vec<DrawnUser>,
    runner: String,
) -> Result<Insertion, Undone> {
    let terms = &purchase.terms;
    let mut named = None;
    for user in users {
        if purchases::claim_name(conn, &terms.router, &user.name, &terms.id, terms.created_at).await? {
            named = Some(user);
            break;
        }
    }
    let Some(user) = named else { return Err(Undone::As(Insertion::NamesExhausted)) };
    purchase.user = user;
    let row = row(&purchase, &draft.request, runner)?;
    if !purchases::insert(conn, &row).await? {
        return Err(Undone::As(taken(conn, draft, &purchase).await?));
    }
    if let Some(key) = &draft.key
        && !purchases::claim_key(conn, &row, &key.text, &draft.fingerprint, draft.replaces.as_deref()).await?
    {
        return Err(Undone::As(Insertion::Raced(Box::new(draft.request))));
    }
    ledger::open(conn, &opening(&draft, &purchase), &books::entry(&purchase)).await?;
    timeline::add(conn, &purchase.terms.company, &purchase.terms.id, row.version, &first_line(&purchase)?)
        .await?;
    Ok(Insertion::New(Box::new((row, purchase))))
}

/// What a request comes to whose place is taken: by its own twin, stored since its key was looked up, or by an earlier
/// purchase that is not decided. One that was decided this moment is looked up anew.
async fn taken(conn: &mut Conn<'_>, draft: Draft, purchase: &Purchase) -> Result<Insertion, StoreError> {
    let (terms, request) = (&purchase.terms, &draft.request);
    let (buyer, slot) = (buyer(request), slot(request));
    let place = (buyer.as_str(), slot.as_str());
    let found = purchases::in_the_way(conn, &terms.router, terms.product.id, place, terms.created_at).await?;
    let twin = match &draft.key {
        Some(key) => purchases::by_key(conn, &terms.router, &key.text).await?,
        None => None,
    };
    match found {
        Some(found) if twin.is_none_or(|twin| twin.purchase_id != found.id) => {
            Ok(Insertion::Undecided(super::shown_to(request, &found).map_err(unreadable)?))
        }
        Some(_) | None => Ok(Insertion::Raced(Box::new(draft.request))),
    }
}

fn unreadable(error: PurchaseError) -> StoreError {
    match error {
        PurchaseError::Store(error) => error,
        PurchaseError::State(id) | PurchaseError::NotRun(id) => {
            StoreError::Inconsistent { table: "purchases", column: "state", id: id.to_string() }
        }
        PurchaseError::Vault(_) => {
            StoreError::Inconsistent { table: "purchases", column: "state", id: String::new() }
        }
    }
}

fn row(purchase: &Purchase, request: &Request, runner: String) -> Result<Row, StoreError> {
    let terms = &purchase.terms;
    Ok(Row {
        id: terms.id.to_string(),
        company_id: terms.company.to_string(),
        router_id: terms.router.to_string(),
        product_id: terms.product.id,
        buyer: buyer(request),
        phase: purchase.phase.as_str().to_owned(),
        version: 1,
        state: runner::encode(purchase)?,
        runner,
        open: purchase.is_open(),
        undecided: purchase.is_undecided(),
        attention: purchase.needs_person(),
        slot: Some(slot(request)),
        wake_at: purchase.wake_at.0,
        look_back_at: None,
        created_at: terms.created_at.0,
    })
}

fn opening(draft: &Draft, purchase: &Purchase) -> Opening {
    let terms = &purchase.terms;
    Opening {
        id: draft.transaction,
        purchase: terms.id.clone(),
        company: terms.company.clone(),
        router: terms.router.clone(),
        product_id: terms.product.id,
        gateway: terms.gateway.as_str(),
        price: terms.product.price,
        buyer_name: terms.buyer.name.clone(),
        buyer_email: terms.buyer.email.clone(),
        buyer_phone: terms.buyer.phone_typed.clone(),
        api_key: terms.api_key.clone(),
        created_at: terms.created_at,
        external_reference: external_reference(purchase),
        metadata: metadata(draft, purchase),
    }
}

/// The reference that clients of Mercado Pago look a sale up by.
fn external_reference(purchase: &Purchase) -> Option<String> {
    match purchase.terms.gateway {
        GatewayName::Conekta => None,
        GatewayName::MercadoPago => Some(purchase.terms.reference()),
    }
}

/// What is kept beside the transaction, for clients that look it up there.
fn metadata(draft: &Draft, purchase: &Purchase) -> String {
    let terms = &purchase.terms;
    match terms.gateway {
        GatewayName::Conekta => "{}".into(),
        GatewayName::MercadoPago => serde_json::json!({
            "gateway": terms.gateway.as_str(),
            "external_reference": terms.reference(),
            "webhook_expected": draft.seller.webhook_path.is_some(),
            "binary_mode": true,
            "payment_method": terms.card.method,
            "installments": terms.card.installments,
            "payer_email": terms.buyer.email,
            "items_info": [{ "id": terms.product.id.to_string(), "title": terms.product.name }],
        })
        .to_string(),
    }
}

fn first_line(purchase: &Purchase) -> Result<String, StoreError> {
    let line = Line {
        at: purchase.terms.created_at,
        step: "asked".into(),
        result: purchase.phase.as_str().into(),
        who: Who::Portal,
    };
    runner::encode_lines(purchase, &[line])
}
