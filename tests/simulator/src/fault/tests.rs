use super::*;
use serde_json::json;
use std::time::Duration;

fn board() -> FaultBoard {
    FaultBoard::new(["uno", "dos"])
}

fn request(value: serde_json::Value) -> FaultRequest {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_fault_strikes_where_it_fits_and_as_often_as_asked() {
    let board = board();
    let wanted =
        json!({"target": "router", "router": "uno", "kind": "drop_after", "match": "user/add", "count": 1});
    let fault = board.post(request(wanted)).unwrap();
    let strikes = |place, subject| board.verdict(place, subject).strike.is_some();
    assert!(!strikes(Place::Conekta, "POST /ip/hotspot/user/add"));
    assert!(!strikes(Place::Router("dos"), "/ip/hotspot/user/add"));
    assert!(!strikes(Place::Router("uno"), "/ip/hotspot/user/print"));
    assert!(strikes(Place::Router("uno"), "/ip/hotspot/user/add"));
    assert!(!strikes(Place::Router("uno"), "/ip/hotspot/user/add"), "it was asked for once");
    let listed = &board.list()[0];
    assert_eq!((listed.id, listed.hits, listed.active), (fault.id, 1, false));
}

#[test]
fn delays_add_up_and_go_with_another_kind() {
    let board = board();
    for delay_ms in [20, 30] {
        board.post(request(json!({"target": "conekta", "kind": "delay", "delay_ms": delay_ms}))).unwrap();
    }
    board.post(request(json!({"target": "conekta", "kind": "error", "status": 502}))).unwrap();
    let verdict = board.verdict(Place::Conekta, "GET /orders");
    assert_eq!(verdict.delay, Some(Duration::from_millis(50)));
    assert!(matches!(verdict.strike, Some(Strike::Error(ErrorAnswer { status: 502, .. }))));
}

#[test]
fn deleting_releases_what_hangs_and_brings_back_what_is_away() {
    let board = board();
    board.post(request(json!({"target": "router", "kind": "hang"}))).unwrap();
    board.post(request(json!({"target": "router", "router": "dos", "kind": "away"}))).unwrap();
    let (uno, dos) = (board.away(Place::Router("uno")), board.away(Place::Router("dos")));
    assert!(!*uno.borrow() && *dos.borrow());
    let Some(Strike::Hang(released)) = board.verdict(Place::Router("uno"), "/login").strike else { panic!() };
    assert!(!*released.borrow());
    assert_eq!(board.delete(None), 2);
    assert!(*released.borrow() && !*dos.borrow());
}

#[test]
fn away_with_a_count_refuses_that_many_connections() {
    let board = board();
    board.post(request(json!({"target": "conekta", "kind": "away", "count": 2}))).unwrap();
    let away = board.away(Place::Conekta);
    board.refused(Place::Conekta);
    assert!(*away.borrow());
    board.refused(Place::Conekta);
    assert!(!*away.borrow());
}

#[test]
fn a_webhook_gets_all_that_was_asked_for_it() {
    let board = board();
    for kind in ["duplicate", "bad_signature"] {
        board
            .post(request(json!({"target": "webhook", "kind": kind, "match": "order.paid", "count": 1})))
            .unwrap();
    }
    assert_eq!(board.tampering("mercado_pago payment.created"), Tampering::default());
    let expected = Tampering { duplicate: true, bad_signature: true, ..Tampering::default() };
    assert_eq!(board.tampering("conekta order.paid"), expected);
    assert_eq!(board.tampering("conekta order.paid"), Tampering::default());
}

#[test]
fn lag_and_alterations_go_together_with_the_first_strike() {
    let board = board();
    board.post(request(json!({"target": "mercado_pago", "kind": "lag", "lag_s": 60}))).unwrap();
    board
        .post(request(json!({"target": "mercado_pago", "kind": "alter", "set": {"/status": "odd"}})))
        .unwrap();
    board.post(request(json!({"target": "mercado_pago", "kind": "bad_gateway"}))).unwrap();
    let verdict = board.verdict(Place::MercadoPago, "GET /v1/payments/1");
    assert_eq!(verdict.lag.map(|lag| lag.horizon_ms(100_000)), Some(40_000));
    assert_eq!(verdict.alterations.len(), 1);
    assert!(matches!(verdict.strike, Some(Strike::BadGateway(ErrorAnswer { status: 502, .. }))));
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let board = board();
    let rows = [
        (json!({"target": "telegram", "kind": "hang"}), "is not there yet"),
        (json!({"target": "bank", "kind": "hang"}), "use conekta, mercado_pago"),
        (json!({"target": "router", "router": "tres", "kind": "hang"}), "dos, uno"),
        (json!({"target": "conekta", "router": "uno", "kind": "hang"}), "target router only"),
        (json!({"target": "conekta", "kind": "delay"}), "needs delay_ms"),
        (json!({"target": "conekta", "kind": "away", "delay_ms": 5}), "no delay_ms"),
        (json!({"target": "router", "kind": "error", "status": 500}), "of a gateway only"),
        (json!({"target": "conekta", "kind": "error", "status": 200}), "400 to 599"),
        (json!({"target": "router", "kind": "drop_middle"}), "gateway only"),
        (json!({"target": "router", "kind": "lag"}), "gateway only"),
        (json!({"target": "conekta", "kind": "lose"}), "webhook only"),
        (json!({"target": "webhook", "kind": "hang"}), "a webhook can have"),
        (json!({"target": "mercado_pago", "kind": "delay_after"}), "needs delay_ms"),
        (json!({"target": "mercado_pago", "kind": "alter"}), "needs set"),
        (json!({"target": "mercado_pago", "kind": "alter", "set": {"amount": 1}}), "JSON pointers"),
        (json!({"target": "mercado_pago", "kind": "error", "lag_s": 1}), "with lag only"),
        (json!({"target": "mercado_pago", "kind": "hang", "set": {"/a": 1}}), "set goes with"),
        (json!({"target": "router", "kind": "error", "retry_after_s": 1}), "of a gateway only"),
        (json!({"target": "conekta", "kind": "away", "match": "x"}), "leave match out"),
        (json!({"target": "conekta", "kind": "hang", "count": 0}), "at least 1"),
    ];
    for (body, part) in rows {
        let error = board.post(request(body.clone())).unwrap_err().to_string();
        assert!(error.contains(part), "{body}: {error}");
    }
    assert!(board.list().is_empty());
}
