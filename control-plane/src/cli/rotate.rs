//! `pagos-control-plane rotate-master-key`.

use std::io::Write as _;

use anyhow::Context;

use crate::config::Config;
use crate::installation;
use crate::rotation::reseal;
use crate::seams::{Clock, Random};
use crate::text::Language;
use crate::text::shell::ShellText;
use crate::vault::{Vault, add_key, retire_keys};

/// Makes a new master key, seals everything with it, and takes the old one out of the key file. One that was cut goes on.
///
/// # Errors
/// When a service runs, or something does not open or cannot be written; nothing is lost then, and it can be begun again.
pub(super) async fn rotate(config: &Config, language: Language) -> anyhow::Result<String> {
    let (clock, random) = (Clock::default(), Random::default());
    let ours = installation::open_alone(config, &clock, &random).await?;
    let file = config.key_file();
    if ours.vault.key_count() > 1 {
        let _ = writeln!(std::io::stderr(), "{}", language.shell(ShellText::RotationGoesOn, ""));
    } else {
        add_key(&file, &random)?;
    }
    let vault = Vault::open(&file, &random)?;
    let count = reseal(&ours.store, &vault).await.context("sealing everything with the new master key")?;
    let kept = retire_keys(&file, &random)?;
    let mut lines = vec![language.shell(ShellText::Rotated, &count.to_string())];
    lines.extend(kept.map(|kept| language.shell(ShellText::KeysKept, &kept.display().to_string())));
    Ok(format!("{}\n", lines.join("\n")))
}
