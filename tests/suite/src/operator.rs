//! What operators send.

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};

use crate::portal::{Answer, client};
use crate::sandbox::Account;

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Operator {
    base_url: String,
    token: String,
    client: reqwest::Client,
}

impl Operator {
    /// Logs in.
    ///
    /// # Errors
    /// When the login is refused.
    pub async fn login(base_url: &str, account: &Account) -> anyhow::Result<Self> {
        let client = client()?;
        let body = json!({"email": account.email, "password": account.password});
        let sent = client.post(format!("{base_url}/api/v1/auth/login")).json(&body).send().await?;
        let answer = Answer::of(sent).await?;
        let token =
            answer.body["access_token"].as_str().with_context(|| format!("logging in: {answer:?}"))?;
        Ok(Self { base_url: base_url.to_owned(), token: token.to_owned(), client })
    }

    /// The session's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// GET of a path.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.client.get(format!("{}{path}", self.base_url)).bearer_auth(&self.token);
        Answer::of(request.send().await.with_context(|| format!("GET {path}"))?).await
    }

    /// POST with an idempotency key; gives whatever is answered.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.client.post(format!("{}{path}", self.base_url)).bearer_auth(&self.token);
        let sent = request.header("Idempotency-Key", key).json(body).send().await;
        Answer::of(sent.with_context(|| format!("POST {path}"))?).await
    }

    /// POST that must succeed; gives the body.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn make(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, body).await
    }

    /// PUT that must succeed; gives the body.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn change(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::PUT, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let what = format!("{method} {path}");
        let request = self.client.request(method, format!("{}{path}", self.base_url));
        let sent = request.bearer_auth(&self.token).json(body).send().await.with_context(|| what.clone())?;
        let answer = Answer::of(sent).await?;
        if !(200..300).contains(&answer.status) {
            bail!("{what}: {} {}", answer.status, answer.body);
        }
        Ok(answer.body)
    }

    /// Puts a plan on sale; gives its number.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn product(&self, router_id: &str, profile: &str, price: f64) -> anyhow::Result<i64> {
        let body = json!({"router_id": router_id, "perfil_mikrotik_id": format!("*{profile}"),
            "perfil_mikrotik_nombre": profile, "nombre_venta": profile, "precio": price});
        let made = self.make("/api/v1/admin/products", &body).await?;
        made["id"].as_i64().with_context(|| format!("a product has a number: {made}"))
    }
}
