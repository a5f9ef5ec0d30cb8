//! How many notifications may come in.
//!
//! Refused ones are answered so that a real gateway sends them again later. What somebody may send who only knows an address
//! or the id of a payment must not use up what the gateway needs.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::bucket::{Buckets, TooMuch};
use crate::domain::id::CompanyId;
use crate::domain::network::neighbourhood;
use crate::domain::time::Timestamp;

/// Notifications with a good signature a minute for one company.
const VERIFIED_PER_MINUTE: u32 = 1_200;
/// Hints a minute for one company, at its own address and at the shared ones.
const COMPANY_PER_MINUTE: u32 = 300;
/// Hints a minute for one company from one address at the shared ones.
const COMPANY_ADDRESS_PER_MINUTE: u32 = 60;
/// Notifications without a company a minute from one address.
const ADDRESS_PER_MINUTE: u32 = 120;
/// Notifications without a company a minute from everywhere.
const ALL_PER_MINUTE: u32 = 1_200;
/// Unfinished notifications that no signature vouches for: of one company, and without a company.
pub(super) const ROOM: i64 = 2_000;
/// Unfinished notifications of one company with a good signature.
pub(super) const ROOM_VERIFIED: i64 = 20_000;

/// What speaks for a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its signature.
    Verified,
    /// That it came to the company's own address, which cannot be guessed.
    OwnAddress,
    /// Nothing.
    Shared,
}

/// Counts them.
#[derive(Debug, Default)]
pub struct Gate(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    companies: Buckets<(CompanyId, Standing)>,
    addresses: Buckets<(Option<CompanyId>, Option<u64>)>,
    all: Buckets<()>,
}

impl Gate {
    /// Counts one notification for a company.
    ///
    /// # Errors
    /// [`TooMuch`] when the minute is used up; then nothing is counted.
    pub fn pass(
        &self,
        company: &CompanyId,
        standing: Standing,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), TooMuch> {
        let mut counts = self.lock();
        let per_minute = match standing {
            Standing::Verified => VERIFIED_PER_MINUTE,
            Standing::OwnAddress | Standing::Shared => COMPANY_PER_MINUTE,
        };
        let whole = (company.clone(), standing);
        if standing == Standing::Shared {
            counts.companies.room(&whole, per_minute, now)?;
            let part = (Some(company.clone()), from.map(neighbourhood));
            counts.addresses.take(part, COMPANY_ADDRESS_PER_MINUTE, now)?;
        }
        counts.companies.take(whole, per_minute, now)
    }

    /// Counts one notification without a company.
    ///
    /// # Errors
    /// [`TooMuch`] when the minute is used up; then nothing is counted.
    pub fn pass_unknown(&self, from: Option<IpAddr>, now: Timestamp) -> Result<(), TooMuch> {
        let mut counts = self.lock();
        counts.all.room(&(), ALL_PER_MINUTE, now)?;
        counts.addresses.take((None, from.map(neighbourhood)), ADDRESS_PER_MINUTE, now)?;
        counts.all.take((), ALL_PER_MINUTE, now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{
        ADDRESS_PER_MINUTE, ALL_PER_MINUTE, COMPANY_ADDRESS_PER_MINUTE, COMPANY_PER_MINUTE, Gate, Standing,
        VERIFIED_PER_MINUTE,
    };
    use crate::domain::id::CompanyId;
    use crate::domain::time::Timestamp;

    const NOW: Timestamp = Timestamp(0);

    fn address(last: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(last.into()))
    }

    #[test]
    fn one_address_is_stopped_before_it_uses_up_all_room() {
        let gate = Gate::default();
        let passed = (0..ALL_PER_MINUTE).filter(|_| gate.pass_unknown(address(1), NOW).is_ok()).count();
        assert_eq!(u32::try_from(passed), Ok(ADDRESS_PER_MINUTE));
        assert!(gate.pass_unknown(address(2), NOW).is_ok());
        assert!(gate.pass_unknown(address(1), Timestamp(60_000)).is_ok());
    }

    #[test]
    fn all_addresses_together_have_a_limit() {
        let gate = Gate::default();
        let passed =
            (0..2 * ALL_PER_MINUTE).filter(|at| gate.pass_unknown(address(*at), NOW).is_ok()).count();
        assert_eq!(u32::try_from(passed), Ok(ALL_PER_MINUTE));
    }

    #[test]
    fn a_company_has_limits_of_its_own() {
        let gate = Gate::default();
        let (one, two) = (CompanyId::new("EMP_1"), CompanyId::new("EMP_2"));
        for (standing, most) in
            [(Standing::Verified, VERIFIED_PER_MINUTE), (Standing::OwnAddress, COMPANY_PER_MINUTE)]
        {
            let passed = (0..2 * most).filter(|_| gate.pass(&one, standing, address(1), NOW).is_ok()).count();
            assert_eq!(u32::try_from(passed), Ok(most));
            assert!(gate.pass(&two, standing, address(1), NOW).is_ok());
        }
        assert!(gate.pass_unknown(None, NOW).is_ok());
    }

    #[test]
    fn forged_hints_leave_room_for_others_and_for_the_own_address() {
        let gate = Gate::default();
        let company = CompanyId::new("EMP_1");
        let shared = |last| gate.pass(&company, Standing::Shared, address(last), NOW).is_ok();
        let passed = (0..COMPANY_PER_MINUTE).filter(|_| shared(1)).count();
        assert_eq!(u32::try_from(passed), Ok(COMPANY_ADDRESS_PER_MINUTE));
        assert!(shared(2));
        let passed = (0..10 * COMPANY_PER_MINUTE).filter(|at| shared(*at)).count();
        assert!(passed < 1_000, "{passed}");
        assert!(!shared(9_999_999));
        for standing in [Standing::OwnAddress, Standing::Verified] {
            assert!(gate.pass(&company, standing, address(1), NOW).is_ok());
        }
    }

    #[test]
    fn neighbours_in_an_ipv6_network_count_as_one() {
        let gate = Gate::default();
        let from = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        for at in 0..ADDRESS_PER_MINUTE {
            assert!(gate.pass_unknown(from(&format!("2001:db8::{at:x}")), NOW).is_ok());
        }
        assert!(gate.pass_unknown(from("2001:db8::ffff"), NOW).is_err());
        assert!(gate.pass_unknown(from("2001:db8:1::1"), NOW).is_ok());
    }
}
