//! The database of the replaced service is taken over by the real program, into both databases.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use pagos_control_plane::seams::Random;
use pagos_control_plane::vault::Vault;
use pagos_suite::content::{Content, content};
use pagos_suite::old_database::expected::{counts, days, expected, opened};
use pagos_suite::old_database::{ENCRYPTION_KEY, OldDatabase, Shape, Sizes, fill};
use pagos_suite::on_both_databases;
use pagos_suite::programs::program;
use pagos_suite::sandbox::{Database, bound_to_us};
use pagos_suite::services::Services;
use pagos_suite::wait::until;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

on_both_databases!(
    every_row_is_taken_over_and_a_second_run_changes_nothing,
    an_early_shape_is_taken_over_too,
    what_cannot_be_taken_is_named_and_the_rest_is_taken,
    a_killed_import_goes_on_where_it_was,
    the_clock_of_the_old_server_is_understood,
    a_running_service_and_its_own_database_are_refused,
    what_is_here_already_stays,
    what_cannot_begin_is_explained,
);

/// Tables of numbers that grow with other tables' rows.
const GROWING: [&str; 3] = ["sequences", "transaction_counts", "transaction_days"];

/// An installation to import into.
struct Ours {
    dir: tempfile::TempDir,
    /// None: SQLite in the directory.
    url: Option<String>,
}

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ours {
    async fn new(database: Database) -> anyhow::Result<Self> {
        let url = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Services::shared().await?.database().await?),
        };
        Ok(Self { dir: tempfile::tempdir()?, url })
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn database(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data_dir().join("pagos.db").display()))
    }

    fn command(&self, old: &str, words: &[&str]) -> anyhow::Result<Command> {
        let mut command = bound_to_us(&program("pagos-control-plane")?);
        command.arg("import").args(words).arg("--data-dir").arg(self.data_dir());
        command
            .env("DATABASE_URL", old)
            .env("ENCRYPTION_KEY_MERCADO_PAGO", ENCRYPTION_KEY)
            .env("LANG", "en_US.UTF-8");
        command.env_remove("LC_ALL").env_remove("LC_MESSAGES");
        if let Some(url) = &self.url {
            command.env("PAGOS_DATABASE_URL", url);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    async fn import(&self, old: &str, words: &[&str]) -> anyhow::Result<Ended> {
        let output = self.command(old, words)?.output().await.context("running the import")?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) })
    }

    async fn content(&self) -> anyhow::Result<Content> {
        content(&self.database()).await
    }

    /// The imported rows, secrets opened.
    async fn opened(&self) -> anyhow::Result<Content> {
        let vault = Vault::open(&self.data_dir().join("master.key"), &Random::default())?;
        opened(&self.content().await?, &vault)
    }
}

impl Ended {
    fn expect(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
    }

    /// The numbers of a table's row in the summary: read, taken, here already, not taken, notes.
    fn counts(&self, table: &str) -> Vec<u64> {
        let row = self.out.lines().rfind(|line| line.split_whitespace().next() == Some(table));
        row.unwrap_or_default().split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect()
    }
}

/// Lists and dashboards count what is there.
fn assert_counted(ours: &Content) {
    let transactions = &ours["transactions"];
    assert_eq!(ours["transaction_counts"], counts(transactions));
    assert_eq!(ours["transaction_days"], days(transactions));
}

/// Compared table by table, so that a difference can be read.
fn assert_same(ours: &Content, expected: &Content) {
    for (table, rows) in expected {
        for (one, other) in ours[table].iter().zip(rows) {
            assert_eq!(one, other, "{table}");
        }
        assert_eq!(ours[table].len(), rows.len(), "{table}");
    }
}

async fn every_row_is_taken_over_and_a_second_run_changes_nothing(database: Database) -> anyhow::Result<()> {
    let old = OldDatabase::make(Sizes::SMALL, Shape::Whole).await?;
    let (before, reader, ours) =
        (content(&old.url).await?, old.for_reader().await?, Ours::new(database).await?);

    let dry = ours.import(&reader, &[]).await?;
    dry.expect(0);
    assert!(!ours.data_dir().exists(), "a dry run makes nothing");
    assert_eq!(dry.counts("transacciones"), [2_300, 2_300, 0, 0, 0], "{}", dry.out);

    let first =
        ours.import(&reader.replacen("postgres://", "postgresql+asyncpg://", 1), &["--apply"]).await?;
    first.expect(0);
    assert_eq!(first.counts("empresas"), [6, 6, 0, 0, 0], "{}", first.out);
    assert!(first.err.contains("transacciones 2300/2300"), "{}", first.err);
    assert_same(&ours.opened().await?, &expected(&before));
    let after = ours.content().await?;
    assert_eq!(after["sites"].len(), 14, "each router has a site");
    let addressed = |row: &&Value| row["webhook_path"].as_str().is_some_and(|path| path.len() >= 40);
    assert_eq!(after["companies"].iter().filter(addressed).count(), 6, "gateways can be told an address");
    let sequence = |name: &str| {
        after["sequences"].iter().find(|row| row["name"] == name).map(|row| row["value"].clone())
    };
    assert_eq!(sequence("transactions"), Some(2_300.into()), "ours go on above");
    assert_eq!((sequence("users"), sequence("products")), (Some(7.into()), Some(60.into())));

    let second = ours.import(&reader, &["--apply"]).await?;
    second.expect(0);
    assert_eq!(second.counts("transacciones"), [2_300, 0, 2_300, 0, 0], "{}", second.out);
    assert_eq!(ours.content().await?, after, "a second run changes nothing");
    assert_eq!(ours.import(&reader, &[]).await?.counts("productos"), [60, 0, 60, 0, 0]);
    assert_eq!(content(&old.url).await?, before, "the old database is as it was");
    for secret in [ENCRYPTION_KEY, "APP_USR-1", "key_1"] {
        assert!(!first.out.contains(secret) && !first.err.contains(secret), "{secret}");
    }
    Ok(())
}

async fn an_early_shape_is_taken_over_too(database: Database) -> anyhow::Result<()> {
    let old = OldDatabase::make(Sizes { transactions: 300, ..Sizes::SMALL }, Shape::Early).await?;
    let ours = Ours::new(database).await?;
    ours.import(&old.url, &["--apply"]).await?.expect(0);
    assert_same(&ours.opened().await?, &expected(&content(&old.url).await?));
    Ok(())
}

async fn what_cannot_be_taken_is_named_and_the_rest_is_taken(database: Database) -> anyhow::Result<()> {
    let old = OldDatabase::make_blemished(Sizes { transactions: 300, ..Sizes::SMALL }).await?;
    let mut before = content(&old.url).await?;
    let ours = Ours::new(database).await?;
    let lines = [
        "NOT TAKEN: productos.moneda 900001: the currency is unknown",
        "NOT TAKEN: transacciones.monto 900001: the amount is negative",
        "note: usuarios.password_hash 900001: ",
        "note: usuarios.email 900001: another user has the same e-mail",
        "note: routers.puerto router.viejo: ",
        "note: empresas.mercado_pago_access_token empresa-vieja: ",
    ];
    for words in [&[][..], &["--apply"]] {
        let run = ours.import(&old.url, words).await?;
        run.expect(3);
        for line in lines {
            assert!(run.out.lines().any(|own| own.starts_with(line)), "{line}\n{}", run.out);
        }
        assert_eq!(run.counts("productos"), [61, 60, 0, 1, 0], "{}", run.out);
        assert_eq!(run.counts("usuarios"), [8, 8, 0, 0, 2], "{}", run.out);
        assert_eq!(run.counts("transacciones"), [302, 301, 0, 1, 0], "{}", run.out);
    }
    for table in ["productos", "transacciones"] {
        before.entry(table.to_owned()).or_default().retain(|row| row["id"] != 900_001);
    }
    assert_same(&ours.opened().await?, &expected(&before));
    ours.import(&old.url, &["--apply"]).await?.expect(3);
    old.change(
        "DELETE FROM productos WHERE id = 900001; UPDATE transacciones SET monto = 5 WHERE id = 900001",
    )
    .await?;
    let mended = ours.import(&old.url, &["--apply"]).await?;
    mended.expect(0);
    assert_eq!(mended.counts("transacciones"), [302, 1, 301, 0, 0], "what was mended is taken the next time");
    Ok(())
}

async fn a_killed_import_goes_on_where_it_was(database: Database) -> anyhow::Result<()> {
    let sizes = Sizes { transactions: 18_000, ..Sizes::SMALL };
    let old = OldDatabase::make(sizes, Shape::Whole).await?;
    let ours = Ours::new(database).await?;
    let mut running = ours.command(&old.url, &["--apply"])?.spawn()?;
    let mut lines = BufReader::new(running.stderr.take().context("it speaks")?).lines();
    while let Some(line) = lines.next_line().await? {
        if line.starts_with("transacciones ") {
            break;
        }
    }
    running.kill().await?;

    let taken = ours.content().await?["transactions"].len();
    assert!(taken > 0 && taken < 18_000, "it was killed in the middle: {taken}");
    let again = ours.import(&old.url, &["--apply"]).await?;
    again.expect(0);
    let [_, newly, known, refused, _] = again.counts("transacciones")[..] else { panic!("{}", again.out) };
    assert!(known >= taken as u64 && newly > 0 && newly + known == 18_000 && refused == 0, "{}", again.out);
    assert_same(&ours.opened().await?, &expected(&content(&old.url).await?));
    Ok(())
}

async fn the_clock_of_the_old_server_is_understood(database: Database) -> anyhow::Result<()> {
    let sizes = Sizes { transactions: 300, ..Sizes::SMALL };
    let services = Services::shared().await?;
    let (plain, shifted) = (OldDatabase::make(sizes, Shape::Whole).await?, services.database().await?);
    fill(&shifted, sizes, "America/Mexico_City").await?;
    let ours = Ours::new(database).await?;

    let dry = ours.import(&shifted, &[]).await?;
    dry.expect(0);
    assert!(dry.err.contains("UTC-06:00") && dry.err.contains("--time-zone"), "{}", dry.err);
    let refused = ours.import(&shifted, &["--apply"]).await?;
    refused.expect(1);
    assert!(refused.err.contains("--time-zone") && !ours.data_dir().exists(), "{}", refused.err);
    let wrong = ours.import(&shifted, &["--apply", "--time-zone", "Marte/Cráter"]).await?;
    wrong.expect(1);
    assert!(wrong.err.contains("knows no time zone Marte/Cráter"), "{}", wrong.err);

    ours.import(&shifted, &["--apply", "--time-zone", "America/Mexico_City"]).await?.expect(0);
    assert_same(&ours.opened().await?, &expected(&content(&plain.url).await?));
    Ok(())
}

async fn a_running_service_and_its_own_database_are_refused(database: Database) -> anyhow::Result<()> {
    let old = OldDatabase::make(Sizes { transactions: 10, ..Sizes::SMALL }, Shape::Whole).await?;
    let ours = Ours::new(database).await?;
    let ready = ours.dir.path().join("ready.json");
    let mut serve = bound_to_us(&program("pagos-control-plane")?);
    serve.arg("serve").arg("--data-dir").arg(ours.data_dir()).arg("--ready-file").arg(&ready);
    serve
        .env("PAGOS_HTTP__LISTEN", "127.0.0.1:0")
        .env("PAGOS_AGENT_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null());
    if let Some(url) = &ours.url {
        serve.env("PAGOS_DATABASE_URL", url);
    }
    let mut service = serve.spawn()?;
    until("the service is up", Duration::from_secs(60), || async { Ok(ready.exists().then_some(())) })
        .await?;
    let refused = ours.import(&old.url, &["--apply"]).await?;
    refused.expect(1);
    assert!(refused.err.contains("another pagos-control-plane"), "{}", refused.err);
    if let Some(url) = &ours.url {
        let elsewhere = Ours { dir: tempfile::tempdir()?, url: Some(url.clone()) };
        std::fs::create_dir_all(elsewhere.data_dir())?;
        std::fs::copy(ours.data_dir().join("master.key"), elsewhere.data_dir().join("master.key"))?;
        let refused = elsewhere.import(&old.url, &["--apply"]).await?;
        refused.expect(1);
        assert!(refused.err.contains("stop them"), "{}", refused.err);
    }
    ours.import(&old.url, &["--dry-run"]).await?.expect(0);
    assert_eq!(ours.content().await?["companies"].len(), 0);
    service.kill().await?;

    let same = Ours { dir: tempfile::tempdir()?, url: Some(old.url.clone()) };
    let before = content(&old.url).await?;
    for words in [&[][..], &["--apply"]] {
        let refused = same.import(&old.url, words).await?;
        refused.expect(1);
        assert!(refused.err.contains("old and new database are the same"), "{}", refused.err);
    }
    assert_eq!(content(&old.url).await?, before);
    let empty = Services::shared().await?.database().await?;
    let refused = ours.import(&empty, &[]).await?;
    refused.expect(1);
    assert!(refused.err.contains("no table empresas"), "{}", refused.err);
    Ok(())
}

async fn what_is_here_already_stays(database: Database) -> anyhow::Result<()> {
    let sizes = Sizes { transactions: 40, ..Sizes::SMALL };
    let other = Services::shared().await?.database().await?;
    fill(&other, Sizes { companies: 1, routers: 1, products: 3, transactions: 5 }, "UTC").await?;
    let first = OldDatabase { url: other };
    first
        .change(
            "UPDATE usuarios SET email = 'otra@example.org' WHERE rol = 'super_admin';
             UPDATE productos SET perfil_mikrotik_id = '*distinto' WHERE id = 1;
             UPDATE transacciones SET transaccion_id = 'ord_propia' WHERE id = 1",
        )
        .await?;
    let ours = Ours::new(database).await?;
    ours.import(&first.url, &["--apply"]).await?.expect(0);
    let before = ours.content().await?;

    let old = OldDatabase::make(sizes, Shape::Whole).await?;
    let dry = ours.import(&old.url, &[]).await?;
    let second = ours.import(&old.url, &["--apply"]).await?;
    second.expect(3);
    for (table, counts) in [("usuarios", [7, 6, 1, 0, 1]), ("productos", [60, 57, 0, 3, 0])] {
        assert_eq!(second.counts(table), counts, "{}", second.out);
        assert_eq!(dry.counts(table), counts, "the dry run told: {}", dry.out);
    }
    assert!(
        second.out.contains("NOT TAKEN: productos 1: that id belongs to something else here"),
        "{}",
        second.out
    );
    assert!(second.out.contains("NOT TAKEN: transacciones 1: "), "{}", second.out);
    let after = ours.content().await?;
    for (table, rows) in before.iter().filter(|(table, _)| !GROWING.contains(&table.as_str())) {
        assert!(rows.iter().all(|row| after[table].contains(row)), "{table} keeps its rows");
    }
    assert_counted(&ours.opened().await?);
    let third = ours.import(&old.url, &["--apply"]).await?;
    third.expect(3);
    assert_eq!(ours.content().await?, after, "what is refused again changes nothing");
    Ok(())
}

async fn what_cannot_begin_is_explained(database: Database) -> anyhow::Result<()> {
    let ours = Ours::new(database).await?;
    let away = "postgresql://u:geheim@127.0.0.1:1/viejo";
    for (old, words, spanish) in [
        (
            "mysql://u:geheim@h/d",
            &["--language", "es"][..],
            "la dirección de la base de datos anterior no se entiende",
        ),
        (away, &["--language", "es", "--apply"], "no se puede leer la base de datos anterior"),
        (away, &["--language", "es", "--encryption-key-file", "/nowhere"], "no se puede leer /nowhere"),
    ] {
        let ended = ours.import(old, words).await?;
        ended.expect(1);
        assert!(ended.err.contains(spanish) && !ended.err.contains("geheim"), "{}", ended.err);
    }
    let mut nameless = ours.command(away, &[])?;
    let output = nameless.env_remove("DATABASE_URL").output().await?;
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("Put the address of the old one into DATABASE_URL")
    );
    let mut keyed = ours.command(away, &[])?;
    let output = keyed.env("ENCRYPTION_KEY_MERCADO_PAGO", "corta").output().await?;
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(err.contains("ENCRYPTION_KEY_MERCADO_PAGO is no Fernet key") && !err.contains("corta"), "{err}");
    assert!(!ours.data_dir().exists(), "nothing is made");
    Ok(())
}
