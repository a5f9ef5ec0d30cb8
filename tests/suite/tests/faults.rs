//! Every fault that `make faults` prints, as a test: at both gateways, on both databases.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use pagos_suite::faults::{self, Case, prove};
use pagos_suite::on_both_databases;
use pagos_suite::sandbox::Database;
use pagos_suite::simulator::gateways::Gateway;

macro_rules! faults {
    ($($test:ident: $name:literal),+ $(,)?) => {
        const NAMES: &[&str] = &[$($name),+];
        $(async fn $test(database: Database) -> anyhow::Result<()> {
            as_promised($name, database).await
        })+
        on_both_databases!($($test),+);
    };
}

faults!(
    control_plane_killed_before: "control plane killed before the charge",
    control_plane_killed_after: "control plane killed after the charge",
    agent_killed_before: "agent killed before the charge",
    agent_killed_after: "agent killed after the charge",
    reply_lost_closed: "reply lost after the charge: connection closed",
    reply_lost_error: "reply lost after the charge: HTTP 500",
    reply_lost_no_answer: "reply lost after the charge: no answer",
    reply_lost_cut: "reply lost after the charge: cut in the middle",
    refused_400: "charge refused with 400",
    refused_401: "charge refused with 401",
    refused_422: "charge refused with 422",
    refused_429: "charge refused with 429",
    double_click: "double click",
    wrong_amount: "gateway shows a wrong amount",
    router_gone_at_roll_back: "router gone when the unpaid user must be removed",
    router_gone_at_confirm: "router gone when the paid user must be confirmed",
    refund_reply_lost: "paid but not deliverable, and the reply to the refund is lost",
    database_cut: "database cut between charge and save",
);

#[test]
fn every_fault_is_a_test() {
    let all: Vec<&str> = faults::all().iter().map(|fault| fault.name).collect();
    assert_eq!(all, NAMES);
}

async fn as_promised(name: &str, database: Database) -> anyhow::Result<()> {
    let fault = faults::all().into_iter().find(|fault| fault.name == name);
    let fault = fault.ok_or_else(|| anyhow::anyhow!("there is no fault {name:?}"))?;
    let (one, two) = tokio::join!(
        Box::pin(prove(&fault, Case { gateway: Gateway::Conekta, database })),
        Box::pin(prove(&fault, Case { gateway: Gateway::MercadoPago, database })),
    );
    for proof in [one, two] {
        assert!(proof.wrong.is_empty(), "{}", proof.text);
    }
    Ok(())
}
