//! The file of all transactions.

use serde_json::json;

use crate::books::{Booked, book, noon};
use crate::world::{Tenant, World};

const PATH: &str = "/api/v1/admin/mi-empresa/transacciones?formato=csv";

async fn lines(world: &World, tenant: &Tenant) -> Vec<String> {
    let answer = world.get(PATH, Some(&tenant.session)).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let text = answer.text.strip_prefix('\u{feff}').unwrap_or(&answer.text);
    text.strip_suffix("\r\n").expect("ends with a line").split("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn it_holds_everything_in_order_and_nothing_of_others() {
    let world = World::start().await;
    let (tenant, other) = (world.tenant("Parque").await, world.tenant("Plaza").await);
    // Several rows share each moment, also where a page ends.
    book(&world, &tenant, (1..=1_203).map(|id| Booked::paid(id, noon(&world, 9) + id / 5)).collect()).await;
    book(&world, &other, (2_001..=2_003).map(|id| Booked::paid(id, noon(&world, 9))).collect()).await;
    let lines = lines(&world, &tenant).await;
    assert!(lines[0].starts_with("id,transaccion_id,referencia_externa,creada_en,"), "{}", lines[0]);
    let ids: Vec<i64> = lines[1..]
        .iter()
        .map(|line| line.split(',').next().and_then(|id| id.parse().ok()).expect("an id"))
        .collect();
    assert_eq!(ids, (1..=1_203).rev().collect::<Vec<_>>());
    assert!(
        lines[1].contains(",paid,active,20.00,MXN,") && lines[1].contains("Cliente 1203"),
        "{}",
        lines[1]
    );
}

#[tokio::test]
async fn it_is_a_file_that_spreadsheets_open_and_do_not_run() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let row = Booked {
        customer: "=HYPERLINK(\"http://evil.example\",\"Ana\")".into(),
        phone: Some("+525512345678"),
        ..Booked::paid(1, noon(&world, 1))
    };
    book(&world, &tenant, vec![row]).await;
    let answer = world.get(PATH, Some(&tenant.session)).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let name = answer.header("content-disposition");
    assert!(name.starts_with(&format!("attachment; filename=\"transacciones_{}_", tenant.company)), "{name}");
    assert!(answer.bytes.starts_with(&[0xef, 0xbb, 0xbf]), "a byte order mark");
    let lines = lines(&world, &tenant).await;
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains(",\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"Ana\"\")\","), "{}", lines[1]);
    assert!(lines[1].contains(",'+525512345678,"), "{}", lines[1]);
}

#[tokio::test]
async fn only_the_companys_admin_gets_it_and_the_format_is_checked() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    assert_eq!(lines(&world, &tenant).await.len(), 1, "only the heading");
    world.get(PATH, None).await.is(401, "credentials_missing");
    world.get(PATH, Some(&world.operator)).await.is(403, "role_forbidden");
    let path = "/api/v1/admin/mi-empresa/transacciones?formato=xlsx";
    let issues = world.get(path, Some(&tenant.session)).await.issues();
    assert_eq!(issues, [("literal_error".to_owned(), "formato".to_owned())]);
    let as_json =
        world.get("/api/v1/admin/mi-empresa/transacciones?formato=json", Some(&tenant.session)).await;
    assert_eq!(as_json.good()["total"], json!(0));
}

#[tokio::test]
async fn so_many_are_written_at_once_and_a_place_comes_free_when_the_client_goes() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    // More than the sockets between client and service hold, so that the writing waits for its reader.
    let big = |id| Booked { customer: "x".repeat(20_000), ..Booked::paid(id, noon(&world, 2) + id) };
    for start in (0..4_000).step_by(500) {
        book(&world, &tenant, (start..start + 500).map(big).collect()).await;
    }
    let url = format!("{}{PATH}", world.base);
    let mut slow = Vec::new();
    for _ in 0..4 {
        let answer = world.client.get(&url).bearer_auth(&tenant.session).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        slow.push(answer);
    }
    let refused = world.get(PATH, Some(&tenant.session)).await;
    refused.is(429, "rate_limited");
    assert_ne!(refused.header("retry-after"), "");
    slow.clear();
    let patience = std::time::Duration::from_secs(10);
    let freed = tokio::time::timeout(patience, async {
        while world.app.exports.available_permits() < 4 {
            tokio::task::yield_now().await;
        }
    });
    freed.await.expect("the places come free");
    assert_eq!(lines(&world, &tenant).await.len(), 4_001);
}
