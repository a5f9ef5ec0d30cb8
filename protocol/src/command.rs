//! What the control plane asks of a router.

use serde::{Deserialize, Serialize};

use crate::Secret;

/// One command for one router. Delivery is at least once: every action may be carried out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Names this command on its link; the outcome carries it back. A repeat of the same act has a new id.
    pub id: String,
    /// The router to act on (`RTR_…`).
    pub router_id: String,
    /// How long the agent may take, in milliseconds from receipt.
    pub deadline_ms: u64,
    /// What to do.
    pub action: Action,
}

/// Which purchase an action serves, and how new the decision behind it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRef {
    /// The purchase (`TRX_…`).
    pub id: String,
    /// Grows with each new decision about the purchase. An agent refuses one older than the newest it has journalled.
    pub version: u64,
}

/// The acts an agent knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Create the hotspot user of a purchase, marked as a reservation. Finding its own mark counts as done.
    Reserve(Reserve),
    /// The purchase is paid: enable the user and take the reservation's mark away.
    Confirm(Confirm),
    /// The purchase ended unpaid: remove the user, its sessions and its cookies. Nothing there counts as done.
    Release(Release),
    /// The purchase was paid and given back: disable the user, end its sessions and remove its cookies. The user stays.
    /// Nothing there counts as done.
    Revoke(Revoke),
    /// Open a session for a device of a paid user and see it in the active table.
    Login(Login),
    /// Let a device in whose user gives name and password, though it may have another MAC than before.
    Reconnect(Reconnect),
    /// Report the hotspot user who gives name and password, and what of its profile concerns its devices.
    CheckUser {
        /// Name and password.
        credentials: Credentials,
    },
    /// Report one hotspot user by exact name.
    DescribeUser {
        /// Exact user name.
        name: String,
    },
    /// Report the hotspot users of these names.
    DescribeUsers {
        /// Exact user names, at most [`crate::site::NAMES_MAX`].
        names: Vec<String>,
    },
    /// Report the user profiles of the router.
    ListProfiles,
    /// Report identity and version of the router.
    Probe,
    /// Take over new address or login of the router.
    SetRouter(RouterSettings),
    /// An action of a newer control plane; answered with `unsupported`.
    #[serde(other)]
    Unknown,
}

/// See [`Action::Reserve`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// The purchase this is for.
    pub purchase: PurchaseRef,
    /// Hotspot user name, exactly as it will be shown.
    pub name: String,
    /// Password; empty for a PIN user.
    pub password: Secret,
    /// Exact profile name.
    pub profile: String,
    /// Whether the user is created enabled. A PIN user is not: its name alone would open the door.
    pub enabled: bool,
}

/// See [`Action::Confirm`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// The purchase this is for.
    pub purchase: PurchaseRef,
    /// User name that was reserved.
    pub name: String,
    /// Exact profile name that was reserved.
    pub profile: String,
}

/// See [`Action::Release`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The purchase this is for.
    pub purchase: PurchaseRef,
    /// User name that may have been reserved.
    pub name: String,
    /// Exact profile name, when the user may have been confirmed: it then carries no mark, and an agent that has lost its
    /// journal knows it by name and profile. Empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile: String,
}

/// See [`Action::Revoke`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// The purchase this is for.
    pub purchase: PurchaseRef,
    /// User name that was sold.
    pub name: String,
}

/// See [`Action::Login`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The purchase this is for.
    pub purchase: PurchaseRef,
    /// User name.
    pub name: String,
    /// Password; empty for a PIN user.
    pub password: Secret,
    /// MAC of the device, upper case with colons.
    pub mac: String,
    /// IPv4 of the device as the portal saw it, if it did.
    pub ip: Option<String>,
}

/// What somebody gives to be let in, and what we know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// User name.
    pub name: String,
    /// Password as given; empty for a PIN user.
    pub password: Secret,
    /// Password that the user was sold with; none when it was not sold here. It counts where the router hides its own.
    pub sold: Option<Secret>,
}

/// See [`Action::Reconnect`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconnect {
    /// Who wants to be let in.
    pub credentials: Credentials,
    /// MAC of the device, upper case with colons.
    pub mac: String,
    /// IPv4 of the device as the portal saw it, if it did.
    pub ip: Option<String>,
}

/// Address and login of one router. The agent keeps the newest version it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterSettings {
    /// The router (`RTR_…`).
    pub router_id: String,
    /// Grows with each change an operator makes.
    pub version: u64,
    /// Host name or address on the site's network.
    pub host: String,
    /// TCP port; 8729 means TLS, anything else plain.
    pub port: u16,
    /// RouterOS user.
    pub username: String,
    /// RouterOS password.
    pub password: Secret,
}
