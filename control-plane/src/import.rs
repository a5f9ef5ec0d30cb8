//! Takes over the database of the service that we replace.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | the old database: read only, in one snapshot, page by page |
//! | `fields` | one old row, read tolerantly |
//! | [`fernet`], [`zone`] | how old secrets open; what its server's clock meant |
//! | `rows` | an old row becomes one of ours, or a reason why not |
//! | [`run`] | the round over all tables |
//!
//! Everything may be done again: what is here already is left alone, so an import that was cut goes on where it was, and a
//! second one changes nothing. Memory does not grow with the number of users, products or transactions.

pub mod fernet;
mod fields;
mod rows;
pub mod run;
pub mod source;
pub mod zone;

use crate::store::StoreError;
use crate::store::import::Clash;
use crate::text::import::ImportText;

/// Why an import could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The address of the old database cannot be read.
    #[error("address of the old database cannot be read")]
    OldAddress(#[source] sqlx::Error),
    /// The old database does not answer, or not as it should.
    #[error("old database cannot be read")]
    OldDatabase(#[source] sqlx::Error),
    /// There is a database, but none of the replaced service.
    #[error("old database has no table empresas")]
    OtherDatabase,
    /// The server knows no such zone.
    #[error("old database server knows no time zone {name}")]
    Zone {
        /// What was given.
        name: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// Our database does not do its part.
    #[error("imported rows could not be stored")]
    Store(#[from] StoreError),
}

/// A table of the old database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Companies.
    Companies,
    /// Users of the administration.
    Users,
    /// Routers.
    Routers,
    /// API keys.
    Keys,
    /// Products.
    Products,
    /// Transactions.
    Transactions,
}

impl Table {
    /// Every table, each after those that it names.
    pub const ALL: [Self; 6] =
        [Self::Companies, Self::Users, Self::Routers, Self::Keys, Self::Products, Self::Transactions];

    /// Its name there.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Companies => "empresas",
            Self::Users => "usuarios",
            Self::Routers => "routers",
            Self::Keys => "api_keys_tracking",
            Self::Products => "productos",
            Self::Transactions => "transacciones",
        }
    }

    const fn is_numbered(self) -> bool {
        match self {
            Self::Users | Self::Products | Self::Transactions => true,
            Self::Companies | Self::Routers | Self::Keys => false,
        }
    }

    /// Our sequence for its numbers.
    const fn sequence(self) -> Option<&'static str> {
        match self {
            Self::Users => Some("users"),
            Self::Products => Some("products"),
            Self::Transactions => Some("transactions"),
            Self::Companies | Self::Routers | Self::Keys => None,
        }
    }
}

/// Something about one row that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The row's table.
    pub table: Table,
    /// The row's key there.
    pub id: String,
    /// The column; empty when it is about the whole row.
    pub column: &'static str,
    /// What it is. Never the value: it may be a secret.
    pub what: ImportText,
    /// Whether the row is taken all the same.
    pub taken: bool,
}

impl Trouble {
    fn refused(table: Table, id: &str, column: &'static str, what: ImportText) -> Self {
        Self { table, id: id.to_owned(), column, what, taken: false }
    }

    fn note(table: Table, id: &str, column: &'static str, what: ImportText) -> Self {
        Self { table, id: id.to_owned(), column, what, taken: true }
    }
}

const fn clash(clash: Clash) -> ImportText {
    match clash {
        Clash::Id => ImportText::IdTaken,
        Clash::Email => ImportText::EmailTaken,
        Clash::Key => ImportText::KeyTaken,
        Clash::Profile => ImportText::ProfileTaken,
        Clash::Payment => ImportText::PaymentTaken,
        Clash::Refused => ImportText::Refused,
    }
}

/// What became of the rows of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The table.
    pub table: Table,
    /// Whether the old database has it.
    pub exists: bool,
    /// Rows read.
    pub read: u64,
    /// Rows taken, or to be taken.
    pub taken: u64,
    /// Rows that were here already.
    pub known: u64,
    /// Rows that cannot be taken.
    pub refused: u64,
    /// Notes about rows that are taken all the same.
    pub notes: u64,
}

impl Count {
    const fn of(table: Table) -> Self {
        Self { table, exists: true, read: 0, taken: 0, known: 0, refused: 0, notes: 0 }
    }
}

/// Looks on while an import goes.
pub trait Witness {
    /// Something about a row.
    fn trouble(&mut self, trouble: &Trouble);
    /// So many rows of a table are done, of so many.
    fn progress(&mut self, count: &Count, total: u64);
}
