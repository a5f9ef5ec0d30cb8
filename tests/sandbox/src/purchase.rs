//! One purchase and its receipt.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::{Answer, Http, Login, text};
use crate::seed::{Product, random_hex};

/// Card token that the Conekta double always accepts.
pub const CARD_TOKEN: &str = "tok_test_visa_4242";

/// The device that buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// MAC.
    pub mac: String,
    /// Address on the hotspot's network.
    pub ip: String,
}

impl Device {
    /// A device nobody has seen before.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn draw() -> anyhow::Result<Self> {
        let drawn = random_hex::<5>()?;
        let pairs: Vec<String> =
            drawn.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
        let octet = |index: usize| u8::from_str_radix(&pairs[index], 16).map(|byte| byte.clamp(2, 250));
        Ok(Self { mac: format!("02:{}", pairs.join(":")), ip: format!("10.5.{}.{}", octet(0)?, octet(1)?) })
    }
}

/// What a purchase left behind.
#[derive(Debug, Serialize)]
pub struct Receipt {
    /// Purchase (`TRX_…`).
    pub purchase_id: String,
    /// Order at the gateway (`ord_…`).
    pub gateway_order_id: String,
    /// User on the router.
    pub hotspot_user: String,
    /// Its password.
    pub hotspot_password: String,
    /// Whether the device is online: `conectado` or `no_conectado`.
    pub device_state: String,
    /// MAC of the device.
    pub device_mac: String,
    /// What was sold.
    pub product: String,
    /// Price in major units.
    pub amount: Value,
    /// Currency.
    pub currency: String,
    /// What the time went into, as the control plane tells it.
    pub steps: Vec<Step>,
    /// Time of the HTTP call as the buyer's device sees it, in milliseconds.
    pub total_ms: f64,
}

/// One step of a purchase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Name.
    pub name: String,
    /// Milliseconds.
    pub ms: f64,
}

/// Buys `product` for `device`, on a connection that is open already.
///
/// # Errors
/// When the purchase does not end paid.
pub async fn buy(
    http: &Http,
    base: &str,
    api_key: &str,
    product: &Product,
    device: &Device,
) -> anyhow::Result<Receipt> {
    let login = Login::Key(api_key);
    // What a portal does when its page loads; it also opens the connection.
    http.get(&format!("{base}/api/v1/config/public"), login).await?.good("loading the portal")?;
    let body = json!({"producto_id": product.id, "token_tarjeta": CARD_TOKEN, "nombre_cliente": "Luz Vega",
        "email_cliente": "luz@example.org", "telefono_cliente": "5587654321", "mac_cliente": device.mac,
        "ip_cliente": device.ip, "conexion_automatica": true});
    let key = format!("sandbox-{}", random_hex::<12>()?);
    let url = format!("{base}/api/v1/payments/pagar-conekta");
    let started = Instant::now();
    let answer = http.post(&url, login, &body, Some(&key)).await?;
    receipt(&answer, device, started.elapsed())
}

fn receipt(answer: &Answer, device: &Device, took: Duration) -> anyhow::Result<Receipt> {
    if answer.status != 200 {
        bail!("the purchase did not end paid: HTTP {} {}", answer.status, answer.body);
    }
    let body = &answer.body;
    let status_url = text(body, "/estado_url")?;
    Ok(Receipt {
        purchase_id: status_url.rsplit('/').next().unwrap_or_default().to_owned(),
        gateway_order_id: text(body, "/id_transaccion")?,
        hotspot_user: text(body, "/usuario_hotspot/usuario")?,
        hotspot_password: text(body, "/usuario_hotspot/contrasena")?,
        device_state: text(body, "/auto_conexion/estado")?,
        device_mac: device.mac.clone(),
        product: text(body, "/producto/nombre")?,
        amount: body["producto"]["precio"].clone(),
        currency: text(body, "/producto/moneda")?,
        steps: steps(answer.timing.as_deref().context("the answer has no Server-Timing")?)?,
        total_ms: milliseconds(took),
    })
}

/// Reads a `Server-Timing` header.
///
/// # Errors
/// When a part of it has no duration.
pub fn steps(header: &str) -> anyhow::Result<Vec<Step>> {
    header
        .split(',')
        .map(|part| step(part).with_context(|| format!("reading Server-Timing {header:?}")))
        .collect()
}

fn step(part: &str) -> Option<Step> {
    let mut fields = part.split(';').map(str::trim);
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let ms = fields.find_map(|field| field.strip_prefix("dur="))?.parse().ok()?;
    Some(Step { name, ms })
}

#[expect(clippy::float_arithmetic, reason = "a duration for people and reports, not money")]
fn milliseconds(time: Duration) -> f64 {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    (f64::from(micros) / 10.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_in_their_order() {
        let read = steps("accept;dur=1.2, reserve;dur=8.1, login;desc=\"x\";dur=3").unwrap();
        let names: Vec<&str> = read.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["accept", "reserve", "login"]);
        assert!((read[2].ms - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_step_without_a_duration_is_an_error() {
        assert!(steps("accept, reserve;dur=1").is_err());
        assert!(steps("").is_err());
    }

    #[test]
    fn devices_have_a_local_address_of_their_own() {
        let (one, two) = (Device::draw().unwrap(), Device::draw().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.mac.len(), 17);
        assert!(one.mac.starts_with("02:"));
    }
}
