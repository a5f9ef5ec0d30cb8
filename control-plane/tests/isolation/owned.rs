//! A tenant with one object of each kind.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::stored::{happen, run, sell};
use crate::world::{Tenant, World, text};

/// A tenant and the ids of what it has, by the names that paths and bodies give them.
pub struct Owned {
    pub tenant: Tenant,
    pub ids: BTreeMap<String, String>,
    shown: Value,
}

impl Owned {
    /// `gateway` is the address of Mercado Pago.
    pub async fn new(world: &World, gateway: &str, name: &str) -> Self {
        let tenant = world.tenant(name).await;
        let product = world.product(&tenant, json!({})).await;
        let mine = "/api/v1/admin/mi-empresa";
        let keys = json!({"conekta_private_key": "key_1", "conekta_public_key": "key_pub_1"});
        world.post(&format!("{mine}/configurar-conekta"), Some(&tenant.session), &keys).await.good();
        let account = format!("TEST-{name}");
        let keys = json!({"access_token": account, "public_key": "TEST-2"});
        world.post(&format!("{mine}/configurar-credenciales"), Some(&tenant.session), &keys).await.good();
        let operator = Some(world.operator.as_str());
        let users = format!("/admin/usuarios?empresa_id={}", tenant.company);
        let user = world.get(&users, operator).await.good()[0]["id"].to_string();
        let number = 700 + u32::from(name.as_bytes()[1]);
        let (purchase, payment) = (format!("TRX_{number:024}"), format!("9000{number}"));
        let stray = pay(world, gateway, &account).await;
        sell(world, &tenant, "mercado_pago", &purchase, &payment, number.into()).await;
        run(
            world,
            format!(
                "INSERT INTO gateway_strays (company_id, gateway, payment_id, amount_minor, currency, found_at)
                 VALUES ('{}', 'mercado_pago', '{stray}', 2000, 'MXN', 0)",
                tenant.company
            ),
        )
        .await;
        let url = json!({"url": format!("https://{}.example.org/pagos", name.to_lowercase())});
        let endpoint = world.post(&format!("{mine}/webhooks"), Some(&tenant.session), &url).await.good();
        let delivery = happen(world, &tenant.company, &purchase).await;
        let ids = [
            ("webhook_id", text(&endpoint["webhook"]["id"])),
            ("entrega_id", delivery),
            ("empresa_id", tenant.company.clone()),
            ("router_id", tenant.router.clone()),
            ("key_id", tenant.key_id.clone()),
            ("producto_id", product["id"].to_string()),
            ("usuario_id", user),
            ("id", number.to_string()),
            ("id_transaccion", purchase.clone()),
            ("external_reference", purchase),
            ("gateway", "mercado_pago".to_owned()),
            ("payment_id", stray),
        ];
        let ids = ids.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
        let shown = shown(world, &tenant).await;
        Self { tenant, ids, shown }
    }

    /// Ids of the same kinds and lengths that nobody has.
    pub fn unlike(&self) -> Self {
        let other = |id: &String| {
            let digits = id.chars().rev().map(|digit| if digit.is_ascii_digit() { '9' } else { digit });
            let mut other: String = digits.rev().collect();
            if other == *id {
                other.replace_range(0..1, "8");
            }
            other
        };
        let mut ids: BTreeMap<String, String> =
            self.ids.iter().map(|(name, id)| (name.clone(), other(id))).collect();
        ids.insert("gateway".to_owned(), self.ids["gateway"].clone());
        let tenant = Tenant {
            company: ids["empresa_id"].clone(),
            router: ids["router_id"].clone(),
            api_key: String::new(),
            key_id: ids["key_id"].clone(),
            email: String::new(),
            session: String::new(),
        };
        Self { tenant, ids, shown: Value::Null }
    }

    /// Fails when somebody changed something of it.
    pub async fn is_unchanged(&self, world: &World) {
        assert_eq!(shown(world, &self.tenant).await, self.shown);
    }
}

/// Pays into an account at the gateway, by other means than ours.
async fn pay(world: &World, gateway: &str, account: &str) -> String {
    let body = json!({"transaction_amount": 20, "token": format!("tok-{account}"), "payment_method_id": "visa",
        "installments": 1, "payer": {"email": "ana@example.org"}});
    let request = world.client.post(format!("{gateway}/v1/payments")).bearer_auth(account);
    let answer = request.header("x-idempotency-key", account).json(&body).send().await.expect("an answer");
    let payment: Value = answer.json().await.expect("JSON");
    payment["id"].as_i64().unwrap_or_else(|| panic!("no payment: {payment}")).to_string()
}

/// Everything that its admin sees.
async fn shown(world: &World, tenant: &Tenant) -> Value {
    let mut all = Vec::new();
    let mine = "/api/v1/admin/mi-empresa";
    for path in ["", "/routers", "/transacciones", "/revision", "/conekta", "/mercado-pago", "/webhooks"] {
        all.push(world.get(&format!("{mine}{path}"), Some(&tenant.session)).await.good());
    }
    let webhooks = all.last().expect("a list")["webhooks"].clone();
    let deliveries = format!("{mine}/webhooks/{}/entregas", text(&webhooks[0]["id"]));
    all.push(world.get(&deliveries, Some(&tenant.session)).await.good());
    all.push(world.get("/api/v1/admin/products", Some(&tenant.session)).await.good());
    let keys = format!("/admin/empresas/{}/routers/{}/api-keys", tenant.company, tenant.router);
    let keys = world.get(&keys, Some(&world.operator)).await.good();
    all.push(json!([keys[0]["key_id"], keys[0]["revoked"]]));
    assert_eq!(text(&keys[0]["key_id"]), tenant.key_id);
    Value::Array(all)
}
