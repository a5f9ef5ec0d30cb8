//! Buyers of a world, and the news that gateways send.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pagos_control_plane::domain::id::{ApiKeyId, CompanyId, PurchaseId, RouterId};
use pagos_control_plane::gateway::GatewayName;
use pagos_control_plane::purchase::intake::{Admitted, Request};
use pagos_control_plane::purchase::machine::Message;
use pagos_control_plane::purchase::reply::ReplyKind;
use pagos_control_plane::purchase::state::{CardChoice, Device, UserType};
use pagos_control_plane::seams;
use tokio::sync::mpsc;

use super::bank::News;
use super::chance::Chance;
use super::cloud::Cloud;
use super::sites::Place;
use super::stage::{OUTSIDE, Stage};
use super::template;

/// Most tries of a buyer to get an answer.
const TRIES_MAX: u32 = 8;

/// What buyers were told, by purchase: whether any of them was told that it is sold.
pub type Told = Arc<Mutex<BTreeMap<String, bool>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One who buys.
#[derive(Clone)]
pub struct Buyer {
    number: u64,
    company: String,
    router: String,
    product: i64,
    gateway: GatewayName,
    token: String,
    user_type: UserType,
    device: Device,
    key: Option<String>,
}

impl Buyer {
    /// Draws a buyer at one of the places.
    pub fn draw(number: u64, places: &[Place], chance: &mut Chance) -> Self {
        let place = &places[usize::try_from(chance.below(places.len() as u64)).unwrap_or_default()];
        let router = usize::try_from(chance.below(place.routers() as u64)).unwrap_or_default();
        let gateway = chance.of(&GatewayName::ALL);
        let fate = chance.of(match gateway {
            GatewayName::Conekta => {
                &["pay", "pay", "pay", "pay", "decline", "action_pay", "action_leave"][..]
            }
            GatewayName::MercadoPago => {
                &["pay", "pay", "pay", "pay", "decline", "review_pay", "review_decline"][..]
            }
        });
        let mac = format!("02:00:00:00:{:02X}:{:02X}", number >> 8, number & 0xff);
        let byte = |value: u64| u8::try_from(value & 0xff).unwrap_or_default();
        let ip = Ipv4Addr::new(10, 5, byte(number >> 8), byte(number));
        let auto_connect = chance.percent(40);
        if auto_connect || chance.percent(50) {
            place.device(router, &mac, ip);
        }
        Self {
            number,
            company: template::company_of(place.site),
            router: template::router(place.site, router),
            product: template::product(place.site, router),
            gateway,
            token: format!("tok_{number}_{fate}"),
            user_type: if chance.percent(70) { UserType::Password } else { UserType::Pin },
            device: Device {
                mac: (auto_connect || chance.percent(50)).then_some(mac),
                ip: Some(ip.to_string()),
                auto_connect,
            },
            key: chance.percent(50).then(|| format!("key-{number}")),
        }
    }

    fn request(&self) -> Request {
        Request {
            company: CompanyId::new(&self.company),
            router: RouterId::new(&self.router),
            api_key: ApiKeyId::new("key_1"),
            product_id: self.product,
            gateway: self.gateway,
            amount: None,
            card: CardChoice::default(),
            token: self.token.clone(),
            name: "Ana Ruiz".into(),
            email: format!("ana{}@example.org", self.number),
            phone: None,
            user_type: self.user_type,
            device: self.device.clone(),
            idempotency_key: self.key.clone(),
            received: seams::instant(),
        }
    }

    /// Buys: asks until there is an answer, as impatient people do.
    pub async fn buy(self, stage: Stage, cloud: Cloud, told: Told, mut chance: Chance) {
        let who = format!("buyer{}", self.number);
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(chance.between(300, 20_000))).await;
                stage.count(|totals| totals.duplicates += 1);
            }
            let Some((process, purchases)) = cloud.purchases() else { continue };
            let (this, router) = (self.clone(), RouterId::new(&self.router));
            let asked = stage.as_part_of(process, async move {
                let id = match purchases.admit(this.request()).await {
                    Ok(Admitted::Purchase(id) | Admitted::Undecided(id)) => id,
                    Ok(Admitted::Awaited) => return Err("another purchase of the device is undecided".into()),
                    Err(error) => return Err(error.to_string()),
                };
                let reply = purchases.answer(&router, &id).await;
                let kind = match reply {
                    Ok(Some(reply)) => reply.kind,
                    Ok(None) => return Err("it is not there".to_owned()),
                    Err(error) => return Err(error.to_string()),
                };
                Ok((id, kind))
            });
            match asked.await {
                None => stage.note(&who, "gets no answer"),
                Some(Err(error)) => stage.note(&who, &format!("is refused: {error}")),
                Some(Ok((id, kind))) => {
                    stage.note(&who, &format!("hears of {id}: {}", word(&kind)));
                    let sold = matches!(kind, ReplyKind::Sold(_));
                    *lock(&told).entry(id.to_string()).or_default() |= sold;
                    match kind {
                        ReplyKind::Sold(_) => return,
                        ReplyKind::Ended(_) if chance.percent(80) => return,
                        ReplyKind::Pending { .. } if chance.percent(50) => {
                            return self.look(&stage, &cloud, &id, &mut chance).await;
                        }
                        ReplyKind::Ended(_) | ReplyKind::Pending { .. } => {}
                    }
                }
            }
        }
    }

    /// Looks at the status page a few times.
    async fn look(&self, stage: &Stage, cloud: &Cloud, id: &PurchaseId, chance: &mut Chance) {
        for _ in 0..chance.between(1, 6) {
            tokio::time::sleep(Duration::from_millis(chance.between(1_000, 8_000))).await;
            let Some((process, purchases)) = cloud.purchases() else { continue };
            let (router, id) = (RouterId::new(&self.router), id.clone());
            let looked =
                stage.as_part_of(process, async move { purchases.status(&router, &id).await.is_ok() });
            looked.await;
        }
    }
}

fn word(kind: &ReplyKind) -> String {
    match kind {
        ReplyKind::Sold(_) => "sold".into(),
        ReplyKind::Pending { code, .. } => format!("pending {}", code.as_str()),
        ReplyKind::Ended(failure) => format!("ended {}", failure.code.as_str()),
    }
}

/// Brings the gateways' news: late, twice, or never.
pub async fn bring_news(
    stage: Stage,
    cloud: Cloud,
    mut news: mpsc::UnboundedReceiver<News>,
    mut chance: Chance,
) {
    while let Some(item) = news.recv().await {
        if chance.percent(10) {
            continue;
        }
        let times = if chance.percent(20) { 2 } else { 1 };
        if times == 2 {
            stage.count(|totals| totals.duplicates += 1);
        }
        for _ in 0..times {
            let (stage, cloud, item) = (stage.clone(), cloud.clone(), item.clone());
            let late =
                if chance.percent(20) { chance.between(1_000, 90_000) } else { chance.between(20, 800) };
            drop(stage.clone().begin(OUTSIDE, async move {
                tokio::time::sleep(Duration::from_millis(late)).await;
                let Some((process, purchases)) = cloud.purchases() else { return };
                let hinted = stage.as_part_of(process, async move {
                    let news = Message::Hint { payment: Some(item.payment) };
                    purchases.tell(&item.company, &item.purchase, news).await.is_ok()
                });
                hinted.await;
            }));
        }
    }
}
