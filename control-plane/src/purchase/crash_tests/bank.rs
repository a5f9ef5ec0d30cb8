//! A gateway outside, with the manners of Conekta or of Mercado Pago. Its books outlive every crash.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::points::{Life, Verdict};
use super::site::Site;
use crate::domain::code::Code;
use crate::domain::failure::{Failure, FailureKind};
use crate::gateway::{
    ChargeBody, ChargeRequest, Charging, GatewayName, GatewayPort, Key, ListRequest, Listing, Means, Opening,
    Payment, PaymentStatus, PaymentView, Reading, RefundRequest, Refunding, Sale, Searching, Words,
};
use crate::seams::Moment;

/// What the gateway does with the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Card {
    Pays,
    IsDeclined,
    /// The money moves, and the answer is lost.
    PaysUnheard,
    /// The first sending never arrives, and nobody is told.
    IsLost,
    /// No sending ever arrives.
    NeverArrives,
    /// A person at the gateway looks at it first.
    IsReviewed,
    /// The buyer must act at the bank.
    NeedsAction,
    /// The gateway refuses the request itself.
    IsRefused(Failure),
}

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Paid,
    Declined,
    Review,
    Action,
    Closed,
    Disputed,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) purchase: String,
    reference: String,
    minor: i64,
    currency: String,
    key: Option<String>,
    pub(super) fate: Fate,
    pub(super) taken: i64,
    pub(super) back: i64,
    refund_keys: Vec<String>,
    reads: u32,
}

#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) entries: Vec<Entry>,
    /// Whether the user stood, for each charge that arrived.
    pub(super) user_stood: Vec<bool>,
    sendings: u32,
    searches: u32,
    /// Bytes of each sending: all the same.
    pub(super) bodies: Vec<String>,
}

/// The gateway.
#[derive(Debug)]
pub(super) struct Bank {
    name: GatewayName,
    card: Card,
    site: Arc<Site>,
    facts: Mutex<Facts>,
}

pub(super) const fn declined() -> Failure {
    Failure::new(Code::CardDeclined, FailureKind::Payment)
}

impl Bank {
    pub(super) fn new(name: GatewayName, card: Card, site: Arc<Site>) -> Self {
        Self { name, card, site, facts: Mutex::default() }
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits is approved, or what was refused is paid late.
    pub(super) fn approve(&self) {
        for entry in &mut self.lock().entries {
            if matches!(entry.fate, Fate::Review | Fate::Action | Fate::Declined) {
                entry.pay();
            }
        }
    }

    /// The buyer's bank takes the money back.
    pub(super) fn dispute(&self) {
        for entry in &mut self.lock().entries {
            if entry.fate == Fate::Paid {
                entry.fate = Fate::Disputed;
            }
        }
    }

    fn open(&self, sale: &Sale) -> Opening {
        let mut facts = self.lock();
        let id = format!("ord_{}", facts.entries.len() + 1);
        facts.entries.push(entry(id.clone(), &sale.purchase_id, &sale.purchase_id, sale.price.minor, None));
        Opening::Opened(Payment { id, live: false })
    }

    fn charge(&self, request: &ChargeRequest) -> Charging {
        let mut facts = self.lock();
        facts.sendings += 1;
        facts.bodies.push(request.body.0.to_string());
        let lost = self.card == Card::NeverArrives || (self.card == Card::IsLost && facts.sendings == 1);
        if lost {
            return Charging::Unknown;
        }
        if let Card::IsRefused(failure) = self.card {
            return if self.name.repeats_by_key() {
                Charging::NotCharged(failure)
            } else {
                Charging::Refused(failure)
            };
        }
        let known = facts.entries.iter().position(|entry| match self.name {
            GatewayName::Conekta => Some(&entry.id) == request.payment.as_ref(),
            GatewayName::MercadoPago => entry.key.as_ref() == Some(&request.idempotency_key),
        });
        let index = match (self.name, known) {
            (GatewayName::Conekta, Some(index)) if facts.entries[index].fate == Fate::Open => index,
            // The order's state forbids a charge.
            (GatewayName::Conekta, Some(_)) => return Charging::Accepted(None),
            (GatewayName::Conekta, None) => return Charging::Refused(declined()),
            // The first payment is given again.
            (GatewayName::MercadoPago, Some(index)) => {
                let id = facts.entries[index].id.clone();
                return Charging::Accepted(Some(Payment { id, live: false }));
            }
            (GatewayName::MercadoPago, None) => {
                let id = format!("{}", 9_000 + facts.entries.len());
                let mut parts = request.body.0.split(' ');
                let (purchase, reference) =
                    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let minor = parts.next().and_then(|text| text.parse().ok()).unwrap_or_default();
                let key = Some(request.idempotency_key.clone());
                facts.entries.push(entry(id, purchase, reference, minor, key));
                facts.entries.len() - 1
            }
        };
        let stood = self.site.holds(&facts.entries[index].purchase);
        facts.user_stood.push(stood);
        match self.card {
            Card::Pays | Card::PaysUnheard | Card::IsLost => facts.entries[index].pay(),
            Card::IsDeclined => facts.entries[index].fate = Fate::Declined,
            Card::IsReviewed => facts.entries[index].fate = Fate::Review,
            Card::NeedsAction => facts.entries[index].fate = Fate::Action,
            Card::NeverArrives | Card::IsRefused(_) => {}
        }
        let id = facts.entries[index].id.clone();
        let first = facts.sendings == 1;
        drop(facts);
        self.site.charged();
        match (self.card, self.name) {
            (Card::PaysUnheard, _) if first => Charging::Unknown,
            (Card::IsDeclined, GatewayName::Conekta) => Charging::Refused(declined()),
            (_, GatewayName::Conekta) => Charging::Accepted(None),
            (_, GatewayName::MercadoPago) => Charging::Accepted(Some(Payment { id, live: false })),
        }
    }

    fn read(&self, payment: &str) -> Reading {
        let mut facts = self.lock();
        let late = self.name == GatewayName::MercadoPago;
        let Some(entry) = facts.entries.iter_mut().find(|entry| entry.id == payment) else {
            return Reading::Denied;
        };
        entry.reads += 1;
        // Just made, and not to be seen yet.
        if late && entry.reads == 1 {
            return Reading::Denied;
        }
        Reading::Found(Box::new(entry.view()))
    }

    fn search(&self, reference: &str) -> Searching {
        let mut facts = self.lock();
        facts.searches += 1;
        if facts.searches == 1 {
            return Searching::Found(vec![]);
        }
        let found = facts.entries.iter().filter(|entry| entry.reference == reference);
        Searching::Found(found.map(Entry::view).collect())
    }

    fn cancel(&self, payment: &str) {
        let mut facts = self.lock();
        if let Some(entry) = facts.entries.iter_mut().find(|entry| entry.id == payment)
            && matches!(entry.fate, Fate::Open | Fate::Action | Fate::Review)
        {
            entry.fate = Fate::Closed;
        }
    }

    fn refund(&self, request: &RefundRequest) -> Refunding {
        let mut facts = self.lock();
        let no = Failure::new(Code::RequestInvalid, FailureKind::Request);
        let Some(entry) = facts.entries.iter_mut().find(|entry| entry.id == request.payment) else {
            return Refunding::Refused(no);
        };
        let known = entry.refund_keys.contains(&request.idempotency_key);
        if known && self.name.repeats_by_key() {
            return Refunding::Accepted;
        }
        if entry.fate != Fate::Paid || entry.back + request.amount.minor > entry.taken {
            return Refunding::Refused(no);
        }
        assert!(!request.full || request.amount.minor == entry.taken, "a part that is called the whole");
        entry.back += request.amount.minor;
        entry.refund_keys.push(request.idempotency_key.clone());
        self.site.returned();
        Refunding::Accepted
    }
}

fn entry(id: String, purchase: &str, reference: &str, minor: i64, key: Option<String>) -> Entry {
    Entry {
        id,
        purchase: purchase.into(),
        reference: reference.into(),
        minor,
        currency: "MXN".into(),
        key,
        fate: Fate::Open,
        taken: 0,
        back: 0,
        refund_keys: Vec::new(),
        reads: 0,
    }
}

impl Entry {
    fn pay(&mut self) {
        self.fate = Fate::Paid;
        self.taken += self.minor;
    }

    fn view(&self) -> PaymentView {
        let of = |code| Failure::new(code, FailureKind::Payment);
        let status = match self.fate {
            Fate::Open => PaymentStatus::NoCharge,
            Fate::Paid if self.back >= self.taken => PaymentStatus::Reversed(of(Code::PaymentRefunded)),
            Fate::Paid if self.back > 0 => PaymentStatus::PartlyRefunded,
            Fate::Paid => PaymentStatus::Paid,
            Fate::Declined => PaymentStatus::Declined(declined()),
            Fate::Review => PaymentStatus::PendingAsync { review: true },
            Fate::Action => {
                PaymentStatus::ActionRequired { redirect: Some("https://bank.example.org/".into()) }
            }
            Fate::Closed => PaymentStatus::Closed(of(Code::PaymentCanceled)),
            Fate::Disputed => PaymentStatus::Reversed(of(Code::PaymentDisputed)),
        };
        PaymentView {
            id: self.id.clone(),
            status,
            amount_minor: self.minor,
            currency: self.currency.clone(),
            reference: Some(self.reference.clone()),
            live: false,
            refunded_minor: self.back,
            refund_pending_minor: 0,
            card: None,
            words: Words::default(),
        }
    }
}

/// The connection of one process to the gateway.
pub(super) struct Till {
    pub(super) life: Arc<Life>,
    pub(super) bank: Arc<Bank>,
}

impl Till {
    /// One call: `silent` is the answer that did not come, `denied` the one that shows nothing.
    fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        key: &Key,
        silent: fn() -> T,
        denied: fn() -> T,
        work: impl FnOnce(&Bank) -> T + Send + 'static,
    ) -> BoxFuture<'static, T> {
        assert_eq!(key.0.as_str(), "key_1", "P5: the key of another company");
        let (life, bank) = (Arc::clone(&self.life), Arc::clone(&self.bank));
        async move {
            let pass = life.enter(name);
            match life.pass(name, pass, Moment::Before).await {
                Verdict::GoOn => {}
                Verdict::Silence => return silent(),
                Verdict::Denied => return denied(),
            }
            let answer = work(&bank);
            match life.pass(name, pass, Moment::After).await {
                Verdict::GoOn => answer,
                Verdict::Silence | Verdict::Denied => silent(),
            }
        }
        .boxed()
    }
}

impl GatewayPort for Till {
    fn prepare(&self, sale: &Sale, means: &Means) -> ChargeBody {
        let text =
            format!("{} {} {} {}", sale.purchase_id, sale.attempt, sale.price.minor, means.token.0.as_str());
        ChargeBody(Zeroizing::new(text))
    }

    fn open(&self, key: Key, sale: Sale) -> BoxFuture<'static, Opening> {
        self.call("bank open", &key, || Opening::Unknown, || Opening::Unknown, move |bank| bank.open(&sale))
    }

    fn charge(&self, key: Key, charge: ChargeRequest) -> BoxFuture<'static, Charging> {
        self.call(
            "bank charge",
            &key,
            || Charging::Unknown,
            || Charging::Unknown,
            move |bank| bank.charge(&charge),
        )
    }

    fn read(&self, key: Key, payment: String) -> BoxFuture<'static, Reading> {
        self.call("bank read", &key, || Reading::Unknown, || Reading::Denied, move |bank| bank.read(&payment))
    }

    fn search(&self, key: Key, reference: String) -> BoxFuture<'static, Searching> {
        let silent = || Searching::Unknown;
        self.call("bank search", &key, silent, || Searching::Denied, move |bank| bank.search(&reference))
    }

    fn cancel(&self, key: Key, payment: String) -> BoxFuture<'static, ()> {
        self.call("bank cancel", &key, || (), || (), move |bank| bank.cancel(&payment))
    }

    fn refund(&self, key: Key, refund: RefundRequest) -> BoxFuture<'static, Refunding> {
        let silent = || Refunding::Unknown;
        self.call("bank refund", &key, silent, silent, move |bank| bank.refund(&refund))
    }

    fn list_paid(&self, _: Key, _: ListRequest) -> BoxFuture<'static, Listing> {
        async { Listing::Unknown }.boxed()
    }
}
