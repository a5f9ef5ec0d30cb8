//! How many notifications may come in that no signature vouches for.
//!
//! Refused ones are answered so that a real gateway sends them again later.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::domain::bucket::{Buckets, TooMuch};
use crate::domain::id::CompanyId;
use crate::domain::network::neighbourhood;
use crate::domain::time::Timestamp;

/// Hints a minute for one company.
const COMPANY_PER_MINUTE: u32 = 300;
/// Notifications without a company a minute from one address.
const ADDRESS_PER_MINUTE: u32 = 120;
/// Notifications without a company a minute from everywhere.
const ALL_PER_MINUTE: u32 = 1_200;
/// Unfinished notifications that no signature vouches for: of one company, and without a company.
pub(super) const ROOM: i64 = 2_000;

/// Counts them.
#[derive(Debug, Default)]
pub struct Gate(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    companies: Buckets<CompanyId>,
    addresses: Buckets<Option<u64>>,
    all: Buckets<()>,
}

impl Gate {
    /// Counts one hint for a company, or one notification without a company.
    ///
    /// # Errors
    /// [`TooMuch`] when the minute is used up; then nothing is counted.
    pub fn pass(
        &self,
        company: Option<&CompanyId>,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), TooMuch> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(company) = company {
            return counts.companies.take(company.clone(), COMPANY_PER_MINUTE, now);
        }
        counts.all.room(&(), ALL_PER_MINUTE, now)?;
        counts.addresses.take(from.map(neighbourhood), ADDRESS_PER_MINUTE, now)?;
        counts.all.take((), ALL_PER_MINUTE, now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{ADDRESS_PER_MINUTE, ALL_PER_MINUTE, COMPANY_PER_MINUTE, Gate};
    use crate::domain::id::CompanyId;
    use crate::domain::time::Timestamp;

    const NOW: Timestamp = Timestamp(0);

    fn address(last: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(last.into()))
    }

    #[test]
    fn one_address_is_stopped_before_it_uses_up_all_room() {
        let gate = Gate::default();
        let passed = (0..ALL_PER_MINUTE).filter(|_| gate.pass(None, address(1), NOW).is_ok()).count();
        assert_eq!(u32::try_from(passed), Ok(ADDRESS_PER_MINUTE));
        assert!(gate.pass(None, address(2), NOW).is_ok());
        assert!(gate.pass(None, address(1), Timestamp(60_000)).is_ok());
    }

    #[test]
    fn all_addresses_together_have_a_limit() {
        let gate = Gate::default();
        let passed = (0..2 * ALL_PER_MINUTE).filter(|at| gate.pass(None, address(*at), NOW).is_ok()).count();
        assert_eq!(u32::try_from(passed), Ok(ALL_PER_MINUTE));
    }

    #[test]
    fn a_company_has_a_limit_of_its_own() {
        let gate = Gate::default();
        let (one, two) = (CompanyId::new("EMP_1"), CompanyId::new("EMP_2"));
        let passed = (0..1000).filter(|_| gate.pass(Some(&one), None, NOW).is_ok()).count();
        assert_eq!(u32::try_from(passed), Ok(COMPANY_PER_MINUTE));
        assert!(gate.pass(Some(&two), None, NOW).is_ok());
        assert!(gate.pass(None, None, NOW).is_ok());
    }

    #[test]
    fn neighbours_in_an_ipv6_network_count_as_one() {
        let gate = Gate::default();
        let from = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        for at in 0..ADDRESS_PER_MINUTE {
            assert!(gate.pass(None, from(&format!("2001:db8::{at:x}")), NOW).is_ok());
        }
        assert!(gate.pass(None, from("2001:db8::ffff"), NOW).is_err());
        assert!(gate.pass(None, from("2001:db8:1::1"), NOW).is_ok());
    }
}
