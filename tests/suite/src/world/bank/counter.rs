//! How the gateways are asked: calls that take time and can be lost, and what each of them does to the ledger.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use pagos_control_plane::domain::code::Code;
use pagos_control_plane::gateway::{
    ChargeBody, ChargeRequest, Charging, GatewayName, GatewayPort, Key, ListRequest, Listing, Means, Opening,
    Payment, Reading, RefundRequest, Refunding, Sale, Searching,
};
use serde_json::{Value, json};

use super::{Account, Bank, Line, Misdeed, Standing, TIMEOUT_MS, failure, lock};
use crate::world::stage::BEGIN_MS;

/// One gateway of the bank.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) bank: Bank,
    pub(super) name: GatewayName,
}

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    LostBefore,
    LostAfter,
    Slow,
}

impl Trouble {
    /// When a call now and then goes wrong.
    const SOME: [Self; 4] = [Self::LostBefore, Self::LostAfter, Self::LostAfter, Self::Slow];
    /// When the gateway answers nobody.
    const AWAY: [Self; 4] = [Self::LostBefore, Self::LostAfter, Self::LostAfter, Self::LostAfter];
}

impl Counter {
    /// One call: crash point, way there, effect, crash point, way back. None when the answer is lost.
    async fn call<T>(&self, what: &'static str, effect: impl FnOnce(&Bank) -> T + Send) -> Option<T> {
        let stage = &self.bank.stage;
        let name = self.name.as_str();
        if stage.pass_point(&format!("gateway.{name}.{what}.before")) {
            return pending().await;
        }
        let (away, odds) = (self.bank.is_away(self.name), *lock(&self.bank.lost_calls));
        let (trouble, there, back) = stage.draw(|chance| {
            let trouble = match (away, chance.percent(odds)) {
                (true, _) => chance.of(&Trouble::AWAY),
                (false, true) => chance.of(&Trouble::SOME),
                (false, false) => Trouble::None,
            };
            (trouble, chance.between(5, 120), chance.between(5, 300))
        });
        tokio::time::sleep(Duration::from_millis(there)).await;
        if trouble == Trouble::LostBefore {
            stage.note("bank", &format!("{name} {what} is lost before its effect"));
            tokio::time::sleep(Duration::from_millis(TIMEOUT_MS)).await;
            return None;
        }
        let value = effect(&self.bank);
        if stage.pass_point(&format!("gateway.{name}.{what}.after")) {
            return pending().await;
        }
        match trouble {
            Trouble::None | Trouble::LostBefore => {}
            Trouble::LostAfter => {
                stage.note("bank", &format!("{name} {what} is lost after its effect"));
                tokio::time::sleep(Duration::from_millis(TIMEOUT_MS)).await;
                return None;
            }
            Trouble::Slow => tokio::time::sleep(Duration::from_millis(TIMEOUT_MS - 1_000)).await,
        }
        tokio::time::sleep(Duration::from_millis(back)).await;
        Some(value)
    }

    fn enter(&self, fields: &Value, standing: Standing) -> String {
        let stage = &self.bank.stage;
        let (readable, searchable) = stage.draw(|chance| {
            let lags = chance.percent(10);
            (if lags { chance.between(100, 4_000) } else { 0 }, chance.between(0, 60_000))
        });
        let text = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
        let mut books = lock(&self.bank.books);
        books.next += 1;
        let prefix = match self.name {
            GatewayName::Conekta => "ord",
            GatewayName::MercadoPago => "mp",
        };
        let id = format!("{prefix}_{}", books.next);
        let born_ms = stage.elapsed_ms();
        let account = Account {
            id: id.clone(),
            gateway: self.name,
            company: text("company"),
            router: text("router"),
            purchase: text("purchase"),
            reference: text("reference"),
            standing,
            amount: fields["amount"].as_i64().unwrap_or_default(),
            refunded: 0,
            currency: text("currency"),
            born_ms,
            readable_ms: born_ms + readable,
            searchable_ms: born_ms + searchable,
        };
        books.payments.insert(id.clone(), account);
        id
    }

    fn fields(&self, sale: &Sale, token: &str) -> Value {
        let label = |wanted: &str| {
            let found = sale.labels.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let reference = match self.name {
            GatewayName::Conekta => sale.purchase_id.clone(),
            GatewayName::MercadoPago => sale.attempt.clone(),
        };
        json!({
            "company": label("empresa_id"), "router": label("router_id"), "purchase": sale.purchase_id,
            "reference": reference, "amount": sale.price.minor, "currency": sale.price.currency.code(),
            "token": token,
        })
    }

    /// Whether a key opens the account of a company.
    fn check(&self, key: &Key, company: &str) {
        if key.0.as_str() != format!("key-{company}-{}", self.name.as_str()) {
            self.bank.stage.breach(format!("P5: the account of {company} is asked with the key of another"));
        }
    }
}

fn fate(fields: &Value) -> String {
    let token = fields["token"].as_str().unwrap_or_default();
    token.splitn(3, '_').nth(2).unwrap_or("pay").to_owned()
}

fn charge_conekta(counter: &Counter, bank: &Bank, key: &Key, order: &str, fields: &Value) -> Charging {
    let mut books = lock(&bank.books);
    let Some(account) = books.payments.get(order).cloned() else {
        return Charging::Refused(failure(Code::ProcessingError));
    };
    counter.check(key, &account.company);
    match account.standing {
        Standing::Open => bank.decide(&mut books, order, &fate(fields)),
        Standing::Declined => {
            // A card may be tried again on an order; whoever does so sends a second charge.
            bank.stage.breach(format!("P3: {} is sent to the bank a second time", account.purchase));
        }
        Standing::Action | Standing::Review | Standing::Paid | Standing::Canceled => {
            return Charging::Refused(failure(Code::DuplicatePayment));
        }
    }
    let standing = books.payments.get(order).map(|account| account.standing);
    if standing == Some(Standing::Declined) {
        Charging::Refused(failure(Code::CardDeclined))
    } else {
        Charging::Accepted(None)
    }
}

fn charge_mercado_pago(
    counter: &Counter,
    bank: &Bank,
    key: &Key,
    idempotency: &str,
    fields: &Value,
) -> Charging {
    counter.check(key, fields["company"].as_str().unwrap_or_default());
    let known = lock(&bank.books).by_key.get(idempotency).cloned();
    let twice = bank.misdeed == Some(Misdeed::ChargesTwice);
    let id = match known {
        Some(id) if !twice => {
            bank.stage.count(|totals| totals.duplicates += 1);
            id
        }
        Some(_) | None => {
            let id = counter.enter(fields, Standing::Open);
            let mut books = lock(&bank.books);
            books.by_key.insert(idempotency.to_owned(), id.clone());
            bank.decide(&mut books, &id, &fate(fields));
            id
        }
    };
    Charging::Accepted(Some(Payment { id, live: true }))
}

impl GatewayPort for Counter {
    fn prepare(&self, sale: &Sale, means: &Means) -> ChargeBody {
        ChargeBody(self.fields(sale, &means.token.0).to_string().into())
    }

    fn open(&self, key: Key, sale: Sale) -> BoxFuture<'static, Opening> {
        let this = self.clone();
        async move {
            let fields = this.fields(&sale, "");
            this.check(&key, fields["company"].as_str().unwrap_or_default());
            let opened = this.call("open", |_| this.enter(&fields, Standing::Open)).await;
            opened.map_or(Opening::Unknown, |id| Opening::Opened(Payment { id, live: true }))
        }
        .boxed()
    }

    fn charge(&self, key: Key, charge: ChargeRequest) -> BoxFuture<'static, Charging> {
        let this = self.clone();
        async move {
            let fields: Value = serde_json::from_str(&charge.body.0).unwrap_or_default();
            let effect = |bank: &Bank| match this.name {
                GatewayName::Conekta => {
                    charge_conekta(&this, bank, &key, charge.payment.as_deref().unwrap_or_default(), &fields)
                }
                GatewayName::MercadoPago => {
                    charge_mercado_pago(&this, bank, &key, &charge.idempotency_key, &fields)
                }
            };
            this.call("charge", effect).await.unwrap_or(Charging::Unknown)
        }
        .boxed()
    }

    fn read(&self, key: Key, payment: String) -> BoxFuture<'static, Reading> {
        let this = self.clone();
        async move {
            let now = this.bank.stage.elapsed_ms();
            let effect = |bank: &Bank| {
                let account = lock(&bank.books).payments.get(&payment).cloned();
                if let Some(account) = &account {
                    this.check(&key, &account.company);
                }
                match account {
                    Some(account) if account.readable_ms <= now => {
                        Reading::Found(Box::new(Bank::view(&account)))
                    }
                    Some(_) | None => Reading::Denied,
                }
            };
            this.call("read", effect).await.unwrap_or(Reading::Unknown)
        }
        .boxed()
    }

    fn search(&self, key: Key, reference: String) -> BoxFuture<'static, Searching> {
        let this = self.clone();
        async move {
            let now = this.bank.stage.elapsed_ms();
            let effect = |bank: &Bank| {
                let books = lock(&bank.books);
                let found = books.payments.values().filter(|account| {
                    account.reference == reference
                        && account.gateway == this.name
                        && account.searchable_ms <= now
                        && key.0.contains(&account.company)
                });
                let mut found: Vec<&Account> = found.collect();
                found.sort_by_key(|account| account.born_ms);
                Searching::Found(found.into_iter().map(Bank::view).collect())
            };
            this.call("search", effect).await.unwrap_or(Searching::Unknown)
        }
        .boxed()
    }

    fn cancel(&self, key: Key, payment: String) -> BoxFuture<'static, ()> {
        let this = self.clone();
        async move {
            let effect = |bank: &Bank| {
                if let Some(account) = lock(&bank.books).payments.get_mut(&payment) {
                    this.check(&key, &account.company);
                    if matches!(account.standing, Standing::Open | Standing::Action | Standing::Review) {
                        account.standing = Standing::Canceled;
                    }
                }
            };
            this.call("cancel", effect).await;
        }
        .boxed()
    }

    fn refund(&self, key: Key, refund: RefundRequest) -> BoxFuture<'static, Refunding> {
        let this = self.clone();
        async move {
            let effect = |bank: &Bank| {
                let mut books = lock(&bank.books);
                if this.name == GatewayName::MercadoPago
                    && books.refund_keys.insert(refund.idempotency_key.clone(), ()).is_some()
                {
                    return Refunding::Accepted;
                }
                let Some(account) = books.payments.get_mut(&refund.payment) else {
                    return Refunding::Refused(failure(Code::ProcessingError));
                };
                this.check(&key, &account.company);
                let fits = account.refunded + refund.amount.minor <= account.amount;
                if account.standing != Standing::Paid || !fits {
                    return Refunding::Refused(failure(Code::AmountInvalid));
                }
                account.refunded += refund.amount.minor;
                let (account, amount) = (account.clone(), refund.amount.minor);
                bank.stage
                    .note("bank", &format!("{} of {} goes back: {amount}", account.id, account.purchase));
                books.lines.push(Line { kind: "refund", payment: account.id.clone(), amount });
                bank.tell(&account);
                Refunding::Accepted
            };
            this.call("refund", effect).await.unwrap_or(Refunding::Unknown)
        }
        .boxed()
    }

    fn list_paid(&self, key: Key, list: ListRequest) -> BoxFuture<'static, Listing> {
        let this = self.clone();
        async move {
            let effect = |bank: &Bank| {
                let books = lock(&bank.books);
                let at = |account: &Account| BEGIN_MS + i64::try_from(account.born_ms).unwrap_or_default();
                let paid = books.payments.values().filter(|account| {
                    account.gateway == this.name
                        && account.standing == Standing::Paid
                        && key.0.contains(&account.company)
                        && (list.since.0..list.until.0).contains(&at(account))
                });
                Listing::Page { payments: paid.map(Bank::view).collect(), next: None }
            };
            this.call("list", effect).await.unwrap_or(Listing::Unknown)
        }
        .boxed()
    }
}
