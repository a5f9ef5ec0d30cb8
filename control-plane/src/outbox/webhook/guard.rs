//! Which addresses the name of an endpoint may lead to.
//!
//! The client asks here whenever it connects, and connects to what it is told: there is no moment between looking and
//! connecting in which a name could come to mean something else.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::target::is_public;

/// Most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// All addresses of `host`.
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Lookup for System {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A name leads into a private network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads into a private network")]
pub struct Refused;

/// Resolves names, and refuses those that lead where they must not.
#[derive(Clone)]
pub struct Guard {
    lookup: Arc<dyn Lookup>,
    /// Which addresses are good; none when all are.
    good: Option<fn(IpAddr) -> bool>,
}

impl Guard {
    /// Lets names lead to hosts of the internet only.
    #[must_use]
    pub fn public_only(lookup: Arc<dyn Lookup>) -> Self {
        Self::only(lookup, is_public)
    }

    /// Lets names lead to addresses for which `good` holds.
    #[must_use]
    pub fn only(lookup: Arc<dyn Lookup>, good: fn(IpAddr) -> bool) -> Self {
        Self { lookup, good: Some(good) }
    }

    /// Lets names lead anywhere, because the operator wants that.
    #[must_use]
    pub fn open(lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, good: None }
    }

    /// Whether private targets are allowed.
    #[must_use]
    pub const fn allows_private(&self) -> bool {
        self.good.is_none()
    }

    /// What of the answer may be connected to. One bad address spoils it: who mixes them is up to something.
    fn checked(&self, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Refused> {
        let all_good = self.good.is_none_or(|good| addresses.iter().all(|address| good(*address)));
        if all_good { Ok(addresses) } else { Err(Refused) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, looking) = (self.clone(), self.lookup.addresses(name.as_str().to_owned()));
        Box::pin(async move {
            let addresses = guard.checked(looking.await?)?;
            let dialled =
                addresses.into_iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(address, 0));
            let dialled: Addrs = Box::new(dialled);
            Ok(dialled)
        })
    }
}
