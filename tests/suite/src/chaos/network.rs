//! The links between sites and control plane, to be cut.
//!
//! As root each agent lives in a network namespace of its own, joined to ours by a cable (veth) whose end is pulled out:
//! packets vanish, nobody is told. Otherwise each agent dials a proxy that breaks connections and refuses new ones.

mod namespace;
mod proxy;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::Context as _;
use namespace::Namespaces;
use proxy::Proxy;
use serde_json::Value;

/// The links of all sites.
#[derive(Debug)]
pub enum Network {
    /// Cables between namespaces.
    Namespaces(Namespaces),
    /// Proxies, one per site; made once it is known where agents dial.
    Proxies(Vec<Proxy>),
}

impl Network {
    /// Namespaces where that is possible, for so many sites.
    #[must_use]
    pub fn make(sites: usize) -> Self {
        Namespaces::make(sites).map_or_else(|_| Self::Proxies(Vec::new()), Self::Namespaces)
    }

    /// How links are cut.
    #[must_use]
    pub const fn describe(&self) -> &'static str {
        match self {
            Self::Namespaces(_) => "agents in network namespaces, cables pulled",
            Self::Proxies(_) => "not root: agents dial through proxies that break connections",
        }
    }

    /// Where sites reach control plane and routers.
    #[must_use]
    pub const fn site_address(&self) -> IpAddr {
        match self {
            Self::Namespaces(spaces) => IpAddr::V4(spaces.address),
            Self::Proxies(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// Words before the agent's own, to start it on its side of the link.
    #[must_use]
    pub fn agent_prefix(&self, site: usize) -> Vec<String> {
        match self {
            Self::Namespaces(spaces) => spaces.prefix(site),
            Self::Proxies(_) => Vec::new(),
        }
    }

    /// Lets the enrolled agent in `agent_dir` use the link of its site from its next start on.
    ///
    /// # Errors
    /// When what it remembers cannot be changed.
    pub async fn join(&mut self, agent_dir: &Path) -> anyhow::Result<()> {
        let Self::Proxies(proxies) = self else { return Ok(()) };
        let path = agent_dir.join("link.json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let mut link: Value = serde_json::from_str(&text)?;
        let target = link["address"].as_str().context("the agent knows whom to dial")?.to_owned();
        let proxy = Proxy::start(target).await?;
        link["address"] = format!("127.0.0.1:{}", proxy.port).into();
        std::fs::write(&path, link.to_string())?;
        proxies.push(proxy);
        Ok(())
    }

    /// Cuts the link of a site, or joins it again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&self, site: usize, cut: bool) -> anyhow::Result<()> {
        match self {
            Self::Namespaces(spaces) => spaces.cut(site, cut),
            Self::Proxies(proxies) => {
                proxies.get(site).context("the site has a proxy")?.cut(cut);
                Ok(())
            }
        }
    }
}
