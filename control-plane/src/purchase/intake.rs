//! A request becomes a stored purchase, once, however often it is sent.

mod insert;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::events::Told;
use super::runner::Start;
use super::state::{Buyer, CardChoice, Device, Product, Purchase, Terms, UserType};
use super::{Inner, PurchaseError, Purchases};
use crate::domain::code::Code;
use crate::domain::device::parse_mac;
use crate::domain::failure::FailureKind;
use crate::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use crate::domain::money::{Currency, Money};
use crate::domain::phone;
use crate::gateway::GatewayName;
use crate::limits::{Reservation, TooMuch};
use crate::store::StoreError;
use crate::store::purchases::{self, Keyed, Offer, Row, Seller, Undecided};

/// Tokens of the gateways' test cards can be used again and again, so they do not tell a repeat from a new purchase.
const REUSABLE_TOKEN_PREFIX: &str = "tok_test_";
/// How a company says that its Mercado Pago account takes real money.
const LIVE: &str = "live";
/// The page's price may be so far from the catalogue's, in minor units.
const AMOUNT_SLACK_MINOR: i64 = 1;
/// How often a request is looked at anew because another one with the same key was stored meanwhile.
const RACES_MAX: usize = 4;

/// What a portal asks for, already parsed.
pub struct Request {
    /// Who sells.
    pub company: CompanyId,
    /// Where.
    pub router: RouterId,
    /// The key that asked.
    pub api_key: ApiKeyId,
    /// What.
    pub product_id: i64,
    /// Through which gateway.
    pub gateway: GatewayName,
    /// Price as the page showed it, as decimal text, where the page says it.
    pub amount: Option<String>,
    /// What was said about the card.
    pub card: CardChoice,
    /// Single-use card token.
    pub token: String,
    /// Buyer's name.
    pub name: String,
    /// Buyer's e-mail.
    pub email: String,
    /// Buyer's phone as typed.
    pub phone: Option<String>,
    /// Which kind of user.
    pub user_type: UserType,
    /// The device.
    pub device: Device,
    /// `Idempotency-Key`, if sent.
    pub idempotency_key: Option<String>,
    /// When the request began to be served.
    pub received: Instant,
}

/// Whose answer the request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admitted {
    /// That of this purchase: the new one, or the one that the same request made before.
    Purchase(PurchaseId),
    /// The present state of an earlier purchase of the same buyer, which is not decided.
    Undecided(PurchaseId),
    /// That one of the same device is not decided. Who asks is not known to be its buyer, and is told no more: whoever
    /// has its id is given its credentials.
    Awaited,
}

/// Why a request makes no purchase. Nothing was stored and nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is not possible as asked.
    #[error("purchase refused: {0}")]
    Refused(Code),
    /// Too many purchases at once.
    #[error("too many purchase attempts")]
    TooMuch(TooMuch),
    /// Something inside failed.
    #[error("purchase could not be taken in")]
    Inside(#[from] PurchaseError),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> Self {
        Self::Inside(error.into())
    }
}

/// How a key was come by.
enum KeyOrigin {
    Header,
    Derived,
}

struct RequestKey {
    text: String,
    origin: KeyOrigin,
}

/// What the transaction of a new purchase came to.
enum Insertion {
    New(Box<(Row, Purchase)>),
    Undecided(Admitted),
    /// Another request with the same key was first; carries the request for another round.
    Raced(Box<Request>),
    NamesExhausted,
}

/// Everything a new purchase is written with.
struct Draft {
    request: Request,
    key: Option<RequestKey>,
    fingerprint: String,
    replaces: Option<String>,
    seller: Seller,
    offer: Offer,
    price: Money,
    phone: Option<String>,
    transaction: i64,
}

impl Purchases {
    /// Takes a request in: finds the purchase it repeats, or stores a new one and sets it going.
    ///
    /// # Errors
    /// [`IntakeError`] when it makes no purchase.
    pub async fn admit(&self, mut request: Request) -> Result<Admitted, IntakeError> {
        let inner = &self.0;
        let now = inner.parts.clock.now();
        inner.parts.limits.request(&request.router, now).map_err(IntakeError::TooMuch)?;
        let fingerprint = fingerprint(&request);
        for round in 0..RACES_MAX {
            let key = request_key(&request);
            let replaces = match self.earlier(&request, key.as_ref(), &fingerprint).await? {
                Earlier::None => None,
                Earlier::ToReplace(id) => Some(id),
                Earlier::Answers(admitted) => return Ok(admitted),
            };
            if round == 0 {
                let mac = request.device.mac.as_deref().and_then(parse_mac);
                let counted = inner.parts.limits.attempt(&request.router, mac.as_deref(), now);
                counted.map_err(IntakeError::TooMuch)?;
            }
            let draft = inner.draft(request, key, fingerprint.clone(), replaces).await?;
            let seat = inner.parts.limits.reserve(&draft.request.router).map_err(IntakeError::TooMuch)?;
            match self.store_and_run(draft, seat).await? {
                Stored::As(admitted) => return Ok(admitted),
                Stored::NamesExhausted => return Err(IntakeError::Refused(Code::UsernameExhausted)),
                Stored::Raced(returned) => request = *returned,
            }
        }
        Err(IntakeError::TooMuch(TooMuch { retry_after_s: 1 }))
    }

    /// What an earlier purchase means for this request.
    async fn earlier(
        &self,
        request: &Request,
        key: Option<&RequestKey>,
        fingerprint: &str,
    ) -> Result<Earlier, IntakeError> {
        let mut reader = self.0.parts.store.reader().await?;
        let conn = &mut reader.conn();
        let now = self.0.parts.clock.now();
        // In this order: if the undecided one is of this very request, sent twice at once, its key is found next.
        let (buyer, slot) = (buyer(request), slot(request));
        let place = (buyer.as_str(), slot.as_str());
        let undecided = purchases::in_the_way(conn, &request.router, request.product_id, place, now).await?;
        let mut found = Earlier::None;
        if let Some(key) = key
            && let Some(keyed) = purchases::by_key(conn, &request.router, &key.text).await?
        {
            found = repeat_of(keyed, key, fingerprint)?;
        }
        Ok(match (found, undecided) {
            (Earlier::Answers(admitted), _) => Earlier::Answers(admitted),
            (Earlier::None | Earlier::ToReplace(_), Some(undecided)) => {
                Earlier::Answers(shown_to(request, &undecided)?)
            }
            (found, None) => found,
        })
    }

    /// Stores a new purchase and gives it a task. Cancel-safe: what was stored gets its task even when nobody waits
    /// for it any more.
    async fn store_and_run(&self, draft: Draft, seat: Reservation) -> Result<Stored, IntakeError> {
        let this = self.clone();
        let task = crate::seams::spawn(async move {
            let received = draft.request.received;
            Ok(match insert::insert(&this.0, draft).await? {
                Insertion::New(stored) => {
                    let (row, purchase) = *stored;
                    let id = purchase.terms.id.clone();
                    let told = Told::of(&purchase);
                    this.run(Start { row, purchase, told, seat, since: received, letters: Vec::new() });
                    Stored::As(Admitted::Purchase(id))
                }
                Insertion::Undecided(admitted) => Stored::As(admitted),
                Insertion::NamesExhausted => Stored::NamesExhausted,
                Insertion::Raced(request) => Stored::Raced(request),
            })
        });
        task.await.map_err(|_| StoreError::Writer)?
    }
}

/// What an earlier purchase means for a request.
enum Earlier {
    /// There is none.
    None,
    /// It ended at the site, before a charge: it is not remembered.
    ToReplace(String),
    /// The request gets its answer.
    Answers(Admitted),
}

/// What became of storing a new purchase.
enum Stored {
    As(Admitted),
    NamesExhausted,
    Raced(Box<Request>),
}

fn repeat_of(keyed: Keyed, key: &RequestKey, fingerprint: &str) -> Result<Earlier, IntakeError> {
    if keyed.fingerprint != fingerprint && matches!(key.origin, KeyOrigin::Header) {
        return Err(IntakeError::Refused(Code::IdempotencyConflict));
    }
    let id = PurchaseId::new(&keyed.purchase_id);
    let purchase: Purchase =
        serde_json::from_str(&keyed.state).map_err(|_| PurchaseError::State(id.clone()))?;
    Ok(if ended_at_the_site(&purchase) {
        Earlier::ToReplace(keyed.purchase_id)
    } else {
        Earlier::Answers(Admitted::Purchase(id))
    })
}

/// Whether the purchase is over because the site could not serve it, and no charge was sent.
fn ended_at_the_site(purchase: &Purchase) -> bool {
    let site = purchase.failure.is_some_and(|failure| match failure.kind {
        FailureKind::Unavailable | FailureKind::Fault => true,
        FailureKind::Request
        | FailureKind::Values
        | FailureKind::Payment
        | FailureKind::Throttled
        | FailureKind::Gateway => false,
    });
    site && purchase.charge.is_none()
}

impl Inner {
    /// Checks in the order of the contract: router, gateway, product, phone.
    async fn draft(
        &self,
        request: Request,
        key: Option<RequestKey>,
        fingerprint: String,
        replaces: Option<String>,
    ) -> Result<Draft, IntakeError> {
        let mut reader = self.parts.store.reader().await?;
        let conn = &mut reader.conn();
        let gateway = request.gateway.as_str();
        let seller = purchases::seller(conn, &request.company, &request.router, gateway).await?;
        let seller = seller.ok_or(IntakeError::Refused(Code::RouterNotFound))?;
        if !seller.router_active {
            return Err(IntakeError::Refused(Code::RouterInactive));
        }
        if seller.credentials_version.is_none() {
            return Err(IntakeError::Refused(Code::GatewayNotConfigured));
        }
        let offer = purchases::offer(conn, &request.company, &request.router, request.product_id).await?;
        let offer = offer.ok_or(IntakeError::Refused(Code::ProductNotFound))?;
        drop(reader);
        if request.token.is_empty() {
            return Err(IntakeError::Refused(Code::TokenMissing));
        }
        let price = price(&request, &offer)?;
        let phone = self.phone(&request, &seller)?;
        let transaction = self.transactions.next(&self.parts.store).await?;
        Ok(Draft { request, key, fingerprint, replaces, seller, offer, price, phone, transaction })
    }

    /// The phone as the gateway wants it.
    fn phone(&self, request: &Request, seller: &Seller) -> Result<Option<String>, IntakeError> {
        match request.gateway {
            GatewayName::Conekta => {
                let fallback = self.parts.fallback_phone.as_deref();
                let phones = [request.phone.as_deref(), seller.contact_phone.as_deref(), fallback];
                let phone = phones.into_iter().flatten().find_map(phone::mexican);
                phone.map(Some).ok_or(IntakeError::Refused(Code::PhoneRequired))
            }
            GatewayName::MercadoPago => Ok(request.phone.as_deref().and_then(phone::national)),
        }
    }

    fn terms(&self, draft: &Draft) -> Result<Terms, IntakeError> {
        let request = &draft.request;
        let live = draft.seller.mercado_pago_mode == LIVE;
        let mut card = request.card.clone();
        if request.gateway == GatewayName::MercadoPago && !live {
            card.issuer = None;
        }
        Ok(Terms {
            id: PurchaseId::draw(&self.parts.random),
            company: request.company.clone(),
            router: request.router.clone(),
            api_key: request.api_key.clone(),
            created_at: self.parts.clock.now(),
            product: Product {
                id: request.product_id,
                name: draft.offer.sale_name.clone(),
                profile: draft.offer.profile_name.clone(),
                price: draft.price,
            },
            buyer: Buyer {
                name: request.name.clone(),
                email: request.email.clone(),
                phone: draft.phone.clone(),
                phone_typed: request.phone.clone(),
            },
            user_type: request.user_type,
            device: request.device.clone(),
            gateway: request.gateway,
            credentials_version: draft.seller.credentials_version.unwrap_or_default(),
            live_only: request.gateway == GatewayName::MercadoPago && live,
            idempotency_key: self.parts.random.uuid(self.parts.clock.now()),
            card,
        })
    }
}

/// The catalogue price; the page's own must be the same to a cent.
fn price(request: &Request, offer: &Offer) -> Result<Money, IntakeError> {
    let currency = Currency::parse(&offer.currency).ok_or(StoreError::Inconsistent {
        table: "products",
        column: "currency",
        id: request.product_id.to_string(),
    })?;
    let price = Money { minor: offer.price_minor, currency };
    match request.amount.as_deref().map(|text| Money::parse(text, currency)) {
        Some(Some(shown)) if (shown.minor - price.minor).abs() <= AMOUNT_SLACK_MINOR => Ok(price),
        Some(_) => Err(IntakeError::Refused(Code::AmountMismatch)),
        None => Ok(price),
    }
}

/// What of an undecided purchase is shown to who asks: its device can be seen by anybody nearby, so name and e-mail
/// must be the buyer's as well.
fn shown_to(request: &Request, undecided: &Undecided) -> Result<Admitted, PurchaseError> {
    let id = PurchaseId::new(&undecided.id);
    let purchase: Purchase =
        serde_json::from_str(&undecided.state).map_err(|_| PurchaseError::State(id.clone()))?;
    let buyer = &purchase.terms.buyer;
    let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    let is_buyer = same(&buyer.email, &request.email) && same(&buyer.name, &request.name);
    Ok(if is_buyer { Admitted::Undecided(id) } else { Admitted::Awaited })
}

/// Who buys, as far as a second attempt can be recognised: the device, else the e-mail.
fn buyer(request: &Request) -> String {
    request.device.mac.as_deref().and_then(parse_mac).unwrap_or_else(|| request.email.to_lowercase())
}

/// The place that a purchase holds until it is decided. More than [`buyer`] where no device is known: two people may
/// share an e-mail, and a second tap says the same of everything.
pub(super) fn slot(request: &Request) -> String {
    request.device.mac.as_deref().and_then(parse_mac).unwrap_or_else(|| {
        let fields = [&request.email, &request.name].map(|text| text.trim().to_lowercase());
        let rest = (&request.phone, &request.device.ip);
        hex::encode(Sha256::digest(serde_json::json!([fields, rest]).to_string()))
    })
}

/// The key under which a repeat is recognised; none when nothing tells a repeat from a new purchase.
fn request_key(request: &Request) -> Option<RequestKey> {
    if let Some(header) = &request.idempotency_key {
        return Some(RequestKey { text: format!("h:{header}"), origin: KeyOrigin::Header });
    }
    if request.token.starts_with(REUSABLE_TOKEN_PREFIX) || request.token.is_empty() {
        return None;
    }
    let digest = Sha256::digest(format!("{}\n{}\n{}", request.router, request.product_id, request.token));
    Some(RequestKey { text: format!("d:{}", hex::encode(digest)), origin: KeyOrigin::Derived })
}

/// What makes two bodies the same: all that was understood of them.
fn fingerprint(request: &Request) -> String {
    let device = &request.device;
    let fields = serde_json::json!([
        request.product_id,
        request.token,
        request.name,
        request.email,
        request.phone,
        request.user_type,
        request.gateway.as_str(),
        request.amount,
        request.card.method,
        request.card.issuer,
        request.card.installments,
        device.mac,
        device.ip,
        device.auto_connect
    ]);
    hex::encode(Sha256::digest(fields.to_string()))
}
