//! What users may do.

/// The role of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs the platform.
    SuperAdmin,
    /// Runs one company.
    CompanyAdmin,
}

impl Role {
    /// The role as it is stored and travels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::CompanyAdmin => "cliente_admin",
        }
    }

    /// Reads a role.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::SuperAdmin, Self::CompanyAdmin].into_iter().find(|role| role.as_str() == text)
    }
}
