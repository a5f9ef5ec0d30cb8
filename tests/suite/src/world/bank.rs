//! Both gateways, played by one ledger: what was really charged, whoever heard of it.
//!
//! Conekta's way: a payment is opened, then charged once. Mercado Pago's way: a charge carries a key, and the same key
//! brings the same payment again; searches lag behind. How the ledger is asked is in [`counter`].

mod counter;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pagos_control_plane::domain::code::Code;
use pagos_control_plane::domain::failure::{Failure, FailureKind};
use pagos_control_plane::domain::id::{CompanyId, PurchaseId};
use pagos_control_plane::gateway::{GatewayName, Gateways, PaymentStatus, PaymentView, Words};
use tokio::sync::mpsc;

use super::misdeeds::Misdeed;
use super::nature::Nature;
use super::stage::{OUTSIDE, Stage};
use counter::Counter;

/// How long a client waits for an answer, in milliseconds.
pub const TIMEOUT_MS: u64 = 15_000;

/// News that the gateway sends by webhook.
#[derive(Debug, Clone)]
pub struct News {
    /// Whose account.
    pub company: CompanyId,
    /// Our purchase.
    pub purchase: PurchaseId,
    /// The payment.
    pub payment: String,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Opened; no charge yet.
    Open,
    /// The buyer must act.
    Action,
    /// Under review.
    Review,
    /// Money moved.
    Paid,
    /// Refused.
    Declined,
    /// Closed without money.
    Canceled,
}

/// One payment.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// At which gateway.
    pub gateway: GatewayName,
    /// Whose.
    pub company: String,
    /// The router it was sold on.
    pub router: String,
    /// Our purchase.
    pub purchase: String,
    /// Our reference.
    pub reference: String,
    /// Where it stands.
    pub standing: Standing,
    /// Minor units.
    pub amount: i64,
    /// Given back, in minor units.
    pub refunded: i64,
    currency: String,
    born_ms: u64,
    readable_ms: u64,
    searchable_ms: u64,
}

/// What the books say about the money of a purchase, to a person who looks into them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// It moved, and not all of it went back.
    Moved,
    /// It may still move.
    Awaited,
    /// There is none.
    None,
}

/// A line of the ledger.
#[derive(Debug, Clone)]
pub struct Line {
    /// `charge`, `declined` or `refund`.
    pub kind: &'static str,
    /// The payment.
    pub payment: String,
    /// Minor units.
    pub amount: i64,
}

#[derive(Default)]
struct Books {
    payments: BTreeMap<String, Account>,
    by_key: BTreeMap<String, String>,
    refund_keys: BTreeMap<String, ()>,
    lines: Vec<Line>,
    next: u64,
}

/// Says whether a user of a purchase stands on a router.
type Stands = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// The bank. Cheap to clone.
#[derive(Clone)]
pub struct Bank {
    stage: Stage,
    books: Arc<Mutex<Books>>,
    news: mpsc::UnboundedSender<News>,
    stands: Stands,
    misdeed: Option<Misdeed>,
    /// Calls that are lost or slow, in a hundred.
    lost_calls: Arc<Mutex<u64>>,
    /// Gateways that answer nobody, and until when, in milliseconds.
    away: Arc<Mutex<BTreeMap<GatewayName, u64>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(code: Code) -> Failure {
    Failure::new(code, FailureKind::Payment)
}

impl Bank {
    /// A bank without payments. `stands` looks at the routers.
    #[must_use]
    pub fn new(stage: Stage, news: mpsc::UnboundedSender<News>, stands: Stands, nature: &Nature) -> Self {
        Self {
            stage,
            books: Arc::default(),
            news,
            stands,
            misdeed: nature.misdeed,
            lost_calls: Arc::new(Mutex::new(nature.lost_calls)),
            away: Arc::default(),
        }
    }

    /// The ports.
    #[must_use]
    pub fn gateways(&self) -> Gateways {
        let counter = |name| Arc::new(Counter { bank: self.clone(), name });
        Gateways { conekta: counter(GatewayName::Conekta), mercado_pago: counter(GatewayName::MercadoPago) }
    }

    /// From now on everything works.
    pub fn heal(&self) {
        *lock(&self.lost_calls) = 0;
        lock(&self.away).clear();
    }

    /// A gateway answers nobody and sends no news for so long; what it is asked may still take effect.
    pub fn leave(&self, gateway: GatewayName, millis: u64) {
        lock(&self.away).insert(gateway, self.stage.elapsed_ms() + millis);
    }

    fn is_away(&self, gateway: GatewayName) -> bool {
        lock(&self.away).get(&gateway).is_some_and(|until| self.stage.elapsed_ms() < *until)
    }

    /// What the books say about a purchase.
    #[must_use]
    pub fn money_of(&self, purchase: &str) -> Money {
        let books = lock(&self.books);
        let own = books.payments.values().filter(|account| account.purchase == purchase);
        own.fold(Money::None, |money, account| match account.standing {
            Standing::Paid if account.refunded < account.amount => Money::Moved,
            Standing::Action | Standing::Review if money == Money::None => Money::Awaited,
            Standing::Paid
            | Standing::Open
            | Standing::Action
            | Standing::Review
            | Standing::Declined
            | Standing::Canceled => money,
        })
    }

    /// All payments and the ledger.
    #[must_use]
    pub fn books(&self) -> (Vec<Account>, Vec<Line>) {
        let books = lock(&self.books);
        (books.payments.values().cloned().collect(), books.lines.clone())
    }

    fn tell(&self, account: &Account) {
        if self.is_away(account.gateway) {
            return;
        }
        let _ = self.news.send(News {
            company: CompanyId::new(&account.company),
            purchase: PurchaseId::new(&account.purchase),
            payment: account.id.clone(),
        });
    }

    /// Money moves.
    fn pay(&self, books: &mut Books, id: &str) {
        let Some(account) = books.payments.get_mut(id) else { return };
        account.standing = Standing::Paid;
        books.lines.push(Line { kind: "charge", payment: id.to_owned(), amount: account.amount });
        let account = account.clone();
        self.stage.note("bank", &format!("{id} of {} is paid", account.purchase));
        self.tell(&account);
    }

    /// The charge of a payment takes place, as its token says.
    fn decide(&self, books: &mut Books, id: &str, fate: &str) {
        let Some(account) = books.payments.get_mut(id) else { return };
        let (router, purchase) = (account.router.clone(), account.purchase.clone());
        if !(self.stands)(&router, &purchase) {
            self.stage.breach(format!("P1: {purchase} is charged but its user does not stand on {router}"));
        }
        match fate {
            "pay" => self.pay(books, id),
            "decline" => {
                account.standing = Standing::Declined;
                let amount = account.amount;
                books.lines.push(Line { kind: "declined", payment: id.to_owned(), amount });
                self.stage.note("bank", &format!("{id} of {purchase} is declined"));
            }
            later => {
                account.standing =
                    if later.starts_with("review") { Standing::Review } else { Standing::Action };
                self.stage.note("bank", &format!("{id} of {purchase} waits: {later}"));
                self.later(id.to_owned(), later.to_owned());
            }
        }
    }

    /// What waits is decided after a while, unless it was closed.
    fn later(&self, id: String, fate: String) {
        let (bank, after) = (self.clone(), self.stage.draw(|chance| chance.between(5_000, 400_000)));
        drop(self.stage.begin(OUTSIDE, async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            let mut books = lock(&bank.books);
            let Some(account) = books.payments.get_mut(&id) else { return };
            if !matches!(account.standing, Standing::Action | Standing::Review) {
                return;
            }
            if fate.ends_with("_pay") {
                bank.pay(&mut books, &id);
            } else if fate.ends_with("_decline") {
                account.standing = Standing::Declined;
                let account = account.clone();
                bank.tell(&account);
            }
        }));
    }

    fn view(account: &Account) -> PaymentView {
        let status = match account.standing {
            Standing::Open => PaymentStatus::NoCharge,
            Standing::Action => PaymentStatus::ActionRequired { redirect: None },
            Standing::Review => PaymentStatus::PendingAsync { review: true },
            Standing::Paid if account.refunded == 0 => PaymentStatus::Paid,
            Standing::Paid if account.refunded < account.amount => PaymentStatus::PartlyRefunded,
            Standing::Paid => PaymentStatus::Reversed(failure(Code::PaymentRefunded)),
            Standing::Declined => PaymentStatus::Declined(failure(Code::CardDeclined)),
            Standing::Canceled => PaymentStatus::Closed(failure(Code::PaymentCanceled)),
        };
        PaymentView {
            id: account.id.clone(),
            status,
            amount_minor: account.amount,
            currency: account.currency.clone(),
            reference: Some(account.reference.clone()),
            live: true,
            refunded_minor: account.refunded,
            refund_pending_minor: 0,
            card: None,
            words: Words::default(),
        }
    }
}
