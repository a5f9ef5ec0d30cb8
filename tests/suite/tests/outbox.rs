//! What companies are told, from outside: their endpoint and Telegram are played by a program of another language, which
//! verifies every message with the reference library of Standard Webhooks.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use pagos_suite::checkers::assert_promises;
use pagos_suite::on_both_databases;
use pagos_suite::operator::Operator;
use pagos_suite::portal::{Answer, Order, client};
use pagos_suite::programs::{python, repository};
use pagos_suite::sandbox::{Database, Sandbox, bound_to_us};
use pagos_suite::wait::until;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

const MINE: &str = "/api/v1/admin/mi-empresa";
/// Long enough for a message that is tried a second time.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// Long enough for everything that is left to do after an answer.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// Far less than the ten seconds that are waited for Telegram.
const UNNOTICED: Duration = Duration::from_secs(5);

on_both_databases!(
    a_sale_is_told_with_a_signature_that_others_verify_and_told_again_after_an_error,
    what_was_being_told_survives_a_kill_of_the_control_plane,
    a_rotated_secret_signs_beside_the_old_one_and_a_delivery_is_sent_again,
    a_telegram_that_hangs_costs_a_sale_nothing_and_the_messages_arrive_later,
);

async fn a_sale_is_told_with_a_signature_that_others_verify_and_told_again_after_an_error(
    database: Database,
) -> anyhow::Result<()> {
    let scene = Scene::start(database).await?;
    let (_, secret) = scene.endpoint().await?;
    scene.listener.tell("secrets", &json!([secret, "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=="])).await?;
    scene.listener.tell("answers", &json!([{"status": 500}])).await?;
    let answer = scene.buy("told").await?;
    let messages = scene.messages(2).await?;
    let ids: Vec<&Value> = messages.iter().map(|message| &message["id"]).collect();
    assert_eq!(ids[0], ids[1], "the second try is the same message");
    for message in &messages {
        assert_eq!(message["verified_by"], json!([true, false]), "{message}");
        assert_eq!(message["body"]["type"], "payment.completed");
        assert_eq!(message["body"]["data"]["usuario_hotspot"], answer.hotspot_user());
        assert_eq!(message["body"]["data"]["id_transaccion"], answer.body["id_transaccion"]);
    }
    let declined = scene.sandbox.portal()?.buy(&scene.order("refused").declined("refused")).await?;
    assert_eq!(declined.status, 402, "{declined:?}");
    let rejected = scene.messages(3).await?[2].clone();
    assert_eq!(
        (&rejected["body"]["type"], &rejected["verified_by"][0]),
        (&json!("payment.rejected"), &json!(true))
    );
    assert_promises(&scene.sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn what_was_being_told_survives_a_kill_of_the_control_plane(database: Database) -> anyhow::Result<()> {
    let mut scene = Scene::start(database).await?;
    let (_, secret) = scene.endpoint().await?;
    scene.listener.tell("secrets", &json!([secret])).await?;
    scene.listener.tell("answers", &json!([{"hang": true}])).await?;
    scene.buy("held").await?;
    let first = scene.messages(1).await?[0].clone();
    scene.buy("waits-behind-it").await?;
    scene.sandbox.kill_control_plane().await?;
    scene.sandbox.restart_control_plane().await?;
    let messages = scene.messages(3).await?;
    let told_again = messages[1..].iter().filter(|message| message["id"] == first["id"]).count();
    assert_eq!(told_again, 1, "{messages:?}");
    assert!(messages.iter().all(|message| message["verified_by"] == json!([true])), "{messages:?}");
    assert_promises(&scene.sandbox.settled(SETTLED_WITHIN).await?);
    Ok(())
}

async fn a_rotated_secret_signs_beside_the_old_one_and_a_delivery_is_sent_again(
    database: Database,
) -> anyhow::Result<()> {
    let scene = Scene::start(database).await?;
    let (id, old) = scene.endpoint().await?;
    let rotated = scene.admin.make(&format!("{MINE}/webhooks/{id}/rotar-secreto"), &json!({})).await?;
    let new = rotated["webhook"]["secreto"].as_str().context("a secret")?;
    scene.listener.tell("secrets", &json!([new, old])).await?;
    let tried = scene.admin.make(&format!("{MINE}/webhooks/{id}/probar"), &json!({})).await?;
    assert_eq!((&tried["entregado"], &tried["estado_http"]), (&json!(true), &json!(200)));
    scene.buy("rotated").await?;
    let message = scene.messages(2).await?[1].clone();
    assert_eq!(message["verified_by"], json!([true, true]), "{message}");
    let delivery = message["id"].as_str().context("an id")?;
    let path = format!("{MINE}/webhooks/{id}/entregas/{delivery}/reenviar");
    scene.admin.make(&path, &json!({})).await?;
    let again = scene.messages(3).await?[2].clone();
    assert_eq!(again, message);
    Ok(())
}

async fn a_telegram_that_hangs_costs_a_sale_nothing_and_the_messages_arrive_later(
    database: Database,
) -> anyhow::Result<()> {
    let scene = Scene::start(database).await?;
    let quick = scene.timed("without").await?;
    let settings =
        json!({"telegram_bot_token": "12:Ab", "telegram_chat_id": "1001", "notificaciones_telegram": true});
    scene.admin.change(MINE, &settings).await?;
    scene.admin.make("/api/v1/admin/test-telegram", &json!({})).await?;
    scene.listener.tell("answers", &json!([{"hang": true, "always": true}])).await?;
    let mut slowest = Duration::ZERO;
    for number in 0..5 {
        slowest = slowest.max(scene.timed(&format!("hanging-{number}")).await?);
    }
    assert!(slowest < quick + UNNOTICED, "{slowest:?}, and {quick:?} without Telegram");
    scene.chats(2).await?;
    let limited = json!([{"status": 429, "retry_after": 2}]);
    scene.listener.tell("answers", &limited).await?;
    let chats = scene.chats(8).await?;
    let texts: Vec<&str> = chats[1..].iter().filter_map(|chat| chat["body"]["text"].as_str()).collect();
    assert!(texts.iter().all(|text| text.starts_with("<b>Venta aprobada</b>")), "{texts:?}");
    assert!(chats.iter().all(|chat| chat["path"] == "/bot12:Ab/sendMessage"));
    until("all five are told", TOLD_WITHIN, || async {
        let users: std::collections::BTreeSet<String> = scene
            .listener
            .read("chats")
            .await?
            .iter()
            .filter_map(|chat| Some(chat["body"]["text"].as_str()?.rsplit_once("Usuario: ")?.1.to_owned()))
            .collect();
        Ok((users.len() == 5).then_some(()))
    })
    .await
}

/// A sandbox whose company can be told things.
struct Scene {
    sandbox: Sandbox,
    admin: Operator,
    listener: Listener,
}

impl Scene {
    async fn start(database: Database) -> anyhow::Result<Self> {
        let listener = Listener::start().await?;
        let variables = [
            ("PAGOS_WEBHOOKS__ALLOW_PRIVATE_TARGETS", "true"),
            ("PAGOS_TELEGRAM__URL", listener.url.as_str()),
        ];
        let sandbox = Sandbox::start_with(database, &variables).await?;
        let admin = sandbox.cliente_admin().await?;
        Ok(Self { sandbox, admin, listener })
    }

    /// Makes an endpoint at the listener; gives its id and secret.
    async fn endpoint(&self) -> anyhow::Result<(String, String)> {
        let body = json!({"url": format!("{}/pagos", self.listener.url)});
        let made = self.admin.make(&format!("{MINE}/webhooks"), &body).await?;
        let text = |name: &str| made["webhook"][name].as_str().map(str::to_owned).context("a text");
        Ok((text("id")?, text("secreto")?))
    }

    fn order(&self, name: &str) -> Order {
        Order::new(name, self.sandbox.ready.productos[0].id)
    }

    /// Buys with success.
    async fn buy(&self, name: &str) -> anyhow::Result<Answer> {
        let answer = self.sandbox.portal()?.buy(&self.order(name)).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Ok(answer)
    }

    /// How long a sale takes.
    async fn timed(&self, name: &str) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.buy(name).await?;
        Ok(started.elapsed())
    }

    /// Waits until so many messages came; gives all.
    async fn messages(&self, count: usize) -> anyhow::Result<Vec<Value>> {
        self.came("messages", count).await
    }

    /// The same for the chat.
    async fn chats(&self, count: usize) -> anyhow::Result<Vec<Value>> {
        self.came("chats", count).await
    }

    async fn came(&self, what: &str, count: usize) -> anyhow::Result<Vec<Value>> {
        until(&format!("{count} {what}"), TOLD_WITHIN, || async {
            let found = self.listener.read(what).await?;
            Ok((found.len() >= count).then_some(found))
        })
        .await
    }
}

/// The program that listens.
struct Listener {
    url: String,
    client: reqwest::Client,
    _process: Child,
}

impl Listener {
    async fn start() -> anyhow::Result<Self> {
        let mut command = bound_to_us(&python()?);
        command.arg(repository().join("tests/outside/listener.py")).stdout(Stdio::piped());
        let mut process = command.spawn().context("starting the listener")?;
        let output = process.stdout.take().context("its output")?;
        let url = BufReader::new(output).lines().next_line().await?.context("the listener ended")?;
        Ok(Self { url, client: client()?, _process: process })
    }

    async fn tell(&self, what: &str, body: &Value) -> anyhow::Result<()> {
        self.client
            .post(format!("{}/control/{what}", self.url))
            .json(body)
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    async fn read(&self, what: &str) -> anyhow::Result<Vec<Value>> {
        Ok(self.client.get(format!("{}/control/{what}", self.url)).send().await?.json().await?)
    }
}
