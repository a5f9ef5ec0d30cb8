//! What companies are told: messages to their endpoints and chats, over real sockets and on a clock that is moved by hand.

#[path = "outbox/chats.rs"]
mod chats;
#[path = "outbox/deliveries.rs"]
mod deliveries;
#[path = "outbox/endpoints.rs"]
mod endpoints;
#[path = "outbox/lanes.rs"]
mod lanes;
#[path = "outbox/receiver.rs"]
mod receiver;
#[path = "outbox/targets.rs"]
mod targets;

use std::time::Duration;

use pagos_control_plane::domain::event::{Event, EventKind, News};
use pagos_control_plane::domain::id::CompanyId;
use pagos_control_plane::outbox::Outbox;
use pagos_control_plane::store::{StoreError, outbox};
use serde_json::{Value, json};

use crate::world::{Tenant, World, text};

const PATH: &str = "/api/v1/admin/mi-empresa/webhooks";
/// Longest wait for deliveries that are under way.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service that may send to this machine.
async fn open_world() -> World {
    World::start_with(&[("PAGOS_WEBHOOKS__ALLOW_PRIVATE_TARGETS", "true".to_owned())]).await
}

/// Makes an endpoint; gives its id and secret.
async fn endpoint(world: &World, tenant: &Tenant, url: &str) -> (String, String) {
    let made = world.post(PATH, Some(&tenant.session), &json!({"url": url})).await.is(200, "webhook_created");
    (text(&made["webhook"]["id"]), text(&made["webhook"]["secreto"]))
}

/// Something happens that a company is told of; gives the id of the message.
async fn happen(world: &World, company: &str, fact: &str) -> String {
    let (company, now) = (CompanyId::new(company), world.app.clock.now());
    let data = json!({"id_transaccion": fact});
    let event = Event::new(EventKind::PaymentCompleted, fact, now, &data);
    let id = event.id.clone();
    let news = News { events: vec![event], alerts: Vec::new() };
    let put = world.app.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move { outbox::put(conn, &company, &news, now).await })
    });
    put.await.expect("put in");
    id
}

/// Lets everything that is due be sent.
async fn deliver(outbox: &Outbox) -> usize {
    let begun = outbox.round().await.expect("a round");
    let resting = async {
        while !outbox.rests() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, resting).await.expect("in time");
    begun
}

/// The deliveries of an endpoint, newest first.
async fn entregas(world: &World, tenant: &Tenant, id: &str) -> Vec<Value> {
    let list = world.get(&format!("{PATH}/{id}/entregas"), Some(&tenant.session)).await.good();
    list["entregas"].as_array().expect("a list").clone()
}

async fn shown(world: &World, tenant: &Tenant, id: &str) -> Value {
    world.get(&format!("{PATH}/{id}"), Some(&tenant.session)).await.good()
}
