//! A service on loopback with a database of its own, and a client. Everything is made through the interface itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use pagos_control_plane::auth::setup;
use pagos_control_plane::config::Config;
use pagos_control_plane::http;
use pagos_control_plane::http::app::Shared;
use pagos_control_plane::link;
use pagos_control_plane::seams::{Clock, Random};
use pagos_control_plane::serve::assembly;
use pagos_control_plane::serve::public::{self, Door};
use pagos_control_plane::store::{Conn, StoreError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::TcpListener;

pub const SUPER_EMAIL: &str = "operadora@example.org";
pub const PASSWORD: &str = "tres tristes tigres";
pub const PANEL: &str = "https://panel.example.org";
/// Secret of the service that was replaced.
pub const ORIGINAL_SECRET: &str = "the original secret";

static DATABASES: AtomicU32 = AtomicU32::new(0);

pub struct World {
    _directory: tempfile::TempDir,
    pub app: Shared,
    /// What the agents' listener uses.
    pub context: link::Context,
    /// Where agents are listened to.
    pub address: String,
    pub base: String,
    pub client: reqwest::Client,
    now: Arc<AtomicI64>,
    /// Session of the super admin.
    pub operator: String,
}

/// A company with one router and one admin.
pub struct Tenant {
    pub company: String,
    pub router: String,
    pub api_key: String,
    pub key_id: String,
    pub email: String,
    /// Session of its admin.
    pub session: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body").to_vec();
        Self { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Checks status and code; gives the body.
    #[track_caller]
    pub fn is(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["code"], code, "{}", self.text);
        if self.status.is_client_error() {
            assert_eq!(body["request_id"], self.header("x-request-id"), "{}", self.text);
        }
        body
    }

    #[track_caller]
    pub fn good(&self) -> Value {
        assert_eq!(self.status.as_u16(), 200, "{}", self.text);
        self.json()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// `type` and last step of `loc` of each validation issue.
    #[track_caller]
    pub fn issues(&self) -> Vec<(String, String)> {
        let body = self.is(422, "validation_error");
        let issues = body["detail"].as_array().expect("a list").iter();
        issues
            .map(|issue| {
                let loc = issue["loc"].as_array().expect("a list");
                let last = loc.last().and_then(Value::as_str).unwrap_or_default();
                (issue["type"].as_str().expect("a type").to_owned(), last.to_owned())
            })
            .collect()
    }
}

async fn database_url(directory: &std::path::Path) -> String {
    let Ok(server) = std::env::var("PAGOS_TEST_POSTGRES_URL") else {
        return format!("sqlite:{}", directory.join("pagos.db").display());
    };
    let name = format!("pagos_http_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.expect("PostgreSQL");
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut admin)
        .await
        .expect("database");
    format!("{server}/{name}")
}

impl World {
    /// A service without anybody in it, and the path of its set-up page.
    pub async fn empty() -> (Self, String) {
        Self::empty_with(&[]).await
    }

    /// As [`World::empty`], with more set in the environment.
    pub async fn empty_with(more: &[(&str, String)]) -> (Self, String) {
        let directory = tempfile::tempdir().expect("directory");
        let environment: BTreeMap<String, String> = [
            ("PAGOS_DATA_DIR", directory.path().display().to_string()),
            ("PAGOS_DATABASE_URL", database_url(directory.path()).await),
            ("PAGOS_HTTP__CORS_ORIGINS", PANEL.to_owned()),
            ("PAGOS_JWT_APIKEY_SECRET", ORIGINAL_SECRET.to_owned()),
        ]
        .into_iter()
        .chain(more.iter().cloned())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let config = Config::load(None, &environment).expect("configuration");
        let now = Arc::new(AtomicI64::new(Clock::System.now().0));
        let clock = Clock::Manual(now.clone());
        let assembled = assembly::assemble(config, clock, Random::default(), "site.example.org:8443".into());
        let assembled = assembled.await.expect("assembled");
        let (app, context) = (assembled.app, assembled.link);
        let agents = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let address = format!("localhost:{}", agents.local_addr().expect("address").port());
        let (serving, dialled) = (context.clone(), address.clone());
        tokio::spawn(async move { link::serve(agents, serving, &[&dialled], std::future::pending()).await });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        tokio::spawn(public::serve(listener, http::router(&app), Door::default(), std::future::pending()));
        let secret =
            setup::new_link(&app.store, &app.clock, &app.random).await.expect("link").expect("no admin");
        let redirect = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(redirect).no_proxy().build().expect("client");
        let world =
            Self { _directory: directory, app, context, address, base, client, now, operator: String::new() };
        (world, format!("/setup/{secret}"))
    }

    /// A service with a super admin.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// As [`World::start`], with more set in the environment.
    pub async fn start_with(more: &[(&str, String)]) -> Self {
        let (mut world, page) = Self::empty_with(more).await;
        let admin = json!({"email": SUPER_EMAIL, "password": PASSWORD, "nombre": "Operadora"});
        world.post(&page, None, &admin).await.good();
        world.operator = world.log_in(SUPER_EMAIL, PASSWORD).await;
        world
    }

    /// Lets the clock go on by itself, as purchases under way need it.
    pub fn let_time_pass(&self) {
        let now = self.now.clone();
        tokio::spawn(async move {
            let mut before = Clock::System.now();
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                let after = Clock::System.now();
                now.fetch_add(after.since(before), Ordering::Relaxed);
                before = after;
            }
        });
    }

    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    pub async fn log_in(&self, email: &str, password: &str) -> String {
        let body = json!({"email": email, "password": password});
        let answer = self.post("/api/v1/auth/login", None, &body).await.good();
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Makes a company with a router and an admin.
    pub async fn tenant(&self, name: &str) -> Tenant {
        let operator = Some(self.operator.as_str());
        let body = json!({"nombre": name, "contacto_email": "hola@example.org"});
        let company = text(&self.post("/admin/empresas", operator, &body).await.good()["id"]);
        let router = self.router(&company, "Kiosco").await;
        let email = format!("{}@example.org", name.to_lowercase());
        let body = json!({"email": email, "password": PASSWORD, "nombre": name, "rol": "cliente_admin", "empresa_id": company});
        self.post("/admin/usuarios", operator, &body).await.good();
        let session = self.log_in(&email, PASSWORD).await;
        Tenant {
            company,
            router: text(&router["id"]),
            api_key: text(&router["api_key"]),
            key_id: text(&router["api_key_info"]["key_id"]),
            email,
            session,
        }
    }

    /// No endpoint does this; operators do it in the database.
    pub async fn switch_company_off(&self, company: &str) {
        const SQL: &str = "UPDATE companies SET active = FALSE WHERE id = $1";
        let id = company.to_owned();
        let done = self.app.store.write(move |conn| {
            Box::pin(async move {
                match conn {
                    Conn::Sqlite(conn) => sqlx::query(SQL).bind(id).execute(&mut **conn).await.map(|_| ()),
                    Conn::Postgres(conn) => sqlx::query(SQL).bind(id).execute(&mut **conn).await.map(|_| ()),
                }
                .map_err(StoreError::from)
            })
        });
        done.await.expect("switched off");
    }

    pub async fn router(&self, company: &str, name: &str) -> Value {
        let body = json!({"nombre": name, "host": "10.0.0.1", "usuario": "agente", "password": "s3cret", "ubicacion": "Entrada"});
        self.post(&format!("/admin/empresas/{company}/routers"), Some(&self.operator), &body).await.good()
    }

    pub async fn product(&self, tenant: &Tenant, more: Value) -> Value {
        let mut body = json!({"router_id": tenant.router, "perfil_mikrotik_id": "*3", "perfil_mikrotik_nombre": "1h",
            "nombre_venta": "Una hora", "precio": 20});
        let fields = body.as_object_mut().expect("an object");
        fields.extend(more.as_object().cloned().unwrap_or_default());
        let answer = self.post("/api/v1/admin/products", Some(&tenant.session), &body).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
        answer.json()
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(Method::GET, path, token, None, &[]).await
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.send(Method::POST, path, token, Some(body.to_string()), &[]).await
    }

    pub async fn put(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.send(Method::PUT, path, token, Some(body.to_string()), &[]).await
    }

    pub async fn delete(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(Method::DELETE, path, token, None, &[]).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<String>,
        headers: &[(&'static str, &str)],
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request =
                request.header(HeaderName::from_static(name), HeaderValue::from_str(value).expect("header"));
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        Answer::of(request.send().await.expect("an answer")).await
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
