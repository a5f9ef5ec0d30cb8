//! Buyers. What banks and admins do with their payments afterwards is in [`super::afterwards`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::{JoinHandle, spawn_local};

use super::afterwards;
use super::chance::Chance;
use super::reach::Reach;
use super::tally;
use super::world::{SITES, Stall, World};
use crate::portal::{Answer, Order, card_that};
use crate::simulator::gateways::Gateway;

/// Buyers at the same time.
const BUYERS: usize = 16;
/// Admins who give money back at the same time.
const ADMINS: usize = 3;
/// How often a buyer sends the same purchase until it is given up.
const TRIES_MAX: u32 = 4;
/// Pause between two purchases of a buyer, in milliseconds.
const PAUSE_MS: (u64, u64) = (200, 1_500);
/// Pause before a buyer sends the same again, in milliseconds.
const AGAIN_MS: (u64, u64) = (200, 2_000);
/// Pause of a buyer while no site answers.
const CLOSED: Duration = Duration::from_millis(100);

/// Everybody outside who acts.
#[derive(Debug)]
pub struct Load {
    stop: Rc<Cell<bool>>,
    people: Vec<JoinHandle<()>>,
}

/// What all of them share.
#[derive(Debug, Clone)]
pub struct Street {
    /// Set when everybody shall go home.
    pub stop: Rc<Cell<bool>>,
    /// Decides.
    pub chance: Rc<RefCell<Chance>>,
    /// Takes note.
    pub tally: tally::Shared,
    number: Rc<Cell<u32>>,
    reach: Reach,
}

impl Load {
    /// Starts buying.
    ///
    /// # Errors
    /// When no HTTP client can be made, or the company's operator cannot log in.
    pub async fn start(
        world: &World,
        chance: Rc<RefCell<Chance>>,
        tally: tally::Shared,
    ) -> anyhow::Result<Self> {
        let (stop, reach) = (Rc::new(Cell::new(false)), Reach::all(SITES));
        let street =
            Street { stop: Rc::clone(&stop), chance, tally, number: Rc::default(), reach: reach.clone() };
        let operator = world.sandbox.cliente_admin().await?;
        let stalls = Rc::new(world.stalls()?);
        let mut people = Vec::new();
        for (site, router) in world.routers().into_iter().enumerate() {
            let watch = reach.clone().watch(site, router, operator.clone(), Rc::clone(&stop));
            people.push(spawn_local(watch));
        }
        for _ in 0..BUYERS {
            people.push(spawn_local(shop(street.clone(), Rc::clone(&stalls))));
        }
        people.push(spawn_local(afterwards::bank(street.clone(), world.sandbox.simulator()?)));
        for admin in 0..ADMINS {
            people.push(spawn_local(afterwards::refunds(street.clone(), operator.clone(), admin)));
        }
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

/// Buys again and again, where it is open.
async fn shop(street: Street, stalls: Rc<Vec<Stall>>) {
    while !street.stop.get() {
        let Some(site) = street.reach.pick(&street.chance) else {
            tokio::time::sleep(CLOSED).await;
            continue;
        };
        let stall = &stalls[site];
        let (order, pause) = {
            let mut chance = street.chance.borrow_mut();
            let number = street.number.replace(street.number.get() + 1);
            (draw(&mut chance, number, stall.product), chance.pause(PAUSE_MS))
        };
        buy(&street, stall, &order).await;
        tokio::time::sleep(pause).await;
    }
}

/// Sends a purchase as an impatient browser would: again when the connection broke or the server had no answer.
async fn buy(street: &Street, stall: &Stall, order: &Order) {
    for _ in 0..TRIES_MAX {
        street.tally.borrow_mut().requests += 1;
        let answered = stall.portal.buy(order).await;
        if let Ok(answer) = &answered
            && answer.status == 200
        {
            let shown = (stall.router_id.clone(), answer.hotspot_user().to_owned());
            street.tally.borrow_mut().told_paid.push(shown);
        }
        let (again, pause) = {
            let mut chance = street.chance.borrow_mut();
            (is_unsettled(answered.as_ref().ok()) && chance.percent(70), chance.pause(AGAIN_MS))
        };
        if !again || street.stop.get() {
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
