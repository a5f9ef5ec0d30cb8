//! What must hold in every state. A breach is named, so that a mutant can be told by it.

use super::super::{Effect, is_usable};
use super::TIMING;
use super::explorer::Path;
use super::truth::Fate;
use crate::purchase::machine::due::RESENDS_MAX;
use crate::purchase::state::{Phase, Purchase, Refund, RefundState, UserType};

/// A broken rule.
pub(super) type Breach = &'static str;

/// Judges one state and the effect that is due in it.
pub(super) fn judge(path: &Path, effect: Effect) -> Result<(), Breach> {
    charge(path, effect)?;
    token(path)?;
    removal(path, effect)?;
    newer(path, effect)?;
    shown(path)?;
    refunds(path)?;
    delivery(path)?;
    flags(&path.purchase, effect)?;
    if effect == Effect::End { end(path) } else { Ok(()) }
}

fn hold(rule: bool, breach: Breach) -> Result<(), Breach> {
    if rule { Ok(()) } else { Err(breach) }
}

/// P1 and P3.
fn charge(path: &Path, effect: Effect) -> Result<(), Breach> {
    let (purchase, truth) = (&path.purchase, &path.truth);
    if effect != Effect::Charge {
        return Ok(());
    }
    hold(truth.holds(purchase) || truth.meddled, "P1: a charge before the router has confirmed the user")?;
    hold(purchase.reserved_at.is_some(), "P1: a charge that no reservation stands for")?;
    hold(purchase.paid_at.is_none(), "P3: a charge of a paid purchase")?;
    hold(purchase.charge.is_some(), "P3: a charge that is not stored")?;
    hold(path.stored.charge.is_some(), "P3: a charge that is not on disk")?;
    if truth.sent == 0 {
        return Ok(());
    }
    hold(purchase.terms.gateway.repeats_by_key(), "P3: a second charge")?;
    let refused = purchase.charge.as_ref().is_some_and(|charge| charge.refusal.is_some());
    hold(purchase.phase == Phase::Unknown && !refused, "P3: a charge sent again after its end")?;
    let age = purchase.charge.as_ref().map_or(0, |charge| path.now.since(charge.started_at));
    hold(age < TIMING.key_life_ms, "P3: a charge sent again under a forgotten key")
}

/// The bytes of the charge hold the card token: they are kept only while they may be sent.
fn token(path: &Path) -> Result<(), Breach> {
    let purchase = &path.purchase;
    if purchase.charge_sealed.is_none() {
        return Ok(());
    }
    let may_be_sent = match purchase.phase {
        Phase::Requested | Phase::Reserved | Phase::ChargeSent => true,
        Phase::Unknown => {
            purchase.terms.gateway.repeats_by_key()
                && purchase.payment.is_none()
                && purchase.charge.as_ref().is_some_and(|charge| {
                    let young = path.now.since(charge.started_at) < TIMING.key_life_ms;
                    charge.refusal.is_none() && charge.resends < RESENDS_MAX && young
                })
        }
        Phase::Verifying
        | Phase::ActionRequired
        | Phase::PendingAsync
        | Phase::Paid
        | Phase::Declined
        | Phase::Refunding
        | Phase::Completed
        | Phase::RolledBack
        | Phase::Failed
        | Phase::Reversed
        | Phase::Mismatch
        | Phase::Stuck => false,
    };
    hold(may_be_sent, "the card token is kept although the charge cannot be sent any more")
}

/// What the agent called old is not told again as it was.
fn newer(path: &Path, effect: Effect) -> Result<(), Breach> {
    let told = matches!(effect, Effect::Confirm | Effect::Remake | Effect::Release | Effect::Revoke);
    let outdated = path.truth.outdated.is_some_and(|version| path.purchase.command_version <= version);
    hold(!told || !outdated, "P4: told again what the agent calls old")
}

/// Who paid keeps the user, unless the money goes back.
fn removal(path: &Path, effect: Effect) -> Result<(), Breach> {
    let (purchase, truth) = (&path.purchase, &path.truth);
    if !matches!(effect, Effect::Release | Effect::Revoke) || !truth.money_stands() {
        return Ok(());
    }
    let goes_back = purchase.phase == Phase::Refunding
        && purchase.refunds.iter().any(|refund| refund.state.is_under_way());
    // The money came after the gateway's word that none would, or is not known yet and the user was kept long enough.
    let not_known = purchase.paid_at.is_none()
        && (truth.unheard || truth.person_closes || purchase.phase == Phase::PendingAsync);
    let not_known = not_known || (purchase.paid_at.is_none() && purchase.undo.is_some());
    hold(goes_back || not_known, "P4: a paid user is removed and the money stays")
}

/// P2: nobody is shown a user who did not pay, and who is shown one can use it.
fn shown(path: &Path) -> Result<(), Breach> {
    let (purchase, truth) = (&path.purchase, &path.truth);
    if !is_usable(purchase) {
        return Ok(());
    }
    hold(purchase.paid_at.is_some(), "P2: access is shown before the payment is recorded")?;
    hold(truth.ever_money || truth.person_delivers.is_some(), "P2: access is shown and no money has moved")?;
    hold(truth.holds(purchase) || truth.meddled, "P4: a user is shown that is not on the router")?;
    let opens = truth.user.is_some_and(|standing| standing.enabled) || truth.meddled;
    hold(opens || truth.back > 0 || truth.disputed, "P4: a user is shown that opens nothing")
}

fn refunds(path: &Path) -> Result<(), Breach> {
    let (purchase, truth) = (&path.purchase, &path.truth);
    hold(truth.back <= truth.taken, "more went back than was paid")?;
    let sent = purchase.refunds.iter().filter(|refund| refund.sendings > 0);
    let asked = sent.map(|refund| refund.amount_minor).sum::<i64>();
    hold(truth.back + truth.pending <= asked, "more went back than anybody asked for")?;
    let done = purchase.refunds.iter().filter(|refund| refund.state == RefundState::Done);
    hold(
        done.map(|refund| refund.amount_minor).sum::<i64>() <= truth.back,
        "a refund is called done that is not",
    )?;
    let sending = purchase.refunds.iter().filter(|refund| refund.state == RefundState::Sending).count();
    hold(sending <= 1, "two refunds at once")
}

/// A person's word that the access is to be given is not turned into a refund: not before the time that any delivery
/// has, and not beside a refund that may still come.
fn delivery(path: &Path) -> Result<(), Breach> {
    let Some(told) = path.truth.person_delivers else { return Ok(()) };
    let (before, since) = path.purchase.refunds.split_at(told.refunds);
    let own = |refund: &&Refund| refund.payment.is_none();
    let by_itself = since.iter().filter(own).any(|refund| refund.asked_by.is_none());
    let in_time = path.now.since(told.at) < TIMING.delivery_limit_ms;
    hold(!by_itself || !in_time, "P4: what a person delivers is given back")?;
    let may_come = before.iter().filter(own).any(Refund::may_still_come);
    hold(!by_itself || !may_come, "P2: given back beside a refund that may still come")
}

/// What the row says beside the state agrees with what is due.
fn flags(purchase: &Purchase, effect: Effect) -> Result<(), Breach> {
    if effect == Effect::End {
        hold(!purchase.is_open(), "open, and nothing is due")?;
    } else {
        // A spare payment that nobody closes is harmless: it was never charged.
        hold(purchase.is_open() || effect == Effect::Cancel, "something is due, and it is not open")?;
    }
    let calls = matches!(purchase.phase, Phase::Mismatch | Phase::Stuck);
    hold(!calls || purchase.needs_person(), "a person is not called")?;
    let answered = matches!(
        purchase.phase,
        Phase::ChargeSent | Phase::Verifying | Phase::Unknown | Phase::ActionRequired | Phase::PendingAsync
    );
    hold(!answered || purchase.is_undecided(), "a charge is on its way, and it is not called undecided")?;
    let may_be_sent = purchase.charge_sealed.is_some() || answered;
    hold(!may_be_sent || purchase.is_in_the_way(), "P3: it may be charged, and lets a second purchase by")?;
    let decided = purchase.phase == Phase::Declined || purchase.paid_at.is_some();
    hold(!decided || !purchase.is_in_the_way(), "it is decided, and in the way of the next purchase")?;
    let settled =
        matches!(purchase.phase, Phase::Completed | Phase::RolledBack | Phase::Failed | Phase::Reversed);
    hold(!settled || !purchase.is_in_the_way(), "settled, and called undecided")
}

/// P2 and P4 where nothing is due any more: nothing is half done unless a person sees it.
fn end(path: &Path) -> Result<(), Breach> {
    let (purchase, truth) = (&path.purchase, &path.truth);
    if purchase.needs_person() || truth.person_closes {
        return Ok(());
    }
    if truth.person_delivers.is_some() {
        let served = purchase.phase == Phase::Completed && (truth.holds(purchase) || truth.meddled);
        return hold(
            served || purchase.phase == Phase::Reversed,
            "P4: a person's word to deliver came to nothing",
        );
    }
    let on_its_way = matches!(truth.fate, Fate::InFlight | Fate::Action | Fate::Review);
    hold(!on_its_way || truth.unheard, "P4: ended while the charge may still come")?;
    if truth.money_stands() {
        let served = purchase.phase == Phase::Completed && (truth.holds(purchase) || truth.meddled);
        hold(served || truth.unheard, "P4: ended with the money and without access")?;
        let opens = truth.user.is_some_and(|standing| standing.enabled && standing.confirmed);
        return hold(
            opens || truth.meddled || truth.unheard,
            "P4: ended with a paid user that opens nothing",
        );
    }
    if truth.ever_money {
        // What went back: the company decides whether who had access keeps it. What nobody told is not known.
        let kept = purchase.confirmed && !truth.revokes;
        let gone = truth.user.is_none_or(|standing| !standing.enabled);
        return hold(
            gone || kept || truth.unheard || truth.meddled,
            "P2: access stays although the money went back",
        );
    }
    hold(truth.user.is_none(), "P2: ended unpaid with a user on the router")?;
    let door =
        purchase.terms.user_type == UserType::Pin && truth.user.is_some_and(|standing| standing.enabled);
    hold(!door, "P2: ended unpaid with an open door")
}
