//! What admins do: give money back, and decide what the machine could not.

use pagos_control_plane::domain::id::CompanyId;
use pagos_control_plane::purchase::Purchases;
use pagos_control_plane::purchase::admin::refund::RefundOrder;
use pagos_control_plane::purchase::admin::review::{Case, CaseKind};
use pagos_control_plane::purchase::machine::Choice;
use pagos_control_plane::store::page::Page;

use super::bank::{Bank, Money};
use super::chance::Chance;
use super::{World, verdict};

/// Number of the admin who does it all.
const ADMIN: i64 = 1;

/// An admin looks at what waits for a person, and decides about one thing of it.
pub async fn review(world: &World, chance: &mut Chance) {
    let Some((process, purchases)) = world.cloud.purchases() else { return };
    let asked = purchases.clone();
    let waiting = world.stage.as_part_of(process, async move { asked.review(None, Page::default()).await });
    let Some(Ok((_, cases))) = waiting.await else { return };
    let open: Vec<(&Case, Vec<Choice>)> = cases
        .iter()
        .map(|case| (case, sensible(case, &world.bank)))
        .filter(|(_, choices)| !choices.is_empty())
        .collect();
    if open.is_empty() {
        return;
    }
    let (case, choices) = &open[usize::try_from(chance.below(open.len() as u64)).unwrap_or_default()];
    let choice = chance.of(choices);
    let about = format!("{:?} of {}", case.kind, case.company);
    let (company, kind) = (CompanyId::new(&case.company), case.kind.clone());
    let decided =
        world.stage.as_part_of(process, async move { decide(&purchases, &company, kind, choice).await });
    world.stage.note("admin", &format!("about {about}: {}", choice.as_str()));
    let heard = decided.await;
    world.stage.note("admin", &format!("hears {heard:?}"));
}

/// The choices that fit what the bank's books say.
fn sensible(case: &Case, bank: &Bank) -> Vec<Choice> {
    let money = match &case.kind {
        CaseKind::Purchase { purchase, .. } => bank.money_of(purchase),
        CaseKind::StrayPayment { .. } | CaseKind::UnknownReservation { .. } | CaseKind::Endpoint { .. } => {
            Money::None
        }
    };
    let fits = |choice: &Choice| match choice {
        Choice::Deliver => money == Money::Moved,
        Choice::Close => money == Money::None,
        Choice::Refund | Choice::Retry | Choice::Acknowledge => true,
    };
    case.choices.iter().copied().filter(fits).collect()
}

async fn decide(
    purchases: &Purchases,
    company: &CompanyId,
    kind: CaseKind,
    choice: Choice,
) -> Result<(), String> {
    let decided = match kind {
        CaseKind::Purchase { transaction, .. } => {
            purchases.resolve(company, transaction, choice, ADMIN).await
        }
        CaseKind::StrayPayment { gateway, payment, .. } => {
            purchases.acknowledge_stray(company, &gateway, &payment, ADMIN).await
        }
        CaseKind::UnknownReservation { .. } | CaseKind::Endpoint { .. } => Ok(()),
    };
    decided.map_err(|error| error.to_string())
}

/// An admin gives money back for a purchase that was paid, delivered or not.
pub async fn refund(world: &World, chance: &mut Chance) {
    let Some((process, purchases)) = world.cloud.purchases() else { return };
    let all = verdict::purchases(world).unwrap_or_default();
    let waiting: Vec<_> = all.iter().filter(|it| it.phase == "paid").collect();
    let delivered: Vec<_> = all.iter().filter(|it| it.phase == "completed").collect();
    let paid = if waiting.is_empty() || chance.percent(50) { delivered } else { waiting };
    if paid.is_empty() {
        return;
    }
    let chosen = paid[usize::try_from(chance.below(paid.len() as u64)).unwrap_or_default()];
    let cents = chance.between(100, 1_500);
    let order = RefundOrder {
        amount: chance.percent(30).then(|| format!("{}.{:02}", cents / 100, cents % 100)),
        note: None,
        key: Some(format!("refund-{}-{}", chosen.id, chance.below(2))),
        by: ADMIN,
    };
    let what = order.amount.as_deref().unwrap_or("all");
    world.stage.note("admin", &format!("gives back {what} of {}, {}", chosen.id, chosen.phase));
    let (company, transaction) = (CompanyId::new(&chosen.company), chosen.transaction);
    let refunded = world.stage.as_part_of(process, async move {
        let refunded = purchases.refund(&company, transaction, order).await;
        refunded.map(|(_, refund)| refund).map_err(|error| error.to_string())
    });
    let heard = refunded.await;
    world.stage.note("admin", &format!("hears {heard:?}"));
}
