//! Network namespaces, joined by cables.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use anyhow::bail;

/// Networks that are tried, so that several runs find room.
const NETWORKS_MAX: u32 = 50;

/// One namespace per site, all joined to one bridge.
#[derive(Debug)]
pub struct Namespaces {
    /// Our own address on the bridge.
    pub address: Ipv4Addr,
    bridge: String,
    sites: Vec<(String, String)>,
}

impl Namespaces {
    /// Makes bridge, namespaces and cables.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn make(sites: usize) -> anyhow::Result<Self> {
        for number in 0..NETWORKS_MAX {
            let third = u8::try_from((std::process::id() + number) % 250)?;
            let bridge = format!("pagosb{third}");
            if ip(&format!("link add {bridge} type bridge")).is_err() {
                continue;
            }
            let mut made = Self { address: Ipv4Addr::new(10, 77, third, 1), bridge, sites: Vec::new() };
            made.build(third, sites)?;
            return Ok(made);
        }
        bail!("no network can be made")
    }

    fn build(&mut self, third: u8, sites: usize) -> anyhow::Result<()> {
        let Self { address, bridge, .. } = self;
        ip(&format!("address add {address}/24 dev {bridge}"))?;
        ip(&format!("link set {bridge} up"))?;
        for site in 0..sites {
            let (space, cable) = (format!("pagoss{third}x{site}"), format!("pagosc{third}x{site}"));
            ip(&format!("netns add {space}"))?;
            self.sites.push((space.clone(), cable.clone()));
            ip(&format!("link add {cable} type veth peer name eth0 netns {space}"))?;
            ip(&format!("link set {cable} master {} up", self.bridge))?;
            ip(&format!("-n {space} address add 10.77.{third}.{}/24 dev eth0", site + 2))?;
            ip(&format!("-n {space} link set lo up"))?;
            ip(&format!("-n {space} link set eth0 up"))?;
        }
        Ok(())
    }

    /// Words that start a program in the namespace of a site.
    #[must_use]
    pub fn prefix(&self, site: usize) -> Vec<String> {
        let space = &self.sites[site].0;
        ["ip", "netns", "exec", space].map(str::to_owned).to_vec()
    }

    /// Pulls the cable of a site out, or puts it back.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&self, site: usize, cut: bool) -> anyhow::Result<()> {
        let state = if cut { "down" } else { "up" };
        ip(&format!("link set {} {state}", self.sites[site].1))
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for (space, cable) in &self.sites {
            let _ = ip(&format!("link del {cable}"));
            let _ = ip(&format!("netns del {space}"));
        }
        let _ = ip(&format!("link del {}", self.bridge));
    }
}

fn ip(words: &str) -> anyhow::Result<()> {
    let mut command = Command::new("ip");
    command.args(words.split(' ')).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status()?.success() {
        bail!("ip {words} failed");
    }
    Ok(())
}
