//! What `pagos-control-plane doctor` says, in Spanish and English side by side. `{}` is where a value goes.

use super::Language;

/// One finding: how bad it is, what was found, and the line that mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say what was found; the texts below say it in full")]
pub enum Found {
    ConfigGood,
    ConfigBad,
    DirectoryGood,
    DirectoryAbsent,
    DirectoryOpen,
    DirectoryBad,
    KeyGood,
    KeyNotYet,
    KeyOpen,
    KeyBad,
    DatabaseGood,
    DatabaseAbsent,
    DatabaseOlder,
    DatabaseNewer,
    DatabaseBad,
    DiskGood,
    DiskLow,
    DiskFull,
    ClockGood,
    ClockOdd,
    ClockApart,
    AuthorityGood,
    AuthorityEnds,
    AgentsGood,
    AgentsEnd,
    PortGood,
    PortOurs,
    PortTaken,
    PublicGood,
    PublicAbsent,
    PublicPlain,
    AgentAddressGood,
    AgentAddressAbsent,
    AdminGood,
    AdminAbsent,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Good,
    /// It works, but should be looked at.
    Warning,
    /// It does not work.
    Problem,
}

impl State {
    /// The word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn mark(self, language: Language) -> &'static str {
        language.choose(match self {
            Self::Good => ["bien", "ok"],
            Self::Warning => ["aviso", "warning"],
            Self::Problem => ["PROBLEMA", "PROBLEM"],
        })
    }
}

impl Found {
    /// Which check it comes from.
    #[must_use]
    pub const fn check(self) -> &'static str {
        match self {
            Self::ConfigGood | Self::ConfigBad => "config",
            Self::DirectoryGood | Self::DirectoryAbsent | Self::DirectoryOpen | Self::DirectoryBad => {
                "data_dir"
            }
            Self::KeyGood | Self::KeyNotYet | Self::KeyBad => "master_key",
            Self::KeyOpen => "master_key_rights",
            Self::DatabaseGood
            | Self::DatabaseAbsent
            | Self::DatabaseOlder
            | Self::DatabaseNewer
            | Self::DatabaseBad => "database",
            Self::DiskGood | Self::DiskLow | Self::DiskFull => "disk",
            Self::ClockGood | Self::ClockOdd | Self::ClockApart => "clock",
            Self::AuthorityGood | Self::AuthorityEnds => "authority",
            Self::AgentsGood | Self::AgentsEnd => "agent_certificates",
            Self::PortGood | Self::PortOurs | Self::PortTaken => "ports",
            Self::PublicGood | Self::PublicAbsent | Self::PublicPlain => "public_url",
            Self::AgentAddressGood | Self::AgentAddressAbsent => "agent_address",
            Self::AdminGood | Self::AdminAbsent => "super_admin",
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::ConfigGood
            | Self::DirectoryGood
            | Self::KeyGood
            | Self::KeyNotYet
            | Self::DatabaseGood
            | Self::DiskGood
            | Self::ClockGood
            | Self::AuthorityGood
            | Self::AgentsGood
            | Self::PortGood
            | Self::PortOurs
            | Self::PublicGood
            | Self::AgentAddressGood
            | Self::AdminGood => State::Good,
            Self::DirectoryAbsent
            | Self::DirectoryOpen
            | Self::KeyOpen
            | Self::DatabaseAbsent
            | Self::DatabaseOlder
            | Self::DiskLow
            | Self::AuthorityEnds
            | Self::AgentsEnd
            | Self::PublicAbsent
            | Self::PublicPlain
            | Self::AgentAddressAbsent
            | Self::AdminAbsent => State::Warning,
            Self::ConfigBad
            | Self::DirectoryBad
            | Self::KeyBad
            | Self::DatabaseNewer
            | Self::DatabaseBad
            | Self::DiskFull
            | Self::ClockOdd
            | Self::ClockApart
            | Self::PortTaken => State::Problem,
        }
    }

    /// What was found.
    #[must_use]
    pub fn what(self, language: Language, value: &str) -> String {
        language.choose(self.texts()[0]).replacen("{}", value, 1)
    }

    /// What mends it; empty when there is nothing to mend.
    #[must_use]
    pub fn mend(self, language: Language, value: &str) -> String {
        language.choose(self.texts()[1]).replacen("{}", value, 1)
    }

    /// What was found, and what mends it.
    #[rustfmt::skip]
    const fn texts(self) -> [[&'static str; 2]; 2] {
        const NONE: [&str; 2] = ["", ""];
        match self {
            Self::ConfigGood => [["La configuración se entiende.", "The configuration is understood."], NONE],
            Self::ConfigBad => [["La configuración no sirve: {}", "The configuration cannot be used: {}"], ["corrige esa clave en el archivo o en el entorno", "mend that key in the file or the environment"]],
            Self::DirectoryGood => [["El directorio de datos está en orden: {}", "The data directory is in order: {}"], NONE],
            Self::DirectoryAbsent => [["El directorio de datos aún no existe: {}", "The data directory does not exist yet: {}"], ["el primer arranque lo crea; si ya usabas uno, revisa data_dir", "the first start makes it; if you had one, check data_dir"]],
            Self::DirectoryOpen => [["Otros usuarios de esta máquina pueden entrar al directorio de datos: {}", "Other users of this machine can enter the data directory: {}"], ["chmod 700 \"{}\"", "chmod 700 \"{}\""]],
            Self::DirectoryBad => [["El directorio de datos no se puede leer o no es un directorio: {}", "The data directory cannot be read, or is none: {}"], ["ejecuta doctor con el usuario del servicio: sudo -u USUARIO pagos-control-plane doctor", "run doctor as the service's user: sudo -u USER pagos-control-plane doctor"]],
            Self::KeyGood => [["La clave maestra abre la base de datos: {}", "The master key opens the database: {}"], NONE],
            Self::KeyNotYet => [["La clave maestra se creará en el primer arranque.", "The master key will be made at the first start."], NONE],
            Self::KeyOpen => [["Otros usuarios de esta máquina pueden leer la clave maestra: {}", "Other users of this machine can read the master key: {}"], ["chmod 600 \"{}\"", "chmod 600 \"{}\""]],
            Self::KeyBad => [["La clave maestra no sirve: {}", "The master key is no good: {}"], ["restaura la copia de la clave hecha junto con esta base de datos", "restore the copy of the key that was made with this database"]],
            Self::DatabaseGood => [["La base de datos responde y está al día (versión {}).", "The database answers and is up to date (version {})."], NONE],
            Self::DatabaseAbsent => [["Todavía no hay base de datos.", "There is no database yet."], ["pagos-control-plane serve", "pagos-control-plane serve"]],
            Self::DatabaseOlder => [["La base de datos es de una versión anterior ({}).", "The database is of an earlier version ({})."], ["haz una copia y arranca el servicio, que la pone al día", "make a backup and start the service, which brings it up to date"]],
            Self::DatabaseNewer => [["La base de datos es de una versión más nueva ({}).", "The database is of a newer version ({})."], ["instala la versión más nueva de pagos-control-plane", "install the newer version of pagos-control-plane"]],
            Self::DatabaseBad => [["La base de datos no responde: {}", "The database does not answer: {}"], ["comprueba que esté en marcha y que database_url sea correcta", "check that it runs and that database_url is right"]],
            Self::DiskGood => [["Espacio libre en disco: {} MiB.", "Free disk space: {} MiB."], NONE],
            Self::DiskLow => [["Queda poco espacio en disco: {} MiB.", "Disk space is getting low: {} MiB."], ["libera espacio o agranda el disco", "free some space or enlarge the disk"]],
            Self::DiskFull => [["El disco está casi lleno: {} MiB. Sin espacio no se puede vender.", "The disk is nearly full: {} MiB. Without space nothing can be sold."], ["libera espacio ahora; df -h muestra dónde", "free some space now; df -h shows where"]],
            Self::ClockGood => [["El reloj es razonable: {} UTC.", "The clock is sane: {} UTC."], NONE],
            Self::ClockOdd => [["El reloj no puede estar bien: {} UTC.", "The clock cannot be right: {} UTC."], ["timedatectl set-ntp true", "timedatectl set-ntp true"]],
            Self::ClockApart => [["El reloj se aparta {} segundos de la base de datos.", "The clock is {} seconds apart from the database."], ["timedatectl set-ntp true (en ambas máquinas)", "timedatectl set-ntp true (on both machines)"]],
            Self::AuthorityGood => [["La autoridad de los agentes vale hasta {}.", "The agents' authority is good until {}."], NONE],
            Self::AuthorityEnds => [["La autoridad de los agentes termina el {}.", "The agents' authority ends on {}."], ["planea inscribir de nuevo todos los sitios antes de esa fecha", "plan to enrol all sites again before that date"]],
            Self::AgentsGood => [["Ningún certificado de agente termina pronto.", "No agent's certificate ends soon."], NONE],
            Self::AgentsEnd => [["Certificados de agentes vencidos o que vencen en 14 días: {}", "Agents' certificates that have ended or end within 14 days: {}"], ["pagos-control-plane sites muestra cuáles; inscribe esos sitios de nuevo", "pagos-control-plane sites shows which; enrol those sites again"]],
            Self::PortGood => [["El puerto está libre: {}", "The port is free: {}"], NONE],
            Self::PortOurs => [["Un servicio en marcha usa este directorio; sus puertos no se prueban.", "A running service uses this directory; its ports are not tried."], NONE],
            Self::PortTaken => [["No se puede escuchar en {}", "Cannot listen on {}"], ["ss -ltnp muestra quién lo ocupa; cambia http.listen o agent_listen", "ss -ltnp shows who has it; change http.listen or agent_listen"]],
            Self::PublicGood => [["Dirección pública: {}", "Public address: {}"], NONE],
            Self::PublicAbsent => [["No hay dirección pública: las pasarelas no pueden avisar de pagos.", "There is no public address: gateways cannot tell about payments."], ["PAGOS_PUBLIC_URL=https://tu-dominio", "PAGOS_PUBLIC_URL=https://your-domain"]],
            Self::PublicPlain => [["La dirección pública no usa https: {}", "The public address does not use https: {}"], ["pon un proxy con TLS delante y PAGOS_PUBLIC_URL=https://…", "put a proxy with TLS in front and PAGOS_PUBLIC_URL=https://…"]],
            Self::AgentAddressGood => [["Los agentes se conectan a {}", "Agents connect to {}"], NONE],
            Self::AgentAddressAbsent => [["No se sabe a qué dirección se conectan los agentes; los códigos de inscripción solo valen en esta máquina.", "It is not known where agents connect; enrolment tokens only work on this machine."], ["PAGOS_AGENT_ADDRESS=tu-dominio:8443", "PAGOS_AGENT_ADDRESS=your-domain:8443"]],
            Self::AdminGood => [["Hay un administrador de la plataforma.", "There is an administrator of the platform."], NONE],
            Self::AdminAbsent => [["Todavía no hay administrador de la plataforma.", "There is no administrator of the platform yet."], ["pagos-control-plane admin create --email CORREO --name NOMBRE", "pagos-control-plane admin create --email EMAIL --name NAME"]],
        }
    }
}
