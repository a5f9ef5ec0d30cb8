//! A database of the service that the product replaces, with made-up data: what the importer reads.
//!
//! What stands in a row follows from its number, so that two databases of one size are equal.

pub mod expected;
mod secrets;

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::services::Services;

pub use secrets::{ENCRYPTION_KEY, KEY_SECRET, PASSWORD, api_key, conekta_key, key_hash, mercado_pago_token};

const SCHEMA: &str = include_str!("old_database/schema.sql");
const EARLY: &str = include_str!("old_database/early.sql");
const BLEMISHES: &str = include_str!("old_database/blemishes.sql");
/// Numbers become ids; some are of a shape that nobody makes any more.
const IDS: &str = "
    CREATE FUNCTION pg_temp.empresa(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
        $$ SELECT CASE WHEN n = 2 THEN 'empresa-vieja' ELSE 'EMP_' || upper(lpad(to_hex(n), 10, '0')) END $$;
    CREATE FUNCTION pg_temp.router(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
        $$ SELECT CASE WHEN n = 2 THEN 'router.viejo' ELSE 'RTR_' || upper(lpad(to_hex(n), 8, '0')) END $$;";

/// How much of everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Companies; each has one admin.
    pub companies: i64,
    /// Routers, spread over the companies.
    pub routers: i64,
    /// Products, spread over the routers.
    pub products: i64,
    /// Transactions, spread over the products.
    pub transactions: i64,
}

impl Sizes {
    /// Enough for every kind of row.
    pub const SMALL: Self = Self { companies: 6, routers: 14, products: 60, transactions: 2_300 };
}

/// Which of its shapes the database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// All columns of the last models.
    Whole,
    /// Older than the last models: columns are missing.
    Early,
}

/// A database of the replaced service.
#[derive(Debug, Clone)]
pub struct OldDatabase {
    /// Its address.
    pub url: String,
}

impl OldDatabase {
    /// Makes one on the test run's server.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn make(sizes: Sizes, shape: Shape) -> anyhow::Result<Self> {
        let url = Services::shared().await?.database().await?;
        fill(&url, sizes, "UTC").await?;
        let old = Self { url };
        if shape == Shape::Early {
            old.change(EARLY).await?;
        }
        Ok(old)
    }

    /// The same with rows as years of use leave them.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn make_blemished(sizes: Sizes) -> anyhow::Result<Self> {
        let old = Self::make(sizes, Shape::Whole).await?;
        old.change(BLEMISHES).await?;
        Ok(old)
    }

    /// Runs statements in it.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn change(&self, statements: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url).await?;
        run(&mut connection, statements).await?;
        Ok(connection.close().await?)
    }

    /// Address for a user who may read and nothing else.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn for_reader(&self) -> anyhow::Result<String> {
        let (server, name) = self.url.rsplit_once('/').context("an address ends with its database")?;
        let role = format!("lector_{name}");
        self.change(&format!(
            "REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA public TO {role};
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
        ))
        .await?;
        Ok(format!("{}/{name}", server.replacen("postgres@", &format!("{role}@"), 1)))
    }
}

/// Makes the tables at `url` and fills them. `zone` is the server's, by whose clock some columns were filled.
///
/// # Errors
/// When the server refuses.
pub async fn fill(url: &str, sizes: Sizes, zone: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await.context("connecting to the old database")?;
    let connection = &mut connection;
    run(connection, SCHEMA).await?;
    run(connection, IDS).await?;
    companies(connection, sizes, zone).await?;
    users(connection, sizes, zone).await?;
    routers(connection, sizes, zone).await?;
    products(connection, sizes, zone).await?;
    transactions(connection, sizes, zone).await?;
    run(connection, "ANALYZE").await
}

async fn run(connection: &mut PgConnection, statements: &str) -> anyhow::Result<()> {
    let ran = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await;
    ran.map(|_| ()).with_context(|| format!("running {}", statements.chars().take(120).collect::<String>()))
}

/// Secrets of every kind: plain, encrypted, and words that stand for none.
async fn companies(connection: &mut PgConnection, sizes: Sizes, zone: &str) -> anyhow::Result<()> {
    let numbers = || 1..=sizes.companies;
    let keys: Vec<String> = numbers().map(secrets::stored_conekta_key).collect();
    let tokens: Vec<Option<String>> = numbers().map(secrets::stored_mercado_pago_token).collect();
    let insert = sqlx::query(
        "INSERT INTO empresas (id, nombre, contacto_email, contacto_telefono, logo_url, conekta_private_key,
             conekta_public_key, conekta_mode, mercado_pago_access_token, mercado_pago_public_key, mercado_pago_mode,
             mercado_pago_webhook_secret, telegram_bot_token, telegram_chat_id, notificaciones_telegram, activa, creada_en)
         SELECT pg_temp.empresa(n), 'Empresa ' || n || ' \"Ñandú\"', 'e' || n || '@example.org',
             CASE WHEN n % 2 = 0 THEN '55' || lpad(n::text, 8, '0') END,
             CASE WHEN n % 3 = 0 THEN '/static/logos/logo_' || n || '.png' END, keys[n],
             CASE WHEN n % 3 = 0 THEN 'key_test_default_pub' ELSE 'key_pub_' || n END,
             CASE WHEN n % 2 = 0 THEN 'live' ELSE 'test' END, tokens[n],
             CASE WHEN n % 2 = 0 THEN 'APP_USR-pub-' || n END, CASE WHEN n % 4 = 0 THEN 'live' ELSE 'test' END,
             CASE WHEN n % 2 = 0 THEN 'aviso-' || n END, CASE WHEN n % 5 = 0 THEN n || ':bot' END,
             CASE WHEN n % 5 = 0 THEN '-100' || n END, n % 5 = 0, n % 6 <> 0,
             (timestamp '2023-01-01 00:00:00.5' + n * interval '1 day') AT TIME ZONE 'UTC' AT TIME ZONE $4
         FROM (SELECT $2::text[] AS keys, $3::text[] AS tokens) AS made, generate_series(1, $1) AS n",
    );
    insert.bind(sizes.companies).bind(keys).bind(tokens).bind(zone).execute(connection).await?;
    Ok(())
}

async fn users(connection: &mut PgConnection, sizes: Sizes, zone: &str) -> anyhow::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO usuarios (rol, empresa_id, email, password_hash, nombre, activo, ultimo_login, creado_en)
         SELECT CASE WHEN n = 0 THEN 'super_admin' ELSE 'cliente_admin' END, CASE WHEN n > 0 THEN pg_temp.empresa(n) END,
             CASE WHEN n = 0 THEN 'super@example.org' ELSE 'admin' || n || '@example.org' END, ($2::text[])[1 + n % 3],
             'Usuario ' || n, n % 7 <> 6, CASE WHEN n % 2 = 0 THEN timestamp '2025-06-01 12:00:00.25' END,
             (timestamp '2023-02-01' + n * interval '1 hour') AT TIME ZONE 'UTC' AT TIME ZONE $3
         FROM generate_series(0, $1) AS n",
    );
    insert
        .bind(sizes.companies)
        .bind(secrets::password_hashes())
        .bind(zone)
        .execute(&mut *connection)
        .await?;
    run(connection, "UPDATE usuarios SET activo = true WHERE rol = 'super_admin'").await
}

/// Each router with a key in force; every tenth with a revoked one as well.
async fn routers(connection: &mut PgConnection, sizes: Sizes, zone: &str) -> anyhow::Result<()> {
    let hashes: Vec<String> = (1..=sizes.routers).map(|router| key_hash(&api_key(router))).collect();
    let insert = sqlx::query(
        "INSERT INTO routers (id, empresa_id, nombre, host, puerto, usuario, password_encrypted, ubicacion, api_key_hash,
             activo, creado_en)
         SELECT pg_temp.router(n), pg_temp.empresa(1 + (n - 1) % $2), 'Router ' || n, '10.0.' || n / 250 || '.' || n % 250,
             CASE WHEN n % 4 = 0 THEN 8729 ELSE 8728 END, 'pagos', 'clave ñ ' || n,
             CASE WHEN n % 2 = 0 THEN 'Plaza ' || n END, hashes[n], n % 9 <> 8,
             (timestamp '2023-03-01' + n * interval '1 minute') AT TIME ZONE 'UTC' AT TIME ZONE $4
         FROM (SELECT $3::text[] AS hashes) AS made, generate_series(1, $1) AS n",
    );
    let (routers, companies) = (sizes.routers, sizes.companies);
    insert.bind(routers).bind(companies).bind(&hashes).bind(zone).execute(&mut *connection).await?;
    let insert = sqlx::query(
        "INSERT INTO api_keys_tracking (key_id, empresa_id, router_id, key_hash, issued_at, expires_at, revoked, last_used,
             use_count)
         SELECT 'key_' || lpad(to_hex(n), 16, '0'), empresa_id, id, api_key_hash, timestamp '2025-11-01 10:00:00.898422',
             timestamp '2027-11-01 10:00:00.898422', false, CASE WHEN n % 2 = 0 THEN timestamp '2026-01-02 03:04:05.5' END,
             n * 3
         FROM (SELECT *, row_number() OVER (ORDER BY creado_en) AS n FROM routers) AS numbered
         UNION ALL
         SELECT 'key_vieja_' || n, empresa_id, id, md5('a' || n) || md5('b' || n), timestamp '2024-11-01',
             timestamp '2025-11-01', true, timestamp '2025-10-01', 9
         FROM (SELECT *, row_number() OVER (ORDER BY creado_en) AS n FROM routers) AS numbered WHERE n % 10 = 0",
    );
    insert.execute(connection).await?;
    Ok(())
}

async fn products(connection: &mut PgConnection, sizes: Sizes, zone: &str) -> anyhow::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO productos (empresa_id, router_id, perfil_mikrotik_id, perfil_mikrotik_nombre, nombre_venta,
             descripcion, imagen_url, precio, moneda, detalles, activo, orden_visual, destacado, creado_en)
         SELECT r.empresa_id, r.id, '*' || to_hex(n), CASE WHEN n <= $2 THEN '1h' ELSE 'perfil-' || n END, 'Plan ' || n,
             CASE WHEN n % 2 = 0 THEN 'Descripción ' || n END, CASE WHEN n % 5 = 0 THEN 'https://example.org/' || n END,
             5 + n % 90 + CASE WHEN n % 3 = 0 THEN 0.99 ELSE 0 END,
             CASE WHEN n % 50 = 7 THEN 'USD' ELSE 'MXN' END,
             CASE WHEN n % 3 = 0 THEN '[]'::jsonb
                  ELSE jsonb_build_array(jsonb_build_object('texto', n || ' Mbps', 'n', n)) END,
             n % 11 <> 10, n % 7, n % 4 = 0,
             (timestamp '2023-04-01' + n * interval '1 minute') AT TIME ZONE 'UTC' AT TIME ZONE $3
         FROM generate_series(1, $1) AS n JOIN routers AS r ON r.id = pg_temp.router(1 + (n - 1) % $2) ORDER BY n",
    );
    insert.bind(sizes.products).bind(sizes.routers).bind(zone).execute(connection).await?;
    Ok(())
}

/// Sales of both gateways, most of them paid, spread over products and time.
async fn transactions(connection: &mut PgConnection, sizes: Sizes, zone: &str) -> anyhow::Result<()> {
    let insert = sqlx::query(
        "INSERT INTO transacciones (transaccion_id, external_reference, empresa_id, router_id, producto_id, monto, moneda,
             cliente_nombre, cliente_email, cliente_telefono, usuario_hotspot, password_hotspot, estado_pago,
             estado_hotspot, notification_id, webhook_processed, metadata_json, api_key_usada, creada_en, pagada_en,
             usuario_creado_en, webhook_received_at)
         SELECT CASE WHEN mp THEN (80000000000 + n)::text ELSE 'ord_2' || substr(md5(n::text), 1, 17) END,
             CASE WHEN mp THEN 'HS' || substr(md5('r' || n), 1, 20) END, p.empresa_id, p.router_id, p.id, p.precio, p.moneda,
             'Cliente ' || n, 'c' || n || '@example.org', '55' || lpad((n % 100000000)::text, 8, '0'),
             'PT-' || upper(substr(md5('u' || n), 1, 5)), lpad((n % 10000)::text, 4, '0'),
             CASE WHEN n % 20 = 0 THEN 'pending' WHEN n % 33 = 0 THEN 'refunded' WHEN mp THEN 'approved' ELSE 'paid' END,
             'active', CASE WHEN mp THEN (n * 7)::text END, mp,
             CASE WHEN mp THEN jsonb_build_object('payment_method', 'visa', 'installments', 1) ELSE '{}'::jsonb END,
             CASE WHEN n % 4 <> 3 THEN r.api_key_hash END, made AT TIME ZONE 'UTC' AT TIME ZONE $3,
             CASE WHEN n % 20 <> 0 THEN made + interval '1.25 seconds' END, made + interval '1 second',
             CASE WHEN mp THEN made + interval '4.5 seconds' END
         FROM (SELECT n, n % 3 = 1 AS mp, timestamp '2024-01-01 06:00:00.123456' + n * interval '37 seconds' AS made
               FROM generate_series(1, $1) AS n) AS sale
         JOIN productos AS p ON p.id = 1 + (n * 7) % $2 JOIN routers AS r ON r.id = p.router_id ORDER BY n",
    );
    insert.bind(sizes.transactions).bind(sizes.products).bind(zone).execute(connection).await?;
    Ok(())
}
