//! A company that sells for real: gateways that the simulator plays, and an agent that does at once what it is told.

use std::time::Duration;

use pagos_control_plane::domain::id::{CompanyId, PurchaseId};
use pagos_control_plane::domain::time::Timestamp;
use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::state::Purchase;
use pagos_control_plane::store::{Conn, StoreError, credentials, purchases, runners};
use pagos_control_plane::vault::Context;
use pagos_protocol::enrolment::Token;
use pagos_protocol::{Action, Command, Done, Outcome};
use pagos_simulator::Simulator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::a_box::{enroll, join};
use crate::world::{Answer, Tenant, World, text};

const MINE: &str = "/api/v1/admin/mi-empresa";
/// Longest wait for something that goes on behind an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long another process says that it lives, in milliseconds.
const LEASE_MS: i64 = 60_000;

pub struct Shop {
    pub world: World,
    pub simulator: Simulator,
    pub tenant: Tenant,
    pub product: i64,
}

/// A purchase that was made.
pub struct Sold {
    /// Our id.
    pub purchase: String,
    /// Number of its transaction.
    pub transaction: i64,
    /// Its id at the gateway.
    pub payment: String,
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// As [`Shop::open`], with more set in the environment.
    pub async fn open_with(more: &[(&str, String)]) -> Self {
        let simulator = Simulator::start(pagos_simulator::Config::default()).await.expect("simulator");
        let ready = simulator.ready();
        let mut environment = vec![
            ("PAGOS_CONEKTA__URL", ready.conekta_url.clone()),
            ("PAGOS_MERCADO_PAGO__URL", ready.mercado_pago_url.clone()),
        ];
        environment.extend(more.iter().cloned());
        let world = World::start_with(&environment).await;
        world.let_time_pass();
        world.app.purchases.register().await.expect("registered");
        let tenant = world.tenant("Parque").await;
        let keys = json!({"conekta_public_key": "key_pub_1", "conekta_private_key": "key_priv_1"});
        world.post(&format!("{MINE}/configurar-conekta"), Some(&tenant.session), &keys).await.good();
        let product = world.product(&tenant, json!({})).await["id"].as_i64().expect("an id");
        let shop = Self { world, simulator, tenant, product };
        shop.store_token("TEST-1").await;
        shop.join_agent().await;
        shop
    }

    async fn join_agent(&self) {
        let Tenant { company, router, .. } = &self.tenant;
        let path = format!("/admin/empresas/{company}/routers/{router}/enrolamiento");
        let enrolment = self.world.post(&path, Some(&self.world.operator), &json!({})).await.good();
        let token = Token::decode(&text(&enrolment["token"])).expect("token");
        let enrolled = enroll(&self.world, &token).await.expect("enrolled");
        let (link, _) = join(&self.world, &enrolled).await;
        tokio::spawn(link.obey(obey));
    }

    /// Stores a new access token of Mercado Pago.
    pub async fn store_token(&self, token: &str) {
        let company = CompanyId::new(&self.tenant.company);
        let context = Context { tenant: company.as_str(), field: credentials::MERCADO_PAGO_ACCESS_TOKEN };
        let sealed = self.world.app.vault.seal(&context, token);
        let now = self.world.app.clock.now();
        let stored = self.world.app.store.write::<_, StoreError, _>(move |conn| {
            Box::pin(async move {
                credentials::add(conn, &company, credentials::MERCADO_PAGO, &sealed, now).await.map(|_| ())
            })
        });
        stored.await.expect("stored");
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.world.get(&format!("{MINE}{path}"), Some(&self.tenant.session)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.world.post(&format!("{MINE}{path}"), Some(&self.tenant.session), body).await
    }

    /// Buys and waits until nothing is left to do.
    pub async fn sell(&self, gateway: GatewayName) -> Sold {
        let (path, body) = self.order(gateway);
        let answer = self.world.post(path, Some(&self.tenant.api_key), &body).await.good();
        let sold = self.sold(&answer).await;
        self.settled(&sold).await;
        sold
    }

    /// Buys what comes to no end by itself.
    pub async fn try_to_sell(&self, gateway: GatewayName) -> Sold {
        let (path, body) = self.order(gateway);
        let answer = self.world.post(path, Some(&self.tenant.api_key), &body).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        self.sold(&answer.json()).await
    }

    fn order(&self, gateway: GatewayName) -> (&'static str, Value) {
        let number = self.world.app.random.uuid(self.world.app.clock.now());
        let mut body = json!({"producto_id": self.product, "nombre_cliente": "Ana Ruiz",
            "email_cliente": format!("ana-{number}@example.org"), "telefono_cliente": "5512345678"});
        match gateway {
            GatewayName::Conekta => {
                body["token_tarjeta"] = json!(format!("tok_{}", number.replace('-', "")));
                ("/api/v1/payments/pagar-conekta", body)
            }
            GatewayName::MercadoPago => {
                body["token"] = json!(format!("tok-APRO-{number}"));
                body["monto"] = json!(20);
                body["payment_method_id"] = json!("visa");
                ("/api/v1/payments/pagar-mercado-pago", body)
            }
        }
    }

    async fn sold(&self, answer: &Value) -> Sold {
        let url = text(&answer["estado_url"]);
        let purchase = url.rsplit('/').next().expect("an id").to_owned();
        let state = self.state(&purchase).await;
        let list = self.get("/transacciones?limit=1000").await.good();
        let rows = list["transacciones"].as_array().expect("a list").clone();
        for row in rows {
            let id = row["id"].as_i64().expect("a number");
            let shown = self.get(&format!("/transacciones/{id}")).await.good();
            if shown["compra_id"] == purchase.as_str() {
                let payment = state.payment.expect("a payment").id;
                return Sold { purchase, transaction: id, payment };
            }
        }
        panic!("no transaction of {purchase}");
    }

    /// The state on disk.
    pub async fn state(&self, purchase: &str) -> Purchase {
        serde_json::from_str(&self.row(purchase).await.state).expect("a state")
    }

    async fn row(&self, purchase: &str) -> purchases::Row {
        let (company, id) = (CompanyId::new(&self.tenant.company), PurchaseId::new(purchase));
        let mut reader = self.world.app.store.reader().await.expect("reader");
        purchases::find_of_company(&mut reader.conn(), &company, &id).await.expect("read").expect("a row")
    }

    /// Waits until nothing is left to do about a purchase.
    pub async fn settled(&self, sold: &Sold) -> Purchase {
        self.until(sold, |purchase| !purchase.is_open()).await
    }

    /// Waits until the state on disk is as wanted.
    pub async fn until(&self, sold: &Sold, wanted: impl Fn(&Purchase) -> bool) -> Purchase {
        let waiting = async {
            loop {
                let purchase = self.state(&sold.purchase).await;
                if wanted(&purchase) {
                    return purchase;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("in time")
    }

    /// Makes another state of a settled purchase, as if it had come that way.
    pub async fn rework(&self, sold: &Sold, change: impl FnOnce(&mut Purchase)) {
        const SQL: &str = "UPDATE purchases SET state = $2, phase = $3, open = $4, attention = $5,
            attention_since = created_at, version = version + 1 WHERE id = $1";
        let mut purchase = self.settled(sold).await;
        // Its task may still be leaving.
        tokio::time::sleep(Duration::from_millis(50)).await;
        change(&mut purchase);
        let (state, phase) = (serde_json::to_string(&purchase).expect("json"), purchase.phase.as_str());
        let (open, attention) = (purchase.is_open(), purchase.needs_person());
        let id = sold.purchase.clone();
        let done = self.world.app.store.write(move |conn| {
            Box::pin(async move {
                macro_rules! run {
                    ($conn:expr) => {
                        sqlx::query(SQL)
                            .bind(id)
                            .bind(state)
                            .bind(phase)
                            .bind(open)
                            .bind(attention)
                            .execute(&mut **$conn)
                            .await
                            .map(|_| ())
                    };
                }
                match conn {
                    Conn::Sqlite(conn) => run!(conn),
                    Conn::Postgres(conn) => run!(conn),
                }
                .map_err(StoreError::from)
            })
        });
        done.await.expect("reworked");
    }

    /// Gives a settled purchase to another process, which lives and has something left to do about it.
    pub async fn run_elsewhere(&self, sold: &Sold) {
        const SQL: &str =
            "UPDATE purchases SET open = TRUE, runner = 'elsewhere', version = version + 1 WHERE id = $1";
        self.settled(sold).await;
        let (id, now) = (sold.purchase.clone(), self.world.app.clock.now());
        let done = self.world.app.store.write(move |conn| {
            Box::pin(async move {
                runners::renew(conn, "elsewhere", "another node", Timestamp(now.0 + LEASE_MS)).await?;
                alter(conn, SQL, id).await
            })
        });
        done.await.expect("given away");
    }

    /// Makes the state of a settled purchase unreadable, as one that its process left with something to do.
    pub async fn damage(&self, sold: &Sold) {
        const SQL: &str =
            "UPDATE purchases SET state = '{}', open = TRUE, runner = 'gone', version = version + 1
            WHERE id = $1";
        self.settled(sold).await;
        // Its task may still be leaving.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let id = sold.purchase.clone();
        let done =
            self.world.app.store.write(move |conn| Box::pin(async move { alter(conn, SQL, id).await }));
        done.await.expect("damaged");
    }

    /// Lets something go wrong at a gateway.
    pub async fn fault(&self, fault: Value) {
        let url = format!("{}/faults", self.simulator.ready().control_url);
        let answer = self.world.client.post(url).json(&fault).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 201, "{}", answer.text().await.expect("text"));
    }

    /// How many refunds moved money at both gateways, in minor units each.
    pub fn refunds(&self) -> Vec<i64> {
        let control = self.simulator.control();
        let ledgers = [json!(control.conekta.ledger()), json!(control.mercado_pago.ledger())];
        let entries = ledgers.iter().flat_map(|ledger| ledger.as_array().expect("a list"));
        let refunds = entries.filter(|entry| entry["kind"] == "refund");
        refunds.map(|entry| entry["amount"].as_i64().expect("an amount")).collect()
    }

    /// Asks for a refund under a key.
    pub async fn refund_with_key(&self, sold: &Sold, key: &str, body: &Value) -> Answer {
        let path = format!("{MINE}/transacciones/{}/reembolso", sold.transaction);
        let (session, body) = (Some(self.tenant.session.as_str()), Some(body.to_string()));
        self.world.send(Method::POST, &path, session, body, &[("idempotency-key", key)]).await
    }

    pub async fn refund(&self, sold: &Sold, body: &Value) -> Answer {
        self.post(&format!("/transacciones/{}/reembolso", sold.transaction), body).await
    }
}

fn obey(command: &Command) -> Outcome {
    match command.action {
        Action::Reserve(_) => Outcome::done(Done::Reserved),
        Action::Confirm(_) => Outcome::done(Done::Confirmed),
        Action::Release(_) => Outcome::done(Done::Released),
        Action::Revoke(_) => Outcome::done(Done::Revoked),
        Action::Probe => {
            Outcome::done(Done::Probed { identity: "kiosco".into(), version: "7.20.8".into(), profiles: 1 })
        }
        _ => crate::hotspot::answer(command),
    }
}

/// Runs a statement about one purchase.
async fn alter(conn: &mut Conn<'_>, sql: &'static str, id: String) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => sqlx::query(sql).bind(id).execute(&mut **conn).await.map(|_| ()),
        Conn::Postgres(conn) => sqlx::query(sql).bind(id).execute(&mut **conn).await.map(|_| ()),
    }
    .map_err(StoreError::from)
}
