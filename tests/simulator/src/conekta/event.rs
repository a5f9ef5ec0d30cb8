//! Events: what the gateway tells about orders and charges, by webhook and on `GET /events`.

use super::order::Order;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that happened, with the order as it was then.
#[derive(Debug, Clone)]
pub struct Event {
    /// 24 hex digits.
    pub id: String,
    /// The vendor's name, such as `order.paid`.
    pub name: &'static str,
    /// Seconds since the Unix epoch.
    pub created_at: u64,
    /// The order.
    pub order: Arc<Order>,
}

impl Event {
    /// The event as it is sent.
    pub fn render(&self) -> Value {
        let order = &self.order;
        let charge = order.charges.last().filter(|_| self.name.starts_with("charge."));
        let object = charge.map_or_else(|| order.render(), |charge| order.render_charge(charge));
        json!({
            "object": "event",
            "id": self.id,
            "type": self.name,
            "livemode": order.livemode(),
            "created_at": self.created_at,
            "webhook_status": "pending",
            "webhook_logs": [],
            "data": { "object": object, "previous_attributes": {} },
        })
    }
}

/// A message that says nothing but that messages arrive.
pub fn ping(id: &str, livemode: bool, created_at: u64) -> Value {
    json!({
        "object": "event",
        "id": id,
        "type": "webhook_ping",
        "livemode": livemode,
        "created_at": created_at,
        "webhook_status": "pending",
        "webhook_logs": [],
        "data": { "action": "ping", "livemode": livemode },
    })
}

/// All events, in order.
#[derive(Debug, Default)]
pub struct Events {
    all: Vec<Arc<Event>>,
    by_key: BTreeMap<String, Vec<usize>>,
    told: usize,
}

impl Events {
    /// Keeps an event.
    pub fn push(&mut self, event: Event) {
        self.by_key.entry(event.order.key.clone()).or_default().push(self.all.len());
        self.all.push(Arc::new(event));
    }

    /// Events since the last call.
    pub fn take_new(&mut self) -> Vec<Arc<Event>> {
        let new = self.all[self.told..].to_vec();
        self.told = self.all.len();
        new
    }

    /// Events of a key, oldest first.
    pub fn of_key(&self, key: &str) -> Vec<Arc<Event>> {
        self.by_key.get(key).into_iter().flatten().map(|index| Arc::clone(&self.all[*index])).collect()
    }
}
