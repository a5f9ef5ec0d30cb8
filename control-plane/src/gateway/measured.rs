//! A gateway whose calls are counted and timed.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{
    ChargeBody, ChargeRequest, Charging, GatewayName, GatewayPort, Key, ListRequest, Listing, Means, Opening,
    PaymentFacts, Reading, RefundRequest, Refunding, Sale, Searching,
};
use crate::domain::code::Code;
use crate::metrics::{self, Counter, Timer};
use crate::seams::instant;

/// Counts and times what `inner` is asked.
pub struct Measured {
    name: GatewayName,
    inner: Arc<dyn GatewayPort>,
}

impl Measured {
    /// The same gateway, measured.
    #[must_use]
    pub fn new(name: GatewayName, inner: Arc<dyn GatewayPort>) -> Self {
        Self { name, inner }
    }

    fn measure<T: Send + 'static>(
        &self,
        call: &'static str,
        asked: BoxFuture<'static, T>,
        word: fn(&T) -> &'static str,
    ) -> BoxFuture<'static, T> {
        let (gateway, began) = (self.name.as_str(), instant());
        async move {
            let end = asked.await;
            metrics::count(
                Counter::GatewayCalls,
                &[("gateway", gateway), ("call", call), ("result", word(&end))],
            );
            let took = instant().duration_since(began);
            metrics::time(Timer::GatewayCalls, &[("gateway", gateway), ("call", call)], took);
            end
        }
        .boxed()
    }
}

impl GatewayPort for Measured {
    fn prepare(&self, sale: &Sale, means: &Means) -> ChargeBody {
        self.inner.prepare(sale, means)
    }

    fn open(&self, key: Key, sale: Sale) -> BoxFuture<'static, Opening> {
        self.measure("open", self.inner.open(key, sale), |end| match end {
            Opening::Opened(_) => "opened",
            Opening::Refused(_) => "refused",
            Opening::Unknown => "unknown",
        })
    }

    fn charge(&self, key: Key, charge: ChargeRequest) -> BoxFuture<'static, Charging> {
        self.measure("charge", self.inner.charge(key, charge), |end| match end {
            Charging::Accepted(_) => "accepted",
            Charging::Refused(_) => "refused",
            Charging::Unknown => "unknown",
            Charging::NotCharged(_) => "not_charged",
            Charging::NotSent(_) => "not_sent",
        })
    }

    fn read(&self, key: Key, payment: String) -> BoxFuture<'static, Reading> {
        self.measure("read", self.inner.read(key, payment), |end| match end {
            Reading::Found(_) => "found",
            Reading::Denied => "denied",
            Reading::Unknown => "unknown",
        })
    }

    fn search(&self, key: Key, reference: String) -> BoxFuture<'static, Searching> {
        self.measure("search", self.inner.search(key, reference), |end| match end {
            Searching::Found(_) => "found",
            Searching::Denied => "denied",
            Searching::Unknown => "unknown",
        })
    }

    fn cancel(&self, key: Key, payment: String) -> BoxFuture<'static, ()> {
        self.measure("cancel", self.inner.cancel(key, payment), |()| "asked")
    }

    fn refund(&self, key: Key, refund: RefundRequest) -> BoxFuture<'static, Refunding> {
        self.measure("refund", self.inner.refund(key, refund), |end| match end {
            Refunding::Accepted => "accepted",
            Refunding::Refused(_) => "refused",
            Refunding::Unknown => "unknown",
        })
    }

    fn list_paid(&self, key: Key, list: ListRequest) -> BoxFuture<'static, Listing> {
        self.measure("list", self.inner.list_paid(key, list), |end| match end {
            Listing::Page { .. } => "found",
            Listing::Denied => "denied",
            Listing::Unknown => "unknown",
        })
    }

    fn facts(&self, key: Key, payment: String) -> BoxFuture<'static, Result<PaymentFacts, Code>> {
        self.measure("facts", self.inner.facts(key, payment), |end| match end {
            Ok(_) => "found",
            Err(_) => "refused",
        })
    }
}
