//! What the commands for operators say, in Spanish and English side by side. `{}` is where a value goes.

use super::Language;

/// A sentence or label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellText {
    /// A super admin was made.
    AdminMade,
    /// A password was replaced.
    PasswordReset,
    /// The password that was drawn.
    PasswordShown,
    /// Somebody has the e-mail.
    EmailTaken,
    /// Nobody has the e-mail.
    NoSuchUser,
    /// The e-mail is none.
    EmailOdd,
    /// There is no database yet.
    NoDatabase,
    /// There are no companies.
    NoCompanies,
    /// There are no sites.
    NoSites,
    /// Heading: id.
    Id,
    /// Heading: name.
    Name,
    /// Heading: company.
    Company,
    /// Heading: active.
    Active,
    /// Heading: routers.
    Routers,
    /// Heading: users.
    Users,
    /// Heading: transactions.
    Agent,
    /// Heading: last seen.
    LastSeen,
    /// Heading: end of the certificate.
    CertificateEnds,
    /// Yes.
    Yes,
    /// No.
    No,
    /// No agent was enrolled.
    NotEnrolled,
    /// A backup was made.
    BackedUp,
    /// What else must be kept.
    KeepKey,
    /// How PostgreSQL is backed up.
    UsePgDump,
    /// The file is there already.
    FileExists,
    /// How PostgreSQL is restored.
    UsePgRestore,
    /// The file is no good backup.
    BackupBad,
    /// The file was made by a newer version.
    BackupNewer,
    /// A backup was put in place.
    Restored,
    /// Where the database before it is.
    SetAside,
    /// What to look at afterwards.
    AfterRestore,
    /// Everything is sealed with a new key.
    Rotated,
    /// Where the old keys are.
    KeysKept,
    /// An earlier change of keys is finished first.
    RotationGoesOn,
}

impl ShellText {
    /// The text in Spanish and English.
    #[must_use]
    #[rustfmt::skip]
    const fn both(self) -> [&'static str; 2] {
        match self {
            Self::AdminMade => ["Administrador creado: {}.", "Administrator made: {}."],
            Self::PasswordReset => ["Contraseña cambiada y sesiones cerradas: {}.", "Password changed and sessions ended: {}."],
            Self::PasswordShown => ["Contraseña (se muestra solo esta vez): {}", "Password (shown only this once): {}"],
            Self::EmailTaken => ["Ya hay un usuario con el correo {}. Para darle otra contraseña: pagos-control-plane admin reset-password", "There is a user with the e-mail {} already. To give it another password: pagos-control-plane admin reset-password"],
            Self::NoSuchUser => ["No hay ningún usuario con el correo {}; se distinguen mayúsculas.", "There is no user with the e-mail {}; capitals count."],
            Self::EmailOdd => ["{} no es un correo electrónico.", "{} is not an e-mail address."],
            Self::NoDatabase => ["Todavía no hay base de datos en {}. Arranca el servicio una vez, o revisa --data-dir y --config.", "There is no database at {} yet. Start the service once, or check --data-dir and --config."],
            Self::NoCompanies => ["No hay empresas.", "There are no companies."],
            Self::NoSites => ["No hay sitios.", "There are no sites."],
            Self::Id => ["ID", "ID"],
            Self::Name => ["NOMBRE", "NAME"],
            Self::Company => ["EMPRESA", "COMPANY"],
            Self::Active => ["ACTIVA", "ACTIVE"],
            Self::Routers => ["ROUTERS", "ROUTERS"],
            Self::Users => ["USUARIOS", "USERS"],
            Self::Agent => ["AGENTE", "AGENT"],
            Self::LastSeen => ["VISTO (UTC)", "LAST SEEN (UTC)"],
            Self::CertificateEnds => ["CERTIFICADO HASTA", "CERTIFICATE UNTIL"],
            Self::Yes => ["sí", "yes"],
            Self::No => ["no", "no"],
            Self::NotEnrolled => ["sin inscribir", "not enrolled"],
            Self::BackedUp => ["Copia hecha y comprobada: {}", "Backup made and checked: {}"],
            Self::KeepKey => ["Guarda aparte también la clave maestra, sin ella la copia no sirve: {}", "Keep the master key too, apart from it; without it the backup is worth nothing: {}"],
            Self::UsePgDump => ["La base de datos es PostgreSQL. Usa: pg_dump --format=custom --file=\"{}\" \"$PAGOS_DATABASE_URL\"", "The database is PostgreSQL. Use: pg_dump --format=custom --file=\"{}\" \"$PAGOS_DATABASE_URL\""],
            Self::FileExists => ["{} ya existe; elige otro nombre.", "{} exists already; choose another name."],
            Self::UsePgRestore => ["La base de datos es PostgreSQL. Para el servicio y usa, sobre una base vacía: pg_restore --no-owner --dbname=\"$PAGOS_DATABASE_URL\" \"{}\"", "The database is PostgreSQL. Stop the service and use, into an empty database: pg_restore --no-owner --dbname=\"$PAGOS_DATABASE_URL\" \"{}\""],
            Self::BackupBad => ["{} no es una copia completa de esta base de datos.", "{} is not a complete backup of this database."],
            Self::BackupNewer => ["{} se hizo con una versión más nueva; instala esa versión primero.", "{} was made by a newer version; install that one first."],
            Self::Restored => ["Copia restaurada: {}", "Backup restored: {}"],
            Self::SetAside => ["La base de datos anterior quedó en {}", "The database before it is now {}"],
            Self::AfterRestore => ["Arranca el servicio y mira: pagos-control-plane attention. Lo vendido después de la copia aparece ahí.", "Start the service and look: pagos-control-plane attention. What was sold after the backup shows up there."],
            Self::Rotated => ["Clave maestra nueva; secretos sellados de nuevo: {}", "New master key; secrets sealed anew: {}"],
            Self::KeysKept => ["La clave anterior abre las copias anteriores y ya no la base de datos; llévatela de aquí: {}", "The key before opens earlier backups and no longer the database; take it away from here: {}"],
            Self::RotationGoesOn => ["Un cambio de clave anterior quedó a medias; se termina ahora.", "An earlier change of keys was cut; it is finished now."],
        }
    }
}

impl Language {
    /// A sentence with a value in its place.
    #[must_use]
    pub fn shell(self, text: ShellText, value: &str) -> String {
        self.choose(text.both()).replacen("{}", value, 1)
    }
}
