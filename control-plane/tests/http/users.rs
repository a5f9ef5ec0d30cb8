//! Users of the administration.

use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

const USERS: &str = "/admin/usuarios";

#[tokio::test]
async fn a_user_is_made_for_its_company() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let operator = Some(world.operator.as_str());
    let user = |role: &str, company: Value, email: &str| json!({"email": email, "password": PASSWORD, "nombre": "Ana", "rol": role, "empresa_id": company});
    let made =
        world.post(USERS, operator, &user("cliente_admin", json!(tenant.company), "Ana@Example.ORG")).await;
    let made = made.is(200, "user_created");
    assert_eq!(made["usuario"]["email"], "Ana@example.org");
    assert_eq!(made["usuario"]["empresa_id"], tenant.company.as_str());
    let cases = [
        (user("owner", json!(null), "b@example.org"), 400, "role_invalid"),
        (user("cliente_admin", json!(""), "b@example.org"), 400, "company_required"),
        (user("cliente_admin", json!("EMP_X"), "b@example.org"), 404, "company_not_found"),
        (user("super_admin", json!("EMP_X"), "b@example.org"), 404, "company_not_found"),
        (user("super_admin", json!(tenant.company), "b@example.org"), 400, "company_not_allowed"),
        (user("super_admin", json!(null), "Ana@example.org"), 400, "email_taken"),
    ];
    for (body, status, code) in cases {
        world.post(USERS, operator, &body).await.is(status, code);
    }
    let weak = json!({"email": "no", "password": "1234567890", "rol": "super_admin"});
    let issues = world.post(USERS, operator, &weak).await.issues();
    let fields: Vec<&str> = issues.iter().map(|(_, field)| field.as_str()).collect();
    assert_eq!(fields, ["email", "password", "nombre"]);
    let body = user("super_admin", json!(null), "c@example.org");
    world.post(USERS, Some(&tenant.session), &body).await.is(403, "role_forbidden");
    world.post(USERS, None, &body).await.is(401, "credentials_missing");
    world.post(USERS, operator, &body).await.is(200, "user_created");
}

#[tokio::test]
async fn users_are_listed_shown_and_switched() {
    let world = World::start().await;
    let tenant = world.tenant("Parque").await;
    let operator = Some(world.operator.as_str());
    let all = world.get(USERS, operator).await.good();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let own = &all[0];
    assert_eq!((&own["rol"], &own["empresa_id"]), (&json!("super_admin"), &json!(null)));
    let filtered = world.get(&format!("{USERS}?empresa_id={}", tenant.company), operator).await.good();
    assert_eq!(filtered, json!([all[1]]));
    assert_eq!(world.get(&format!("{USERS}?rol=unknown"), operator).await.good(), json!([]));
    assert_eq!(world.get(&format!("{USERS}/{}", all[1]["id"]), operator).await.good(), all[1]);
    world.get(&format!("{USERS}/999"), operator).await.is(404, "user_not_found");
    world.get(&format!("{USERS}/x"), operator).await.issues();
    let toggle = |id: &Value| format!("{USERS}/{id}/toggle-activo");
    world.put(&toggle(&own["id"]), operator, &json!({})).await.is(400, "self_deactivation");
    world.put(&toggle(&json!(999)), operator, &json!({})).await.is(404, "user_not_found");
    let body = world.put(&toggle(&all[1]["id"]), operator, &json!({})).await.is(200, "user_deactivated");
    assert_eq!((&body["usuario_id"], &body["activo"]), (&all[1]["id"], &json!(false)));
}
