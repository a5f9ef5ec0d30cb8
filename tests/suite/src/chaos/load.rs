//! Buyers, and what banks and shops do with their payments afterwards.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::task::{JoinHandle, spawn_local};

use super::Counts;
use super::chance::Chance;
use super::world::{World, reviewed};
use crate::portal::{Answer, Order, Portal, card_that};
use crate::simulator::Simulator;
use crate::simulator::gateways::{Gateway, Happening};

/// Buyers at the same time at each site.
const BUYERS: usize = 2;
/// How often a buyer sends the same purchase until it is given up.
const TRIES_MAX: u32 = 4;
/// How often banks and shops look.
const BANK_INTERVAL: Duration = Duration::from_millis(700);

/// Everybody outside who acts.
#[derive(Debug)]
pub struct Load {
    stop: Rc<Cell<bool>>,
    people: Vec<JoinHandle<()>>,
}

/// What all of them share.
#[derive(Clone)]
struct Shared {
    stop: Rc<Cell<bool>>,
    chance: Rc<RefCell<Chance>>,
    counts: Rc<RefCell<Counts>>,
    number: Rc<Cell<u32>>,
}

impl Load {
    /// Starts buying.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn start(
        world: &World,
        chance: Rc<RefCell<Chance>>,
        counts: Rc<RefCell<Counts>>,
    ) -> anyhow::Result<Self> {
        let stop = Rc::new(Cell::new(false));
        let shared = Shared { stop: Rc::clone(&stop), chance, counts, number: Rc::default() };
        let mut people = Vec::new();
        for (portal, product) in world.portals()? {
            for _ in 0..BUYERS {
                people.push(spawn_local(shop(shared.clone(), portal.clone(), product)));
            }
        }
        let [gateways, _] = world.simulators()?;
        people.push(spawn_local(bank(shared, gateways)));
        Ok(Self { stop, people })
    }

    /// Lets everybody finish what they are doing.
    ///
    /// # Errors
    /// When somebody had to give up before.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.set(true);
        for person in self.people {
            person.await.context("a buyer or a bank gave up")?;
        }
        Ok(())
    }
}

/// Buys again and again.
async fn shop(shared: Shared, portal: Portal, product: i64) {
    while !shared.stop.get() {
        let (order, pause) = {
            let mut chance = shared.chance.borrow_mut();
            let number = shared.number.replace(shared.number.get() + 1);
            (draw(&mut chance, number, product), chance.pause(50, 600))
        };
        buy(&shared, &portal, &order).await;
        tokio::time::sleep(pause).await;
    }
}

/// Sends a purchase as an impatient browser would: again when the connection broke or the server had no answer.
async fn buy(shared: &Shared, portal: &Portal, order: &Order) {
    for _ in 0..TRIES_MAX {
        shared.counts.borrow_mut().requests += 1;
        let answered = portal.buy(order).await;
        let (again, pause) = {
            let mut chance = shared.chance.borrow_mut();
            (is_unsettled(answered.as_ref().ok()) && chance.percent(70), chance.pause(200, 2_000))
        };
        if !again || shared.stop.get() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

fn is_unsettled(answer: Option<&Answer>) -> bool {
    answer.is_none_or(|answer| matches!(answer.status, 202 | 429 | 500..))
}

fn draw(chance: &mut Chance, number: u32, product: i64) -> Order {
    let gateway = chance.pick(&[Gateway::Conekta, Gateway::MercadoPago]);
    let name = format!("chaos{number}");
    let order = Order::at(gateway, &name, product).with("email_cliente", format!("{name}@example.org"));
    let order = match (chance.below(100), gateway) {
        (0..15, _) => order.declined(&name),
        (15..25, Gateway::Conekta) => order.with_card(&format!("tok_review_{name}")),
        (25..35, Gateway::MercadoPago) => order.with_card(&card_that("DUPL", &name)),
        (_, Gateway::Conekta) => order.with_card(&format!("tok_{name}")),
        (_, Gateway::MercadoPago) => order,
    };
    if chance.percent(15) { order.with("tipo_usuario", "pin") } else { order }
}

/// Ends reviews, and gives some of the money back at the gateway.
async fn bank(shared: Shared, gateways: Simulator) {
    while !shared.stop.get() {
        tokio::time::sleep(BANK_INTERVAL).await;
        let Ok(state) = gateways.state().await else { continue };
        for order in reviewed(&state) {
            let what = if shared.chance.borrow_mut().percent(80) { Happening::Pay } else { Happening::Fail };
            // It may have been closed meanwhile.
            let _ = gateways.happen(Gateway::Conekta, &order, what).await;
        }
        let refund = shared.chance.borrow_mut().percent(20);
        let chosen = if refund { paid(&state, &mut shared.chance.borrow_mut()) } else { None };
        if let Some((gateway, id)) = chosen {
            let amount = shared.chance.borrow_mut().percent(30).then_some(500);
            if gateways.happen(gateway, &id, Happening::Refund(amount)).await.is_ok() {
                shared.counts.borrow_mut().refunds += 1;
            }
        }
    }
}

/// One of the payments that are paid.
fn paid(state: &Value, chance: &mut Chance) -> Option<(Gateway, String)> {
    let rows = |pointer: &str| state.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let orders = rows("/conekta/orders").filter(|order| order["payment_status"] == "paid");
    let payments = rows("/mercado_pago/payments").filter(|payment| payment["status"] == "approved");
    let all: Vec<(Gateway, &Value)> = orders
        .map(|order| (Gateway::Conekta, &order["id"]))
        .chain(payments.map(|payment| (Gateway::MercadoPago, &payment["id"])))
        .collect();
    if all.is_empty() {
        return None;
    }
    let (gateway, id) = chance.pick(&all);
    Some((gateway, id.as_str().map_or_else(|| id.to_string(), str::to_owned)))
}
