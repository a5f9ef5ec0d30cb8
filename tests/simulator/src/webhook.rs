//! Webhooks out: who is told, what goes wrong on the way, and what became of it.
//!
//! Gateways hand in a [`Notice`]; the [`Courier`] signs it as the vendor does, sends it to every destination that fits,
//! and sends it again when the answer is not 2xx. Nothing is sent before a destination is known.
//!
//! - [`request`]: destinations and sendings as they are asked for.
//! - [`signature`]: how both vendors sign.
//! - [`delivery`]: what became of what was sent.
//! - [`post`]: one HTTP request.

pub mod delivery;
pub mod post;
pub mod request;
pub mod signature;

use crate::clock::Clock;
use crate::fault::{FaultBoard, Tampering};
use axum::http::Uri;
use delivery::{Delivery, Outcome};
use post::Message;
use request::{DestinationRequest, SignatureKind, Target};
use signature::KeyRing;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Something a gateway wants its merchant to know.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The gateway.
    pub target: Target,
    /// Key or access token of the merchant.
    pub account: String,
    /// Name of the event.
    pub event: String,
    /// Id of the event.
    pub event_id: String,
    /// What it is about.
    pub resource_id: String,
    /// Address that this one names itself.
    pub url: Option<String>,
    /// Whether that address counts even where another is known.
    pub url_first: bool,
    /// Body as it is signed and sent.
    pub body: String,
}

/// How one notice is to be sent.
#[derive(Debug, Clone, Default)]
pub struct Handling {
    /// Its signature.
    pub signature: SignatureKind,
    /// How many more times.
    pub copies: u32,
    /// Wait this long first.
    pub delay: Duration,
}

/// A destination as it is kept.
#[derive(Debug, Clone)]
struct Destination {
    number: u64,
    request: DestinationRequest,
}

/// One message to one destination.
#[derive(Debug, Clone)]
struct Parcel {
    number: usize,
    notice: Arc<Notice>,
    request: DestinationRequest,
    url: String,
    handling: Handling,
}

/// Sends webhooks.
#[derive(Debug)]
pub struct Courier {
    clock: Arc<Clock>,
    faults: Arc<FaultBoard>,
    /// Conekta's signing keys.
    keys: KeyRing,
    destinations: Mutex<Vec<Destination>>,
    /// How many there are; read without the lock.
    known: AtomicUsize,
    deliveries: Mutex<Vec<Delivery>>,
    held: Mutex<Vec<Parcel>>,
}

impl Courier {
    /// A courier without destinations.
    pub fn new(clock: Arc<Clock>, faults: Arc<FaultBoard>) -> Self {
        Self {
            clock,
            faults,
            keys: KeyRing::default(),
            destinations: Mutex::default(),
            known: AtomicUsize::new(0),
            deliveries: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// Conekta's signing keys.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Whether anybody wants to be told anything.
    pub fn awaited(&self) -> bool {
        self.known.load(Ordering::Acquire) > 0
    }

    /// Adds a destination and returns its number. One for the same gateway and account takes the place of the old.
    pub fn deliver_to(&self, request: DestinationRequest) -> u64 {
        let mut destinations = self.destinations();
        destinations
            .retain(|old| old.request.target != request.target || old.request.account != request.account);
        let number = destinations.last().map_or(1, |last| last.number + 1);
        destinations.push(Destination { number, request });
        self.known.store(destinations.len(), Ordering::Release);
        number
    }

    /// Forgets one destination, or all; returns how many.
    pub fn forget(&self, number: Option<u64>) -> usize {
        let mut destinations = self.destinations();
        let before = destinations.len();
        destinations.retain(|destination| number.is_some_and(|number| number != destination.number));
        self.known.store(destinations.len(), Ordering::Release);
        before - destinations.len()
    }

    /// All destinations with their numbers.
    pub fn list(&self) -> Vec<(u64, DestinationRequest)> {
        self.destinations().iter().map(|known| (known.number, known.request.clone())).collect()
    }

    /// What became of everything that was to be sent.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.lock().expect("no code panics while it holds the deliveries").clone()
    }

    /// Sends a notice as the faults allow, in tasks of its own.
    pub fn announce(self: &Arc<Self>, notice: Notice) {
        if !self.awaited() {
            return;
        }
        let tampering = self.faults.tampering(&format!("{} {}", notice.target.word(), notice.event));
        self.dispatch(notice, Handling::default(), &tampering);
    }

    /// Sends a notice as asked for, whatever the faults; returns how many messages that makes.
    pub fn send(self: &Arc<Self>, notice: Notice, handling: Handling) -> usize {
        self.dispatch(notice, handling, &Tampering::default())
    }

    fn dispatch(self: &Arc<Self>, notice: Notice, mut handling: Handling, tampering: &Tampering) -> usize {
        handling.delay += tampering.delay;
        handling.copies += u32::from(tampering.duplicate);
        if tampering.no_signature {
            handling.signature = SignatureKind::None;
        } else if tampering.bad_signature {
            handling.signature = SignatureKind::Bad;
        }
        let notice = Arc::new(notice);
        let mut made = 0;
        for request in self.wanted_by(&notice) {
            let own = notice.url.as_ref().filter(|_| notice.url_first || request.url.is_none());
            let Some(url) = own.or(request.url.as_ref()).cloned() else { continue };
            for _ in 0..=handling.copies {
                let number = self.log(&notice, &url, handling.signature);
                let (notice, request, url) = (Arc::clone(&notice), request.clone(), url.clone());
                let parcel = Parcel { number, notice, request, url, handling: handling.clone() };
                self.hand_over(parcel, tampering);
                made += 1;
            }
        }
        made
    }

    fn hand_over(self: &Arc<Self>, parcel: Parcel, tampering: &Tampering) {
        if tampering.lose {
            self.note(parcel.number, |delivery| delivery.outcome = Outcome::Lost);
        } else if tampering.reorder {
            self.note(parcel.number, |delivery| delivery.outcome = Outcome::Held);
            self.held().push(parcel);
        } else {
            let overtaken = std::mem::take(&mut *self.held());
            let courier = Arc::clone(self);
            tokio::spawn(async move {
                courier.carry(parcel).await;
                for parcel in overtaken {
                    courier.carry(parcel).await;
                }
            });
        }
    }

    /// Sends one message until it is taken or given up.
    async fn carry(&self, parcel: Parcel) {
        tokio::time::sleep(parcel.handling.delay).await;
        let mut pause = Duration::from_millis(parcel.request.retry_ms);
        for attempt in 1..=parcel.request.attempts {
            let answered = match self.message(&parcel) {
                Ok(message) => post::post(message).await,
                Err(error) => Err(error),
            };
            let taken = answered.as_ref().is_ok_and(|status| (200..300).contains(status));
            let last = attempt == parcel.request.attempts;
            self.note(parcel.number, |delivery| {
                delivery.attempts = attempt;
                delivery.status = answered.as_ref().ok().copied();
                delivery.error = answered.as_ref().err().map(ToString::to_string);
                delivery.outcome = match (taken, last) {
                    (true, _) => Outcome::Delivered,
                    (false, true) => Outcome::GivenUp,
                    (false, false) => Outcome::Waiting,
                };
            });
            if taken || last {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// The request with its signature; both are made anew for each try, as time goes into one of them.
    fn message(&self, parcel: &Parcel) -> Result<Message, post::PostError> {
        let notice = &parcel.notice;
        let kind = parcel.handling.signature;
        let mut url = parcel.url.clone();
        let headers = match notice.target {
            Target::Conekta => self.keys.digest(&notice.account, notice.body.as_bytes(), kind),
            Target::MercadoPago => {
                let mark = if url.contains('?') { '&' } else { '?' };
                url = format!("{url}{mark}data.id={}&type=payment", notice.resource_id);
                let now_ms = self.clock.now_ms();
                signature::mercado_pago(&parcel.request, &notice.resource_id, &notice.event_id, now_ms, kind)
            }
        };
        let address: Uri = url.parse().map_err(|_| post::PostError::Address(url.clone()))?;
        Ok(Message { address, headers, body: notice.body.clone() })
    }

    /// Destinations for a notice: those of its account, or else those for every account.
    fn wanted_by(&self, notice: &Notice) -> Vec<DestinationRequest> {
        let destinations = self.destinations();
        let of = |account: Option<&str>| -> Vec<DestinationRequest> {
            let fits = |known: &&Destination| {
                known.request.target == notice.target && known.request.account.as_deref() == account
            };
            destinations.iter().filter(fits).map(|known| known.request.clone()).collect()
        };
        let own = of(Some(&notice.account));
        if own.is_empty() { of(None) } else { own }
    }

    fn log(&self, notice: &Notice, url: &str, signature: SignatureKind) -> usize {
        let mut deliveries = self.deliveries.lock().expect("no code panics while it holds the deliveries");
        let number = deliveries.len() + 1;
        deliveries.push(Delivery::new(number, notice, url, signature));
        number
    }

    fn note(&self, number: usize, change: impl FnOnce(&mut Delivery)) {
        let mut deliveries = self.deliveries.lock().expect("no code panics while it holds the deliveries");
        if let Some(delivery) = deliveries.get_mut(number - 1) {
            change(delivery);
        }
    }

    fn destinations(&self) -> MutexGuard<'_, Vec<Destination>> {
        self.destinations.lock().expect("no code panics while it holds the destinations")
    }

    fn held(&self) -> MutexGuard<'_, Vec<Parcel>> {
        self.held.lock().expect("no code panics while it holds the held ones")
    }
}
