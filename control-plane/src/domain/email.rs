//! E-mail addresses: syntax only, nothing is looked up.

/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 254;
/// Longest part before the `@`, in bytes.
const LOCAL_BYTES_MAX: usize = 64;
/// Longest label of a domain, in bytes.
const LABEL_BYTES_MAX: usize = 63;
/// What an unquoted local part may hold besides letters, digits and characters beyond ASCII.
const LOCAL_SYMBOLS: &str = "!#$%&'*+/=?^_`{|}~-.";

/// Reads an address; the domain part comes out in lower case, the local part as it is.
#[must_use]
pub fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let domain = domain.to_lowercase();
    let good = text.len() <= ADDRESS_BYTES_MAX && is_local(local) && is_domain(&domain);
    good.then(|| format!("{local}@{domain}"))
}

fn is_local(local: &str) -> bool {
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    !local.is_empty()
        && local.len() <= LOCAL_BYTES_MAX
        && !dots
        && local.chars().all(|character| {
            character.is_ascii_alphanumeric()
                || LOCAL_SYMBOLS.contains(character)
                || (!character.is_ascii() && character.is_alphanumeric())
        })
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let last_is_a_name = labels.last().is_some_and(|label| !label.bytes().all(|byte| byte.is_ascii_digit()));
    labels.len() >= 2 && last_is_a_name && labels.into_iter().all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|character| character.is_alphanumeric() || character == '-')
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_domain_is_lower_cased_and_the_rest_kept() {
        assert_eq!(parse("Ana.Ruiz+wifi@Example.ORG").as_deref(), Some("Ana.Ruiz+wifi@example.org"));
        assert_eq!(parse("ñandú@correo.mx").as_deref(), Some("ñandú@correo.mx"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "a",
            "a@b",
            "@b.mx",
            "a@",
            "a@.mx",
            "a@b..mx",
            "a b@c.mx",
            ".a@b.mx",
            "a@-b.mx",
            "a@1.2.3.4",
            &long,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
