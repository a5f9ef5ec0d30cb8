//! What operators do from the shell, with the real program, on both databases.
#![allow(clippy::disallowed_methods, reason = "tests stand outside the simulated world")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use pagos_control_plane::seams::Random;
use pagos_control_plane::vault::Vault;
use pagos_suite::content::{Content, content};
use pagos_suite::old_database::expected::opened;
use pagos_suite::old_database::{ENCRYPTION_KEY, OldDatabase, Shape, Sizes};
use pagos_suite::on_both_databases;
use pagos_suite::operator::Operator;
use pagos_suite::portal::Order;
use pagos_suite::programs::program;
use pagos_suite::sandbox::{Account, Database, Sandbox, bound_to_us};
use pagos_suite::services::Services;
use pagos_suite::wait::until;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

/// Long enough for a process to start beside many others.
const START: Duration = Duration::from_secs(60);

on_both_databases!(
    people_are_made_and_let_in_again_beside_the_running_service,
    a_new_master_key_opens_everything_and_the_old_one_nothing,
    a_cut_change_of_keys_is_finished,
    purchases_go_on_after_a_change_of_keys,
    doctor_names_what_is_wrong_and_what_mends_it,
    a_backup_can_be_restored,
);

struct Shell {
    dir: tempfile::TempDir,
    url: Option<String>,
}

#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Shell {
    async fn new(database: Database) -> anyhow::Result<Self> {
        let url = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Services::shared().await?.database().await?),
        };
        Ok(Self { dir: tempfile::tempdir()?, url })
    }

    /// With the rows of a small old database, so that there is something of everything.
    async fn filled(database: Database) -> anyhow::Result<Self> {
        let shell = Self::new(database).await?;
        let old = OldDatabase::make(Sizes { transactions: 700, ..Sizes::SMALL }, Shape::Whole).await?;
        let mut import = shell.command(&["import", "--apply"])?;
        import.env("DATABASE_URL", &old.url).env("ENCRYPTION_KEY_MERCADO_PAGO", ENCRYPTION_KEY);
        assert!(import.output().await?.status.success());
        Ok(shell)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn key_file(&self) -> PathBuf {
        self.data().join("master.key")
    }

    fn database(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data().join("pagos.db").display()))
    }

    fn command(&self, words: &[&str]) -> anyhow::Result<Command> {
        let mut command = bound_to_us(&program("pagos-control-plane")?);
        command.args(words).args(["--language", "en"]).arg("--data-dir").arg(self.data());
        command.env("PAGOS_HTTP__LISTEN", "127.0.0.1:0").env("PAGOS_AGENT_LISTEN", "127.0.0.1:0");
        if let Some(url) = &self.url {
            command.env("PAGOS_DATABASE_URL", url);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    async fn run(&self, words: &[&str]) -> anyhow::Result<Ended> {
        Ok(Ended::of(self.command(words)?.output().await?))
    }

    async fn run_with(&self, words: &[&str], input: &str) -> anyhow::Result<Ended> {
        let mut child = self.command(words)?.stdin(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().context("it listens")?;
        stdin.write_all(input.as_bytes()).await?;
        drop(stdin);
        Ok(Ended::of(child.wait_with_output().await?))
    }

    /// Starts the service; gives its address.
    async fn serve(&self) -> anyhow::Result<(Child, String)> {
        let ready = self.dir.path().join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let mut serve = self.command(&["serve"])?;
        serve.arg("--ready-file").arg(&ready).stdout(Stdio::null()).stderr(Stdio::null());
        let service = serve.spawn()?;
        let told = until("the service is up", START, || async {
            Ok(std::fs::read(&ready).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()))
        });
        let url = told.await?["http_url"].as_str().context("it has an address")?.to_owned();
        Ok((service, url))
    }

    async fn opened(&self) -> anyhow::Result<Content> {
        opened(&content(&self.database()).await?, &Vault::open(&self.key_file(), &Random::default())?)
    }
}

impl Ended {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    fn bad(self, because: &str) {
        assert!(self.code == Some(1) && self.err.contains(because), "{because}: {self:?}");
    }
}

fn account(email: &str, password: &str) -> Account {
    Account { email: email.to_owned(), password: password.to_owned() }
}

async fn people_are_made_and_let_in_again_beside_the_running_service(
    database: Database,
) -> anyhow::Result<()> {
    let shell = Shell::new(database).await?;
    for words in [&["companies"][..], &["attention"], &["admin", "reset-password", "a@example.org"]] {
        shell.run(words).await?.bad("There is no database");
    }
    assert!(!shell.data().exists(), "looking makes nothing");
    let create = ["admin", "create", "--email", "Ana@Example.org", "--name", "Ana"];
    let made = shell.run(&create).await?.good();
    let password = made.out.lines().find_map(|line| line.strip_prefix("Password (shown only this once): "));
    let password = password.context("the password is shown")?.to_owned();
    shell.run(&create).await?.bad("reset-password");
    shell
        .run(&["admin", "create", "--email", "nobody", "--name", "x"])
        .await?
        .bad("is not an e-mail address");

    let (mut service, base) = shell.serve().await?;
    let ana = Operator::login(&base, &account("Ana@example.org", &password)).await?;
    assert_eq!(ana.get("/admin/empresas").await?.status, 200);
    let reset = ["admin", "reset-password", "Ana@example.org", "--password-stdin"];
    shell.run_with(&reset, "corta\n").await?.bad("at least 10 characters");
    let typed = "una clave bien larga";
    let done = shell.run_with(&reset, &format!("{typed}\n")).await?.good();
    assert!(!done.out.contains(typed), "{}", done.out);
    assert_eq!(ana.get("/admin/empresas").await?.status, 401, "sessions end");
    assert!(Operator::login(&base, &account("Ana@example.org", &password)).await.is_err());
    Operator::login(&base, &account("Ana@example.org", typed)).await?;
    shell.run(&["admin", "reset-password", "nadie@example.org"]).await?.bad("There is no user");
    assert_eq!(shell.run(&["companies"]).await?.good().out, "There are no companies.\n");
    shell.run(&["rotate-master-key"]).await?.bad("another pagos-control-plane");
    service.kill().await?;
    Ok(())
}

async fn a_new_master_key_opens_everything_and_the_old_one_nothing(database: Database) -> anyhow::Result<()> {
    let shell = Shell::filled(database).await?;
    let companies = shell.run(&["companies"]).await?.good().out;
    assert_eq!(companies.lines().count(), 7, "{companies}");
    let sites = shell.run(&["sites", "--company", "empresa-vieja"]).await?.good().out;
    assert!(sites.contains("router.viejo") && sites.contains("not enrolled"), "{sites}");
    // The service's own secrets and authority are made by its first start.
    let (mut service, _) = shell.serve().await?;
    service.kill().await?;
    let (before, old_key) = (shell.opened().await?, std::fs::read_to_string(shell.key_file())?);
    let old_id = old_key.split(' ').next().context("a key has an id")?;

    let rotated = shell.run(&["rotate-master-key"]).await?.good();
    assert_eq!(shell.opened().await?, before, "everything is as it was");
    let now = content(&shell.database()).await?;
    let sealed_old = format!("v1.{old_id}.");
    assert!(!serde_json::to_string(&now)?.contains(&sealed_old), "nothing is sealed with the old key");
    assert!(!std::fs::read_to_string(shell.key_file())?.contains(old_id));
    let kept = rotated.out.lines().find_map(|line| Some(PathBuf::from(line.split("from here: ").nth(1)?)));
    let kept = kept.context("it says where the old key is")?;
    assert_eq!(std::fs::read_to_string(&kept)?, old_key);
    for file in [&kept, &shell.key_file()] {
        assert_eq!(std::fs::metadata(file)?.permissions().mode() & 0o777, 0o600);
    }
    let (mut service, _) = shell.serve().await?;
    service.kill().await?;
    std::fs::copy(&kept, shell.key_file())?;
    shell.run(&["serve"]).await?.bad("does not open this database");
    Ok(())
}

async fn a_cut_change_of_keys_is_finished(database: Database) -> anyhow::Result<()> {
    let shell = Shell::filled(database).await?;
    let before = shell.opened().await?;
    let mut cut = shell.command(&["rotate-master-key"])?.spawn()?;
    let old = std::fs::read_to_string(shell.key_file())?;
    until("the new key is there", START, || async {
        let now = std::fs::read_to_string(shell.key_file())?;
        Ok((now.lines().count() == 2 || now != old).then_some(()))
    })
    .await?;
    cut.kill().await?;
    // However far it came, everything opens.
    assert_eq!(shell.opened().await?, before);
    if std::fs::read_to_string(shell.key_file())?.lines().count() == 2 {
        let again = shell.run(&["rotate-master-key"]).await?.good();
        assert!(again.err.contains("it is finished now"), "{}", again.err);
    }
    assert_eq!(std::fs::read_to_string(shell.key_file())?.lines().count(), 1);
    assert_eq!(shell.opened().await?, before);
    Ok(())
}

async fn purchases_go_on_after_a_change_of_keys(database: Database) -> anyhow::Result<()> {
    let mut sandbox = Sandbox::start(database).await?;
    let product = sandbox.ready.productos[0].id;
    let bought = sandbox.portal()?.buy(&Order::new("before", product)).await?;
    assert_eq!(bought.status, 200, "{bought:?}");
    sandbox.settled(START).await?;
    sandbox.kill_control_plane().await?;
    let call = sandbox.ready.restart.control_plane.clone();
    let run = |words: &[&str]| {
        let mut command = bound_to_us(Path::new(&call.argv[0]));
        command.args(words).args(["--language", "en"]).env_clear().envs(&call.env);
        command
    };
    Ended::of(run(&["rotate-master-key"]).output().await?).good();
    sandbox.restart_control_plane().await?;
    sandbox.router_reachable().await?;
    let status = sandbox.portal()?.get(bought.body["estado_url"].as_str().unwrap_or_default()).await?;
    assert_eq!(
        (status.status, status.hotspot_user()),
        (200, bought.hotspot_user()),
        "the password still opens"
    );
    let again = sandbox.portal()?.buy(&Order::new("after", product)).await?;
    assert_eq!(again.status, 200, "{again:?}");
    Ok(())
}

async fn doctor_names_what_is_wrong_and_what_mends_it(database: Database) -> anyhow::Result<()> {
    let shell = Shell::new(database).await?;
    let fresh = shell.run(&["doctor"]).await?.good();
    assert!(fresh.out.contains("There is no database yet") && !shell.data().exists(), "{}", fresh.out);
    shell.run(&["admin", "create", "--email", "ana@example.org", "--name", "Ana"]).await?.good();
    let (mut service, _) = shell.serve().await?;
    let beside = shell.run(&["doctor", "--json"]).await?.good();
    let told: Value = serde_json::from_str(&beside.out)?;
    let state = |told: &Value, check: &str| {
        let all = told["checks"].as_array().cloned().unwrap_or_default();
        all.iter()
            .find(|one| one["check"] == check)
            .map(|one| one["state"].as_str().unwrap_or_default().to_owned())
    };
    for check in [
        "config",
        "data_dir",
        "master_key",
        "database",
        "clock",
        "authority",
        "agent_certificates",
        "ports",
        "super_admin",
    ] {
        assert_eq!(state(&told, check).as_deref(), Some("ok"), "{check}: {told}");
    }
    assert!(state(&told, "disk").is_some() && state(&told, "public_url").as_deref() == Some("warning"));
    service.kill().await?;

    std::fs::set_permissions(shell.data(), std::fs::Permissions::from_mode(0o755))?;
    std::fs::set_permissions(shell.key_file(), std::fs::Permissions::from_mode(0o644))?;
    let open = shell.run(&["doctor"]).await?.good();
    assert!(open.out.contains("chmod 700") && open.out.contains("chmod 600"), "{}", open.out);
    let good = std::fs::read_to_string(shell.key_file())?;
    std::fs::write(shell.key_file(), good.replace(' ', "x "))?;
    let wrong = shell.run(&["doctor", "--json"]).await?;
    let told: Value = serde_json::from_str(&wrong.out)?;
    assert_eq!((wrong.code, state(&told, "master_key").as_deref()), (Some(1), Some("problem")), "{told}");
    for secret in good.split_whitespace() {
        assert!(!wrong.out.contains(secret) || secret.len() < 16, "{}", wrong.out);
    }
    std::fs::write(shell.key_file(), good)?;

    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut doctor = shell.command(&["doctor"])?;
    doctor.env("PAGOS_HTTP__LISTEN", taken.local_addr()?.to_string());
    let ended = Ended::of(doctor.output().await?);
    assert!(ended.code == Some(1) && ended.out.contains("Cannot listen on"), "{ended:?}");
    let mut doctor = shell.command(&["doctor"])?;
    doctor.env("PAGOS_HTTP__LISTEN", "nowhere").env("LANG", "es_MX.UTF-8");
    let ended = Ended::of(doctor.output().await?);
    assert!(ended.code == Some(1) && ended.out.contains("The configuration cannot be used"), "{ended:?}");
    let mut doctor = shell.command(&["doctor"])?;
    doctor.env("PAGOS_DATABASE_URL", "postgres://nobody:geheim@127.0.0.1:1/none");
    let ended = Ended::of(doctor.output().await?);
    assert!(
        ended.code == Some(1) && ended.out.contains("does not answer") && !ended.out.contains("geheim"),
        "{ended:?}"
    );
    Ok(())
}

async fn a_backup_can_be_restored(database: Database) -> anyhow::Result<()> {
    let shell = Shell::filled(database).await?;
    let file = shell.dir.path().join("copy.db");
    let name = file.display().to_string();
    if database == Database::Postgres {
        shell.run(&["backup", &name]).await?.bad("pg_dump");
        shell.run(&["restore", &name]).await?.bad("pg_restore");
        return Ok(());
    }
    let (mut service, _) = shell.serve().await?;
    let made = shell.run(&["backup", &name]).await?.good();
    assert!(made.out.contains("master.key"), "{}", made.out);
    assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    shell.run(&["backup", &name]).await?.bad("exists already");
    shell.run(&["restore", &name]).await?.bad("another pagos-control-plane");
    service.kill().await?;
    let before = content(&format!("sqlite:{name}")).await?;
    assert_eq!(content(&shell.database()).await?, before);

    shell.run(&["admin", "create", "--email", "luz@example.org", "--name", "Luz"]).await?.good();
    let broken = shell.dir.path().join("broken.db");
    let bytes = std::fs::read(&file)?;
    std::fs::write(&broken, &bytes[..bytes.len() / 2])?;
    shell.run(&["restore", &broken.display().to_string()]).await?.bad("not a complete backup");
    shell
        .run(&["restore", &shell.dir.path().join("none.db").display().to_string()])
        .await?
        .bad("not a complete backup");
    assert_eq!(content(&shell.database()).await?["users"].len(), 8, "what is bad is not put in place");
    let restored = shell.run(&["restore", &name]).await?.good();
    assert_eq!(content(&shell.database()).await?, before);
    let aside = restored.out.lines().find_map(|line| line.strip_prefix("The database before it is now "));
    let aside = content(&format!("sqlite:{}", aside.context("it says where")?)).await?;
    assert_eq!(aside["users"].len(), 8, "the database before is kept");

    std::fs::remove_file(shell.key_file())?;
    shell.run(&["restore", &name]).await?.bad("master key file");
    Ok(())
}
