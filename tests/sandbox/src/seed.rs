//! Company, router, users and plans: made once, remembered in the data directory.

use anyhow::{Context, bail};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::gateways;
use crate::http::{Http, Login, text};
use crate::layout::{Layout, write_private};
use crate::parts::RouterReady;
use crate::ports::Ports;

/// Somebody who can log in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// A plan on sale.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Product {
    /// Number.
    pub id: i64,
    /// Name that buyers see.
    pub nombre_venta: String,
    /// Price in major units, as the API gives it.
    pub precio: Value,
    /// Profile on the router.
    pub perfil_mikrotik_nombre: String,
}

/// What the next start with the same data directory needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// Ports; the enrolled agent and the router's row name them.
    pub ports: Ports,
    /// Database, if it is not the one in the data directory.
    pub database_url: Option<String>,
    /// Platform operator.
    pub super_admin: Account,
    /// Operator of the company.
    pub cliente_admin: Account,
    /// The company.
    pub empresa_id: String,
    /// Its router.
    pub router_id: String,
    /// Portal key of the router.
    pub api_key: String,
    /// Plans on sale.
    pub productos: Vec<Product>,
}

impl Memory {
    /// Reads what an earlier start left, if there was one.
    ///
    /// # Errors
    /// When the file is there but is not understood.
    pub fn read(layout: &Layout) -> anyhow::Result<Option<Self>> {
        let path = layout.memory();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Ok(Some(serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Leaves it for the next start.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, layout: &Layout) -> anyhow::Result<()> {
        write_private(&layout.memory(), &serde_json::to_string_pretty(self)?)
    }
}

/// The company's row in the making: what is known before the agent is enrolled.
#[derive(Debug)]
pub struct Planted {
    /// Platform operator.
    pub super_admin: Account,
    /// Operator of the company.
    pub cliente_admin: Account,
    /// Session of the operator.
    pub session: String,
    /// The company.
    pub empresa_id: String,
    /// Its router.
    pub router_id: String,
    /// Portal key of the router.
    pub api_key: String,
    /// One-time token for the agent.
    pub enrolment_token: String,
}

/// Makes the first super admin, a company with its operator and gateway keys, and a router.
///
/// # Errors
/// When the control plane refuses something.
pub async fn plant(
    http: &Http,
    base: &str,
    setup_url: Option<&str>,
    router: &RouterReady,
) -> anyhow::Result<Planted> {
    let Some(setup_url) = setup_url else {
        bail!(
            "the database has a super admin already: give the data directory of that sandbox, or an empty database"
        );
    };
    let super_admin = Account { email: "super@sandbox.example".to_owned(), password: password()? };
    let body = json!({"email": super_admin.email, "password": super_admin.password, "nombre": "Sandbox"});
    http.post(setup_url, Login::None, &body, None).await?.good("making the super admin")?;
    let session = login(http, base, &super_admin).await?;
    let operator = Login::Session(&session);

    let body = json!({"nombre": "Red Parque", "contacto_email": "hola@redparque.example", "contacto_telefono": "5512345678"});
    let company = http
        .post(&format!("{base}/admin/empresas"), operator, &body, None)
        .await?
        .good("making the company")?;
    let empresa_id = text(&company, "/id")?;
    let routers = format!("{base}/admin/empresas/{empresa_id}/routers");
    let body = json!({"nombre": "Kiosco", "ubicacion": "Entrada", "host": router.host, "puerto": router.port,
        "usuario": router.username, "password": router.password});
    let made = http.post(&routers, operator, &body, None).await?.good("making the router")?;
    let (router_id, api_key) = (text(&made, "/id")?, text(&made, "/api_key")?);

    let cliente_admin = Account { email: "admin@redparque.example".to_owned(), password: password()? };
    let body = json!({"email": cliente_admin.email, "password": cliente_admin.password, "nombre": "Ana Ruiz",
        "rol": "cliente_admin", "empresa_id": empresa_id});
    http.post(&format!("{base}/admin/usuarios"), operator, &body, None)
        .await?
        .good("making the company's user")?;
    let token = http
        .post(&format!("{routers}/{router_id}/enrolamiento"), operator, &json!({}), None)
        .await?
        .good("asking for an enrolment token")?;

    let session = login(http, base, &cliente_admin).await?;
    gateways::give_keys(http, base, &session).await?;
    let enrolment_token = text(&token, "/token")?;
    Ok(Planted { super_admin, cliente_admin, session, empresa_id, router_id, api_key, enrolment_token })
}

/// Puts three plans on sale, for profiles that the router really has.
///
/// # Errors
/// When the router's profiles cannot be read or a plan is refused.
pub async fn plans(http: &Http, base: &str, session: &str, router_id: &str) -> anyhow::Result<Vec<Product>> {
    let login = Login::Session(session);
    let url = format!("{base}/api/v1/admin/routers/{router_id}/mikrotik-profiles");
    let profiles = http.get(&url, login).await?.good("reading the router's profiles")?;
    let wanted = [
        ("1h", "Una hora", json!(20.0), json!(["5 Mbps"])),
        ("1d", "Un día", json!(50.0), json!(["10 Mbps", "Hasta 24 horas"])),
        ("pin", "PIN de dos horas", json!(30.0), json!(["Sin contraseña: solo el PIN"])),
    ];
    let mut products = Vec::new();
    for (order, (profile, name, price, details)) in wanted.into_iter().enumerate() {
        let row = profiles
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["name"] == profile))
            .with_context(|| format!("the simulated router has no profile {profile}: {profiles}"))?;
        let body = json!({"router_id": router_id, "perfil_mikrotik_id": row["id"], "perfil_mikrotik_nombre": profile,
            "nombre_venta": name, "precio": price, "moneda": "MXN", "detalles": details, "orden_visual": order,
            "destacado": order == 0});
        let made = http
            .post(&format!("{base}/api/v1/admin/products"), login, &body, None)
            .await?
            .good("putting a plan on sale")?;
        products.push(Product {
            id: made["id"].as_i64().with_context(|| format!("no id in {made}"))?,
            nombre_venta: name.to_owned(),
            precio: price,
            perfil_mikrotik_nombre: profile.to_owned(),
        });
    }
    Ok(products)
}

/// Logs in; gives the session's token.
///
/// # Errors
/// When the login is refused.
pub async fn login(http: &Http, base: &str, account: &Account) -> anyhow::Result<String> {
    let body = json!({"email": account.email, "password": account.password});
    let answer = http.post(&format!("{base}/api/v1/auth/login"), Login::None, &body, None).await?;
    text(&answer.good("logging in")?, "/access_token")
}

/// Random hex text of `N` bytes.
///
/// # Errors
/// When the system has no randomness.
pub fn random_hex<const N: usize>() -> anyhow::Result<String> {
    let mut bytes = [0_u8; N];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        bail!("the system has no randomness to give");
    }
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn password() -> anyhow::Result<String> {
    Ok(format!("sandbox-{}", random_hex::<6>()?))
}
