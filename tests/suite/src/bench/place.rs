//! A sandbox to be measured: slow gateways and routers as in the field, and the check that all is well afterwards.

use std::time::Duration;

use anyhow::{Context, ensure};
use hyper::Method;
use hyper::body::Bytes;
use serde_json::json;

use super::load::Maker;
use super::wire::Call;
use crate::portal::GOOD_CARD;
use crate::sandbox::{Database, Ready, Sandbox};
use crate::simulator::gateways::Gateway;

/// How long each call to a gateway takes, in milliseconds.
pub const GATEWAY_MS: u64 = 50;
/// How long each command to a router takes, in milliseconds.
pub const ROUTER_MS: u64 = 2;
/// The longest it may take until nothing is open, in milliseconds.
const SETTLE_MS_MAX: u64 = 180_000;

/// A running sandbox, warm and empty.
#[derive(Debug)]
pub struct Place {
    /// The sandbox.
    pub sandbox: Sandbox,
}

impl Place {
    /// Starts one whose gateways and router answer at once, and whose gateways send no webhooks.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(database: Database) -> anyhow::Result<Self> {
        let place = Self::start_told(database).await?;
        place.sandbox.simulator()?.webhooks_off().await?;
        Ok(place)
    }

    /// As [`Place::start`], but the gateways tell of each payment by webhook.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_told(database: Database) -> anyhow::Result<Self> {
        Ok(Self { sandbox: Sandbox::start(database).await? })
    }

    /// As [`Place::start`], but gateways and router take their time.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_slow(database: Database) -> anyhow::Result<Self> {
        let place = Self::start(database).await?;
        place.slow_down().await?;
        Ok(place)
    }

    /// Lets gateways and router take their time.
    ///
    /// # Errors
    /// When the simulator refuses.
    pub async fn slow_down(&self) -> anyhow::Result<()> {
        let simulator = self.sandbox.simulator()?;
        for (target, delay_ms) in
            [("conekta", GATEWAY_MS), ("mercado_pago", GATEWAY_MS), ("router", ROUTER_MS)]
        {
            simulator.fault(json!({"target": target, "kind": "delay", "delay_ms": delay_ms})).await?;
        }
        Ok(())
    }

    /// The ready file.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.sandbox.ready
    }

    /// Makes purchases through a gateway, each by a buyer of its own.
    ///
    /// # Errors
    /// When nothing is on sale.
    pub fn purchases(&self, gateway: Gateway, round: &'static str) -> anyhow::Result<Maker> {
        let ready = self.ready();
        let product = ready.productos.first().context("there is a plan on sale")?;
        let (key, id, price) = (ready.api_key.clone(), product.id, product.precio.clone());
        Ok(std::sync::Arc::new(move |number| {
            let mut body = json!({"producto_id": id, "nombre_cliente": "Luz Vega",
                "email_cliente": format!("{round}-{number}@example.org"), "telefono_cliente": "5587654321"});
            let path = match gateway {
                Gateway::Conekta => {
                    body["token_tarjeta"] = json!(GOOD_CARD);
                    "/api/v1/payments/pagar-conekta"
                }
                Gateway::MercadoPago => {
                    body["token"] = json!(format!("tok-APRO-{round}-{number}"));
                    body["monto"] = price.clone();
                    body["payment_method_id"] = json!("visa");
                    "/api/v1/payments/pagar-mercado-pago"
                }
            };
            buy(path, &key, &format!("{round}-{number}"), &body)
        }))
    }

    /// Waits until nothing is open; then the money that moved must be that of the `sold` purchases that were answered
    /// and of the sandbox's own.
    ///
    /// # Errors
    /// When something stays open, or charges and purchases differ.
    pub async fn verify(&self, sold: usize) -> anyhow::Result<()> {
        let evidence = self.sandbox.settled(Duration::from_millis(SETTLE_MS_MAX)).await?;
        let completed = evidence.purchases.iter().filter(|purchase| purchase.phase == "completed").count();
        let charges = evidence.ledger.iter().filter(|entry| entry.moved_money()).count();
        ensure!(
            completed == sold + 1 && charges == completed,
            "{sold} purchases and the sandbox's own were answered, {completed} completed, {charges} charged"
        );
        Ok(())
    }
}

/// A purchase's call.
#[must_use]
pub fn buy(path: &str, api_key: &str, key: &str, body: &serde_json::Value) -> Call {
    Call {
        method: Method::POST,
        path: path.to_owned(),
        headers: vec![
            ("X-API-Key", api_key.to_owned()),
            ("Idempotency-Key", key.to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ],
        body: Bytes::from(body.to_string()),
    }
}
