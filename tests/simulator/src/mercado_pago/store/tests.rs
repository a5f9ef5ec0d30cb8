use super::*;
use crate::gateway::{Action, ActionError};
use crate::mercado_pago::draft;
use serde_json::json;

const NOW_MS: u64 = 1_769_868_298_396;

fn account() -> Account {
    Account::of("APP_USR-1-ana")
}

fn trace(key: &str) -> Trace {
    Trace { key: key.to_owned(), device_id: Some("device".to_owned()) }
}

fn body(token: &str) -> Value {
    json!({
        "transaction_amount": 20.5, "token": token, "installments": 1, "payment_method_id": "visa",
        "external_reference": "sale-1", "payer": { "email": "ana@example.mx" },
    })
}

fn pay(store: &mut Store, key: &str, body: &Value) -> Result<Value, Failure> {
    let text = body.to_string();
    let draft = draft::payment(text.as_bytes(), &account())?;
    store.create(&account(), &trace(key), text.as_bytes(), draft, NOW_MS)
}

fn kinds(store: &Store) -> Vec<(EntryKind, u64)> {
    store.ledger().iter().map(|entry| (entry.kind, entry.amount)).collect()
}

#[test]
fn the_name_in_the_token_decides() {
    let rows = [
        ("APRO", "approved", "accredited"),
        ("OTHE", "rejected", "cc_rejected_other_reason"),
        ("CONT", "in_process", "pending_contingency"),
        ("CALL", "rejected", "cc_rejected_call_for_authorize"),
        ("FUND", "rejected", "cc_rejected_insufficient_amount"),
        ("SECU", "rejected", "cc_rejected_bad_filled_security_code"),
        ("EXPI", "rejected", "cc_rejected_bad_filled_date"),
        ("FORM", "rejected", "cc_rejected_bad_filled_other"),
        ("CARD", "rejected", "cc_rejected_bad_filled_card_number"),
        ("INST", "rejected", "cc_rejected_invalid_installments"),
        ("DUPL", "rejected", "cc_rejected_duplicated_payment"),
        ("LOCK", "rejected", "cc_rejected_card_disabled"),
        ("BLAC", "rejected", "cc_rejected_blacklist"),
        ("ATTE", "rejected", "cc_rejected_max_attempts"),
        ("CHAL", "approved", "accredited"),
        ("ANA", "approved", "accredited"),
    ];
    let mut store = Store::new(0);
    for (word, status, detail) in rows {
        let made = pay(&mut store, word, &body(&format!("tok-{word}-1"))).unwrap();
        assert_eq!((&made["status"], &made["status_detail"]), (&json!(status), &json!(detail)), "{word}");
        let mut binary = body(&format!("tok-{word}-2"));
        binary["binary_mode"] = json!(true);
        let made = pay(&mut store, &format!("{word}-2"), &binary).unwrap();
        let expected = if word == "CONT" { "rejected" } else { status };
        assert_eq!(made["status"], expected, "{word}");
    }
}

#[test]
fn a_key_stands_for_one_payment_refused_or_not() {
    let mut store = Store::new(0);
    for (key, token) in [("a", "tok-APRO-1"), ("b", "tok-FUND-1")] {
        let first = pay(&mut store, key, &body(token)).unwrap();
        assert!(first["id"].as_u64().unwrap() > 1 << 53);
        assert_eq!(pay(&mut store, key, &body(token)).unwrap(), first);
    }
    assert_eq!(kinds(&store), [(EntryKind::Charge, 2050), (EntryKind::Declined, 2050)]);
    assert_eq!(pay(&mut store, "a", &body("tok-APRO-2")).unwrap_err().status, 409);
    let used = pay(&mut store, "c", &body("tok-APRO-1")).unwrap_err();
    assert_eq!((used.status, used.cause[0].0), (400, 2006));
    assert_eq!(store.ledger()[0].token.as_deref(), Some("…RO-1"));
    assert_eq!(store.ledger()[0].device_id.as_deref(), Some("device"));
}

#[test]
fn a_challenge_is_passed_failed_or_runs_out() {
    let mut challenged = body("tok-CHAL-1");
    challenged["three_d_secure_mode"] = json!("optional");
    let mut store = Store::new(0);
    let mut open = |store: &mut Store, token: &str| {
        challenged["token"] = json!(token);
        let made = pay(store, token, &challenged).unwrap();
        assert_eq!(
            (&made["status"], &made["status_detail"]),
            (&json!("pending"), &json!("pending_challenge"))
        );
        assert!(made["three_ds_info"]["creq"].is_string());
        made["id"].to_string()
    };
    let ids = ["tok-CHAL-1", "tok-CHAL-2", "tok-CHAL-3"].map(|token| open(&mut store, token));
    assert!(matches!(store.happen(&ids[0], Action::Pay, None, NOW_MS), Err(ActionError::State(_))));
    let passed = store.happen(&ids[0], Action::CompleteChallenge, None, NOW_MS).unwrap();
    assert_eq!((&passed["status"], &passed["three_ds_info"]), (&json!("approved"), &Value::Null));
    let failed = store.happen(&ids[1], Action::FailChallenge, None, NOW_MS).unwrap();
    assert_eq!(failed["status_detail"], "cc_rejected_3ds_challenge");
    store.expire(NOW_MS + CHALLENGE_MS);
    let late = store.payment(&account(), &ids[2]).unwrap();
    assert_eq!((late.status, late.detail), (Status::Rejected, "cc_rejected_3ds_challenge"));
}

#[test]
fn cash_waits_is_paid_or_expires() {
    let cash = json!({
        "transaction_amount": 20, "payment_method_id": "oxxo", "payer": { "email": "ana@example.mx" },
        "date_of_expiration": "2026-02-01T00:00:00.000-04:00",
    });
    let mut store = Store::new(0);
    let paid = pay(&mut store, "a", &cash).unwrap();
    assert_eq!(
        (&paid["status"], &paid["status_detail"]),
        (&json!("pending"), &json!("pending_waiting_payment"))
    );
    assert!(paid["transaction_details"]["external_resource_url"].is_string());
    assert!(store.ledger().is_empty());
    let paid = store.happen(&paid["id"].to_string(), Action::Pay, None, NOW_MS).unwrap();
    assert_eq!(paid["status"], "approved");
    let mut transfer = cash;
    transfer["payment_method_id"] = json!("clabe");
    let late = pay(&mut store, "b", &transfer).unwrap();
    assert_eq!(late["status_detail"], "pending_waiting_transfer");
    store.expire(NOW_MS + 86_400_000);
    let late = store.payment(&account(), &late["id"].to_string()).unwrap();
    assert_eq!((late.status, late.detail), (Status::Cancelled, "expired"));
    assert_eq!(kinds(&store), [(EntryKind::Charge, 2000)]);
}

#[test]
fn a_chargeback_takes_money_and_may_be_won() {
    let mut store = Store::new(0);
    let id = pay(&mut store, "a", &body("tok-APRO-1")).unwrap()["id"].to_string();
    store.happen(&id, Action::Refund, Some(50), NOW_MS).unwrap();
    let gone = store.happen(&id, Action::Chargeback, None, NOW_MS).unwrap();
    assert_eq!((&gone["status"], &gone["status_detail"]), (&json!("charged_back"), &json!("settled")));
    let back = store.happen(&id, Action::WinChargeback, None, NOW_MS).unwrap();
    assert_eq!(back["status_detail"], "reimbursed");
    let moved = [
        (EntryKind::Charge, 2050),
        (EntryKind::Refund, 50),
        (EntryKind::Chargeback, 2000),
        (EntryKind::ChargebackWon, 2000),
    ];
    assert_eq!(kinds(&store), moved);
    assert_eq!(store.take_news().len(), 4);
}
