//! `/webhooks`, `/webhook_keys` and what can be done with single events.

use super::failure::{Detail, Failure};
use super::{Conekta, event, notice};
use crate::webhook::Handling;
use crate::webhook::request::DestinationRequest;
use crate::webhook::signature::PublicKey;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::{Map, Value, json};

impl Conekta {
    /// Carries out what concerns webhooks.
    pub(super) fn hooks(
        &self,
        parts: &Parts,
        key: &str,
        path: &[&str],
        body: &[u8],
    ) -> Result<(u16, Value), Failure> {
        let missing = |what: &str| Failure::not_found("id", format!("this key has no such {what}"));
        let keys = self.courier.keys();
        let now_s = self.clock.now_s();
        match (&parts.method, path) {
            (&Method::POST, ["webhook_keys"]) => {
                let active = object(body)?.get("active").and_then(Value::as_bool).unwrap_or(true);
                let id = self.store().fresh_id();
                let made = keys.make(key, &id, now_s).map_err(|_| Failure::on_demand(500))?;
                let made = if active { Some(made) } else { keys.switch(key, &id, false, now_s) };
                Ok((200, made.map_or(Value::Null, |made| shown(&made))))
            }
            (&Method::GET, ["webhook_keys"]) => {
                let rows: Vec<Value> = keys.list(Some(key)).iter().rev().map(shown).collect();
                Ok((200, super::order::list(&rows)))
            }
            (&Method::GET, ["webhook_keys", id]) => {
                let found = keys.list(Some(key)).into_iter().find(|known| known.id == *id);
                found.map(|found| (200, shown(&found))).ok_or_else(|| missing("webhook key"))
            }
            (&Method::PUT, ["webhook_keys", id]) => {
                let active = object(body)?.get("active").and_then(Value::as_bool).unwrap_or(false);
                let changed = keys.switch(key, id, active, now_s);
                changed.map(|changed| (200, shown(&changed))).ok_or_else(|| missing("webhook key"))
            }
            (&Method::DELETE, ["webhook_keys", id]) => {
                keys.remove(key, id).map(|gone| (200, shown(&gone))).ok_or_else(|| missing("webhook key"))
            }
            (&Method::POST, ["webhooks"]) => self.register(key, body),
            (&Method::GET, ["webhooks"]) => Ok((200, super::order::list(&self.registered(key)))),
            (&Method::POST, ["webhooks", id, "test"]) => {
                let found = self.registered(key).into_iter().find(|row| row["id"] == **id);
                let row = found.ok_or_else(|| missing("webhook"))?;
                let fresh = self.store().fresh_id();
                let ping = event::ping(&fresh, key.contains("live"), now_s);
                self.courier.announce(notice(key.to_owned(), "webhook_ping", id, &ping));
                Ok((200, row))
            }
            (&Method::POST, ["events", id, "resend"]) => {
                let found = self.store().events(key).into_iter().find(|event| event.id == *id);
                let event = found.ok_or_else(|| missing("event"))?;
                let body = event.render();
                let again = notice(key.to_owned(), event.name, &event.order.id, &body);
                self.courier.send(again, Handling::default());
                Ok((200, body))
            }
            (&Method::GET, ["events", id]) => {
                let found = self.store().events(key).into_iter().find(|event| event.id == *id);
                found.map(|event| (200, event.render())).ok_or_else(|| missing("event"))
            }
            (method, _) => {
                Err(Failure::not_found("path", format!("there is no {method} {}", parts.uri.path())))
            }
        }
    }

    fn register(&self, key: &str, body: &[u8]) -> Result<(u16, Value), Failure> {
        let body = object(body)?;
        let url = body.get("url").and_then(Value::as_str).unwrap_or_default();
        let local = ["localhost", "127.0.0.1"].iter().any(|host| url.contains(host));
        if local || !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(Failure::fields(vec![Detail {
                code: "parameter_validation.url.invalid".to_owned(),
                param: Some("url".to_owned()),
                message: ["La dirección no es válida.", "The address is not valid."],
                debug_message: "url must be an address that the whole world can reach".to_owned(),
            }]));
        }
        let destination = json!({ "target": "conekta", "account": key, "url": url });
        let request: DestinationRequest =
            serde_json::from_value(destination).map_err(|error| Failure::malformed(error.to_string()))?;
        let number = self.courier.deliver_to(request);
        Ok((200, webhook(number, url, key)))
    }

    fn registered(&self, key: &str) -> Vec<Value> {
        let own = |request: &DestinationRequest| request.account.as_deref() == Some(key);
        let known = self.courier.list().into_iter().filter(|(_, request)| own(request));
        known.map(|(number, request)| webhook(number, &request.url.unwrap_or_default(), key)).collect()
    }
}

fn webhook(number: u64, url: &str, key: &str) -> Value {
    json!({
        "object": "webhook",
        "id": format!("{number:024x}"),
        "description": null,
        "livemode": key.contains("live"),
        "active": true,
        "status": "listening",
        "subscribed_events": ["order.paid", "charge.paid"],
        "url": url,
    })
}

fn shown(key: &PublicKey) -> Value {
    json!({
        "object": "webhook_key",
        "id": key.id,
        "active": key.active,
        "livemode": key.account.contains("live"),
        "created_at": key.created_at,
        "deactivated_at": key.deactivated_at,
        "public_key": key.public_key,
    })
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| Failure::malformed(error.to_string()))
}
