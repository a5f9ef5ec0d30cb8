//! Users of the administration.

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::domain::role::Role;
use crate::store::users::{self, NewUser, User};
use crate::store::{Store, companies};

/// Whether there is such a role and such a company, and the two go together. Without this a password is not worth hashing.
///
/// # Errors
/// `role_invalid`, `company_required`, `company_not_found`, `company_not_allowed`, in this order, or when the database
/// does not answer.
pub async fn check_role(store: &Store, role: &str, company: Option<&CompanyId>) -> Result<Role, TenantError> {
    let role = Role::parse(role).ok_or(Code::RoleInvalid)?;
    let Some(company) = company else {
        return match role {
            Role::SuperAdmin => Ok(role),
            Role::CompanyAdmin => Err(Code::CompanyRequired.into()),
        };
    };
    if companies::find(&mut store.reader().await?.conn(), company).await?.is_none() {
        return Err(Code::CompanyNotFound.into());
    }
    match role {
        Role::SuperAdmin => Err(Code::CompanyNotAllowed.into()),
        Role::CompanyAdmin => Ok(role),
    }
}

/// Makes a user.
///
/// # Errors
/// `company_not_found`, `email_taken`, or when the database does not do it.
pub async fn create(store: &Store, user: NewUser) -> Result<User, TenantError> {
    let made = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move {
                if let Some(company) = user.company_id.as_deref()
                    && companies::find(conn, &CompanyId::new(company)).await?.is_none()
                {
                    return Err(Code::CompanyNotFound.into());
                }
                users::insert(conn, &user).await?.ok_or_else(|| Code::EmailTaken.into())
            })
        })
        .await?;
    tracing::info!(user.id = made.id, "user made");
    Ok(made)
}

/// Switches a user on or off, whichever it is not; gives what it is now.
///
/// # Errors
/// `self_deactivation`, `user_not_found`, or when the database does not do it.
pub async fn toggle(store: &Store, asking: i64, id: i64) -> Result<bool, TenantError> {
    if asking == id {
        return Err(Code::SelfDeactivation.into());
    }
    let active = store
        .write::<_, TenantError, _>(move |conn| {
            Box::pin(async move { users::toggle(conn, id).await?.ok_or_else(|| Code::UserNotFound.into()) })
        })
        .await?;
    tracing::info!(user.id = id, user.active = active, "user switched");
    Ok(active)
}
