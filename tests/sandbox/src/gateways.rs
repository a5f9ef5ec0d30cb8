//! What the company and the simulated gateways know of each other: keys, and where webhooks go.

use anyhow::Context;
use serde_json::{Value, json};

use crate::http::{Http, Login, text};
use crate::seed::random_hex;

/// Keys that the sandbox's company holds; the doubles take any of their form.
const CONEKTA_PRIVATE_KEY: &str = "key_sandbox_private";
const CONEKTA_PUBLIC_KEY: &str = "key_sandbox_public";
const MERCADO_PAGO_TOKEN: &str = "TEST-sandbox-access-token";
const MERCADO_PAGO_PUBLIC_KEY: &str = "TEST-sandbox-public-key";
/// How often a webhook is tried, the pause doubling from half a second: gateways do not give up soon.
const ATTEMPTS: u32 = 12;
/// What differs between the addresses of the two gateways' webhooks.
const MERCADO_PAGO_PART: &str = "/webhook/mercado-pago/";
const CONEKTA_PART: &str = "/webhook/conekta/";

/// Where company and simulator are told of each other.
#[derive(Debug, Clone, Copy)]
pub struct Both<'a> {
    /// Public API.
    pub base: &'a str,
    /// Session of the company's operator.
    pub session: &'a str,
    /// The company.
    pub empresa_id: &'a str,
    /// Control API of the simulator.
    pub control_url: &'a str,
}

/// Gives the company its keys.
///
/// # Errors
/// When they are refused.
pub async fn give_keys(http: &Http, base: &str, session: &str) -> anyhow::Result<()> {
    let body = json!({"conekta_private_key": CONEKTA_PRIVATE_KEY, "conekta_public_key": CONEKTA_PUBLIC_KEY,
        "conekta_mode": "test"});
    configure(http, base, session, "configurar-conekta", &body).await?;
    let body =
        json!({"access_token": MERCADO_PAGO_TOKEN, "public_key": MERCADO_PAGO_PUBLIC_KEY, "mode": "test"});
    configure(http, base, session, "configurar-credenciales", &body).await
}

/// Lets both gateways send their webhooks to the company, signed. The simulator forgets when it ends, so this is done at
/// each start.
///
/// # Errors
/// When one of them refuses.
pub async fn connect_webhooks(http: &Http, both: Both<'_>) -> anyhow::Result<()> {
    let Both { base, session, empresa_id, control_url } = both;
    let shown = http
        .get(&format!("{base}/api/v1/webhook/empresa/{empresa_id}/estado-webhook"), Login::Session(session))
        .await?
        .good("asking where webhooks go")?;
    let address = text(&shown, "/configuracion_webhook/url")?;
    let secret = random_hex::<32>()?;
    configure(http, base, session, "configurar-credenciales", &json!({ "webhook_secret": secret })).await?;
    deliver(
        http,
        control_url,
        &json!({"target": "mercado_pago", "url": address, "secret": secret, "attempts": ATTEMPTS}),
    )
    .await?;
    let address = address.replace(MERCADO_PAGO_PART, CONEKTA_PART);
    let made =
        deliver(http, control_url, &json!({"target": "conekta", "url": address, "attempts": ATTEMPTS}))
            .await?;
    let key =
        made["public_key"].as_str().with_context(|| format!("the simulator signs with a key: {made}"))?;
    configure(http, base, session, "configurar-conekta", &json!({ "conekta_webhook_key": key })).await
}

async fn configure(http: &Http, base: &str, session: &str, what: &str, body: &Value) -> anyhow::Result<()> {
    let url = format!("{base}/api/v1/admin/mi-empresa/{what}");
    http.post(&url, Login::Session(session), body, None).await?.good(what).map(drop)
}

async fn deliver(http: &Http, control_url: &str, destination: &Value) -> anyhow::Result<Value> {
    let url = format!("{control_url}/webhooks");
    http.post(&url, Login::None, destination, None).await?.good("telling the simulator where webhooks go")
}
