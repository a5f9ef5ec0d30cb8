//! The round over all tables: read, judge, write, in batches that are each a transaction of their own.

use std::sync::Arc;

use super::fernet::Key;
use super::rows::{Parents, Reading, Sealing};
use super::source::Source;
use super::zone::Zone;
use super::{Count, ImportError, Table, Trouble, Witness, clash};
use crate::seams::{Clock, Random};
use crate::store::import::{self, Clash, Row, Verdict};
use crate::store::{Reader, Store, StoreError, counts};
use crate::text::import::ImportText;
use crate::vault::Vault;

/// What old rows are read with.
pub struct Settings {
    /// The zone of the old server's clock.
    pub zone: Zone,
    /// The key of old secrets.
    pub fernet: Option<Key>,
}

/// Where the rows go.
pub enum Target {
    /// Nowhere: there is no database of ours yet.
    Nothing,
    /// Nowhere: they are only compared with what is here.
    Look(Reader),
    /// Into our database.
    Write(Writing),
}

/// A database to be written.
pub struct Writing {
    /// The database.
    pub store: Store,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// Chance.
    pub random: Random,
    /// Time.
    pub clock: Clock,
}

/// Rows on their way.
struct Batch {
    ids: Vec<String>,
    rows: Arc<Vec<Row>>,
    troubles: Vec<Trouble>,
    read: u64,
    last: Option<String>,
}

/// Takes everything over, or tells what would be taken.
///
/// # Errors
/// When one of the databases fails; what was taken until then stays, and the next run goes on from there.
pub async fn run(
    source: &mut Source,
    target: &mut Target,
    settings: &Settings,
    witness: &mut (dyn Witness + Send),
) -> Result<Vec<Count>, ImportError> {
    target.make_room().await?;
    let mut parents = Parents::default();
    let mut counts = Vec::with_capacity(Table::ALL.len());
    for table in Table::ALL {
        let mut count = Count::of(table);
        count.exists = source.has(table).await?;
        if count.exists {
            let (total, largest) = source.extent(table).await?;
            raise(target, table, largest).await?;
            let mut round = Round { source, settings, parents: &mut parents, count, witness };
            round.table(target, u64::try_from(total).unwrap_or(0)).await?;
            count = round.count;
        }
        counts.push(count);
    }
    if counts.iter().any(|count| count.table == Table::Transactions && count.taken > 0) {
        target.tell_planner().await?;
    }
    Ok(counts)
}

struct Round<'a> {
    source: &'a mut Source,
    settings: &'a Settings,
    parents: &'a mut Parents,
    count: Count,
    witness: &'a mut (dyn Witness + Send),
}

impl Round<'_> {
    /// While one batch is written, the next one is read.
    async fn table(&mut self, target: &mut Target, total: u64) -> Result<(), ImportError> {
        let table = self.count.table;
        let sealing = target.sealing_parts();
        let mut largest_product = 0;
        let mut batch = self.next(&sealing, None).await?;
        while let Some(last) = batch.last.clone() {
            let next = self.next(&sealing, Some(&last));
            let (verdicts, following) = tokio::join!(target.settle(batch.rows.clone()), next);
            let following = following?;
            largest_product = largest_product.max(largest_product_of(&batch.rows));
            self.account(&batch, &verdicts?);
            self.witness.progress(&self.count, total);
            batch = following;
        }
        match table {
            Table::Users => self.name_namesakes().await?,
            // A product that is gone must not lend its number to a new one.
            Table::Transactions => raise(target, Table::Products, largest_product).await?,
            Table::Companies | Table::Routers | Table::Keys | Table::Products => {}
        }
        Ok(())
    }

    /// The batch that comes after a key.
    async fn next(
        &mut self,
        sealing: &Option<SealingParts>,
        after: Option<&str>,
    ) -> Result<Batch, ImportError> {
        let table = self.count.table;
        let page = self.source.page(table, after).await?;
        let reading = Reading {
            parents: self.parents,
            zone: &self.settings.zone,
            fernet: self.settings.fernet.as_ref(),
            sealing: sealing.as_ref().map(SealingParts::borrowed),
        };
        let (mut ids, mut rows, mut troubles) = (Vec::with_capacity(page.len()), Vec::new(), Vec::new());
        for old in &page {
            let (row, notes) = reading.row(table, old);
            troubles.extend(notes);
            if let Some(row) = row {
                rows.push(row);
                ids.push(old.id.clone());
            }
        }
        let (read, last) = (page.len() as u64, page.last().map(|old| old.id.clone()));
        Ok(Batch { ids, rows: Arc::new(rows), troubles, read, last })
    }

    fn account(&mut self, batch: &Batch, verdicts: &[Verdict]) {
        let table = self.count.table;
        self.count.read += batch.read;
        for trouble in &batch.troubles {
            self.tell(trouble);
        }
        for ((id, row), verdict) in batch.ids.iter().zip(batch.rows.iter()).zip(verdicts) {
            if verdict.is_here() {
                self.parents.remember(row);
            }
            match verdict {
                Verdict::Absent => self.count.taken += 1,
                Verdict::Known => self.count.known += 1,
                Verdict::Renumbered => {
                    self.count.taken += 1;
                    self.tell(&Trouble::note(table, id, "id", ImportText::Renumbered));
                }
                Verdict::Namesake => {
                    self.count.known += 1;
                    self.tell(&Trouble::note(table, id, "email", ImportText::UserHere));
                }
                Verdict::Clash(why) => self.tell(&Trouble::refused(table, id, "", clash(*why))),
            }
        }
    }

    fn tell(&mut self, trouble: &Trouble) {
        if trouble.taken {
            self.count.notes += 1;
        } else {
            self.count.refused += 1;
        }
        self.witness.trouble(trouble);
    }

    /// Logging in tells capitals apart; people often do not.
    async fn name_namesakes(&mut self) -> Result<(), ImportError> {
        for id in self.source.namesakes().await? {
            self.tell(&Trouble::note(Table::Users, &id, "email", ImportText::EmailAlike));
        }
        Ok(())
    }
}

fn largest_product_of(rows: &[Row]) -> i64 {
    let product = |row: &Row| match row {
        Row::Transaction(transaction) => transaction.product_id,
        Row::Company(_) | Row::User(_) | Row::Router(_) | Row::Key(_) | Row::Product(_) => None,
    };
    rows.iter().filter_map(product).max().unwrap_or(0)
}

/// Our numbers go on above the old ones, also above those of rows that cannot be taken.
async fn raise(target: &mut Target, table: Table, largest: i64) -> Result<(), ImportError> {
    let (Target::Write(writing), Some(sequence)) = (target, table.sequence()) else { return Ok(()) };
    let raise = writing.store.write::<_, StoreError, _>(move |conn| {
        Box::pin(async move { import::raise_sequence(conn, sequence, largest).await })
    });
    Ok(raise.await?)
}

/// Handles of what seals, apart from the database that is being written.
struct SealingParts {
    vault: Arc<Vault>,
    random: Random,
    clock: Clock,
}

impl SealingParts {
    fn borrowed(&self) -> Sealing<'_> {
        Sealing { vault: &self.vault, random: &self.random, clock: &self.clock }
    }
}

impl Target {
    fn sealing_parts(&self) -> Option<SealingParts> {
        match self {
            Self::Nothing | Self::Look(_) => None,
            Self::Write(writing) => Some(SealingParts {
                vault: writing.vault.clone(),
                random: writing.random.clone(),
                clock: writing.clock.clone(),
            }),
        }
    }

    async fn make_room(&self) -> Result<(), StoreError> {
        match self {
            Self::Nothing | Self::Look(_) => Ok(()),
            Self::Write(writing) => {
                let made = writing
                    .store
                    .write::<_, StoreError, _>(|conn| Box::pin(async move { import::make_room(conn).await }));
                made.await
            }
        }
    }

    /// Autovacuum would do so within a minute; the first lists are asked for before.
    async fn tell_planner(&self) -> Result<(), StoreError> {
        match self {
            Self::Nothing | Self::Look(_) => Ok(()),
            Self::Write(writing) => {
                let told = writing
                    .store
                    .write::<_, StoreError, _>(|conn| Box::pin(async move { counts::analyze(conn).await }));
                told.await
            }
        }
    }

    async fn settle(&mut self, rows: Arc<Vec<Row>>) -> Result<Vec<Verdict>, StoreError> {
        match self {
            Self::Nothing => Ok(vec![Verdict::Absent; rows.len()]),
            Self::Look(reader) => import::judge(&mut reader.conn(), &rows).await,
            Self::Write(writing) => writing.take(rows).await,
        }
    }
}

impl Writing {
    /// Together; one by one when the database refuses one of them, so that the others are taken.
    async fn take(&self, rows: Arc<Vec<Row>>) -> Result<Vec<Verdict>, StoreError> {
        let all = rows.clone();
        let together = self
            .store
            .write::<_, StoreError, _>(move |conn| Box::pin(async move { import::take(conn, &all).await }))
            .await;
        match together {
            Err(error) if error.is_constraint() => {}
            settled => return settled,
        }
        let mut verdicts = Vec::with_capacity(rows.len());
        for at in 0..rows.len() {
            let all = rows.clone();
            let single = self.store.write::<_, StoreError, _>(move |conn| {
                Box::pin(async move { import::take(conn, &all[at..=at]).await })
            });
            match single.await {
                Ok(settled) => verdicts.extend(settled),
                Err(error) if error.is_constraint() => verdicts.push(Verdict::Clash(Clash::Refused)),
                Err(error) => return Err(error),
            }
        }
        Ok(verdicts)
    }
}
