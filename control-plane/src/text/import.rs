//! What `pagos-control-plane import` says, in Spanish and English side by side. `{}` is where a value goes.

use super::Language;

/// A sentence or label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportText {
    /// The value cannot be read.
    Unreadable,
    /// A value is missing.
    Missing,
    /// The currency is unknown.
    Currency,
    /// The amount is none, or too large.
    Amount,
    /// The point in time is none.
    Time,
    /// The row is too large.
    TooLarge,
    /// The company is not there.
    NoCompany,
    /// The router is not there.
    NoRouter,
    /// The id has no shape of an id.
    IdOdd,
    /// Role and company do not go together.
    RoleOdd,
    /// The id belongs to something else.
    IdTaken,
    /// The e-mail belongs to somebody else.
    EmailTaken,
    /// The key belongs to something else.
    KeyTaken,
    /// The router sells the profile already.
    ProfileTaken,
    /// The payment belongs to another transaction.
    PaymentTaken,
    /// The database refuses the row.
    Refused,
    /// Nobody knows when it was made.
    TimeUnknown,
    /// An encrypted value does not open.
    NotOpened,
    /// The mode is neither test nor live.
    ModeOdd,
    /// The hash is of no kind that we know.
    HashOdd,
    /// The port is none.
    PortOdd,
    /// The router of a transaction is not there.
    RouterGone,
    /// The user gets a new number.
    Renumbered,
    /// A user of this e-mail is here already.
    UserHere,
    /// Another user's e-mail differs by capitals only.
    EmailAlike,
    /// Nothing was written.
    DryRun,
    /// Everything is written.
    Done,
    /// Some rows were not taken.
    SomeRefused,
    /// The old database lacks a table.
    NoTable,
    /// Heading of the table.
    Table,
    /// Heading of rows read.
    Read,
    /// Heading of rows taken.
    Taken,
    /// Heading of rows to be taken.
    ToTake,
    /// Heading of rows that are here.
    Known,
    /// Heading of rows not taken.
    NotTaken,
    /// Heading of notes.
    Notes,
    /// Mark of a row that is not taken.
    RefusedMark,
    /// Mark of a note.
    NoteMark,
    /// Nothing says where the old database is.
    WhichDatabase,
    /// The address of the old database is none.
    OldAddress,
    /// The old database does not answer, or not as it should.
    OldDatabase,
    /// The database is none of the old service.
    OtherDatabase,
    /// Both addresses lead to one database.
    SameDatabase,
    /// The old server knows no such zone.
    ZoneUnknown,
    /// The old server's clock seems to be in another zone.
    ZoneGuessed,
    /// Our database does not do its part.
    NotStored,
    /// The key of old secrets is none.
    KeyOdd,
    /// The file with the key cannot be read.
    KeyUnread,
}

impl ImportText {
    /// The text in Spanish and English.
    #[must_use]
    #[rustfmt::skip]
    const fn both(self) -> [&'static str; 2] {
        match self {
            Self::Unreadable => ["no se puede leer el valor", "the value cannot be read"],
            Self::Missing => ["falta el valor", "the value is missing"],
            Self::Currency => ["la moneda no se conoce", "the currency is unknown"],
            Self::Amount => ["el importe es negativo, demasiado grande o tiene decimales de más", "the amount is negative, too large or has too many decimals"],
            Self::Time => ["la fecha no se entiende", "the date cannot be understood"],
            Self::TooLarge => ["la fila es demasiado grande", "the row is too large"],
            Self::NoCompany => ["su empresa no existe o no se pudo tomar", "its company does not exist or cannot be taken"],
            Self::NoRouter => ["su router no existe, es de otra empresa o no se pudo tomar", "its router does not exist, belongs to another company or cannot be taken"],
            Self::IdOdd => ["el id está vacío, es demasiado largo o no es un número válido", "the id is empty, too long or not a valid number"],
            Self::RoleOdd => ["el rol no se conoce o no va con la empresa", "the role is unknown or does not go with the company"],
            Self::IdTaken => ["ese id ya pertenece aquí a otra cosa", "that id belongs to something else here"],
            Self::EmailTaken => ["ese correo ya es aquí de un usuario con otro rol o empresa", "that e-mail belongs to a user of another role or company here"],
            Self::KeyTaken => ["esa clave ya existe aquí con otro id o router", "that key is here with another id or router"],
            Self::ProfileTaken => ["el router ya vende aquí ese perfil con otro número", "the router sells that profile here under another number"],
            Self::PaymentTaken => ["ese pago o referencia ya es de otra transacción", "that payment or reference belongs to another transaction"],
            Self::Refused => ["la base de datos rechaza la fila", "the database refuses the row"],
            Self::TimeUnknown => ["no dice cuándo se creó; queda como 1970", "it does not say when it was made; 1970 is kept"],
            Self::NotOpened => ["parece cifrado y ENCRYPTION_KEY_MERCADO_PAGO no lo abre; se toma tal cual, vuelve a escribirlo en el panel", "it looks encrypted and ENCRYPTION_KEY_MERCADO_PAGO does not open it; taken as it is, type it anew in the panel"],
            Self::ModeOdd => ["el modo no es test ni live; queda en test", "the mode is neither test nor live; test is kept"],
            Self::HashOdd => ["el tipo de hash no se conoce; esta persona necesita una contraseña nueva", "the kind of hash is unknown; this person needs a new password"],
            Self::PortOdd => ["no es un puerto; queda 8728", "this is no port; 8728 is kept"],
            Self::RouterGone => ["su router no se tomó; la transacción se conserva", "its router is not taken; the transaction is kept"],
            Self::Renumbered => ["su número ya es de otro usuario aquí; recibe uno nuevo", "its number belongs to another user here; it gets a new one"],
            Self::UserHere => ["aquí ya hay un usuario con ese correo; se deja como está", "a user with that e-mail is here already and stays as it is"],
            Self::EmailAlike => ["otro usuario tiene el mismo correo salvo mayúsculas o espacios", "another user has the same e-mail but for capitals or blanks"],
            Self::DryRun => ["Ensayo: no se escribió nada. Para importar de verdad, repite con --apply.", "Dry run: nothing was written. To import for real, run it again with --apply."],
            Self::Done => ["Importación terminada. Arranca el servicio con JWT_APIKEY_SECRET para que las claves de los portales sigan valiendo.", "Import finished. Start the service with JWT_APIKEY_SECRET so that the portals' keys keep working."],
            Self::SomeRefused => ["Hay filas que no se toman; están en la lista de arriba.", "Some rows are not taken; they are listed above."],
            Self::NoTable => ["la tabla no existe", "there is no such table"],
            Self::Table => ["TABLA", "TABLE"],
            Self::Read => ["LEÍDAS", "READ"],
            Self::Taken => ["TOMADAS", "TAKEN"],
            Self::ToTake => ["SE TOMARÁN", "TO BE TAKEN"],
            Self::Known => ["YA ESTABAN", "HERE ALREADY"],
            Self::NotTaken => ["NO SE TOMAN", "NOT TAKEN"],
            Self::Notes => ["AVISOS", "NOTES"],
            Self::RefusedMark => ["NO SE TOMA", "NOT TAKEN"],
            Self::NoteMark => ["aviso", "note"],
            Self::WhichDatabase => ["¿de qué base de datos? Pon la dirección de la anterior en DATABASE_URL (o --from): postgresql://usuario:contraseña@servidor:5432/nombre", "from which database? Put the address of the old one into DATABASE_URL (or --from): postgresql://user:password@host:5432/name"],
            Self::OldAddress => ["la dirección de la base de datos anterior no se entiende; se escribe postgresql://usuario:contraseña@servidor:5432/nombre", "the address of the old database cannot be read; it is written postgresql://user:password@host:5432/name"],
            Self::OldDatabase => ["no se puede leer la base de datos anterior", "the old database cannot be read"],
            Self::OtherDatabase => ["la base de datos anterior no tiene la tabla empresas: ¿es la dirección correcta?", "the old database has no table empresas: is this the right address?"],
            Self::SameDatabase => ["la base de datos anterior y la nueva son la misma; dale a este servicio una propia (database_url)", "old and new database are the same; give this service a database of its own (database_url)"],
            Self::ZoneUnknown => ["el servidor anterior no conoce la zona horaria {}; escríbela como America/Mexico_City", "the old server knows no time zone {}; write it like America/Mexico_City"],
            Self::ZoneGuessed => ["el reloj del servidor anterior parece estar en UTC{}: en eso difieren creada_en y pagada_en. Di su zona con --time-zone, por ejemplo America/Mexico_City, o --time-zone UTC si así está bien", "the old server's clock seems to be at UTC{}: creada_en differs from pagada_en by that much. Say its zone with --time-zone, for example America/Mexico_City, or --time-zone UTC if it is right as it is"],
            Self::NotStored => ["no se pudo guardar lo leído; lo ya guardado se queda, y el mismo comando sigue desde ahí", "what was read could not be stored; what was stored before stays, and the same command goes on from there"],
            Self::KeyOdd => ["{} no es una clave Fernet: son 44 caracteres en base64", "{} is no Fernet key: those are 44 characters of base64"],
            Self::KeyUnread => ["no se puede leer {}", "{} cannot be read"],
        }
    }
}

impl Language {
    /// A sentence or label with a value in its place.
    #[must_use]
    pub fn import(self, text: ImportText, value: &str) -> String {
        self.choose(text.both()).replacen("{}", value, 1)
    }
}
