//! `pagos-control-plane attention`: what waits for a person, read from the database beside the running service.

use std::collections::BTreeMap;

use anyhow::Context;

use super::listing::reader;
use super::table::{aligned, dash, printable};
use crate::config::Config;
use crate::domain::money::Money;
use crate::purchase::admin::review::{self, Case, CaseKind};
use crate::seams::Clock;
use crate::store::page::{LIMIT_MAX, Page};
use crate::text::{Language, Phrase};

/// Variables that tell the language of a terminal; the first that is set counts.
const LANGUAGE_VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];
/// Headings, in the order of the columns.
const HEADINGS: [Phrase; 7] = [
    Phrase::ReviewSince,
    Phrase::ReviewCompany,
    Phrase::ReviewTransaction,
    Phrase::ReviewAmount,
    Phrase::ReviewPayment,
    Phrase::ReviewChoices,
    Phrase::ReviewWhat,
];

/// The list as a table.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn list(config: &Config, language: Language) -> anyhow::Result<String> {
    let mut reader = reader(config, language).await?;
    let page = Page { limit: LIMIT_MAX, offset: 0 };
    let (total, cases) = review::cases(&mut reader.conn(), None, page, Clock::System.now())
        .await
        .context("reading what waits for a person")?;
    Ok(table(total, &cases, language))
}

/// The language of a terminal; Spanish when it is neither of ours.
pub(super) fn language(environment: &BTreeMap<String, String>) -> Language {
    let set =
        LANGUAGE_VARIABLES.iter().find_map(|name| environment.get(*name).filter(|text| !text.is_empty()));
    set.map(|text| Language::accepted(&text.replace(['_', '.'], "-"))).unwrap_or_default()
}

fn table(total: i64, cases: &[Case], language: Language) -> String {
    if cases.is_empty() {
        return format!("{}\n", language.phrase(Phrase::ReviewEmpty));
    }
    let head = HEADINGS.map(|phrase| language.phrase(phrase).to_owned());
    let rows: Vec<[String; HEADINGS.len()]> =
        std::iter::once(head).chain(cases.iter().map(|case| row(case, language))).collect();
    let mut text = aligned(&rows);
    let shown = i64::try_from(cases.len()).unwrap_or(i64::MAX);
    if total > shown {
        text.push_str(&format!("… {shown}/{total}\n"));
    }
    text
}

fn row(case: &Case, language: Language) -> [String; HEADINGS.len()] {
    let (transaction, payment) = match &case.kind {
        CaseKind::Purchase { transaction, payment, gateway, .. } => {
            (transaction.to_string(), payment.as_ref().map(|payment| format!("{gateway}/{payment}")))
        }
        CaseKind::StrayPayment { gateway, payment, .. } => {
            (String::new(), Some(format!("{gateway}/{}", printable(payment))))
        }
        CaseKind::UnknownReservation { router, user, .. } => {
            (String::new(), Some(format!("{router}/{}", printable(user))))
        }
        CaseKind::Endpoint { host, .. } => (String::new(), Some(printable(host))),
    };
    let choices: Vec<&str> = case.choices.iter().map(|choice| choice.as_str()).collect();
    let causes: Vec<&str> = case.causes.iter().map(|code| language.code(*code)).collect();
    let money = |amount: Money| format!("{} {}", amount.exact(), amount.currency.code());
    [
        case.since.iso().chars().take(19).collect(),
        case.company.clone(),
        dash(transaction),
        dash(case.amount.map(money).unwrap_or_default()),
        dash(payment.unwrap_or_default()),
        dash(choices.join(",")),
        causes.join(" "),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{language, table};
    use crate::domain::code::Code;
    use crate::domain::money::{Currency, Money};
    use crate::domain::time::Timestamp;
    use crate::purchase::admin::review::{Case, CaseKind};
    use crate::purchase::machine::Choice;
    use crate::text::Language;

    #[test]
    fn columns_stand_below_their_headings() {
        let case = Case {
            kind: CaseKind::StrayPayment {
                gateway: "conekta".into(),
                payment: "ord_1\u{1b}[2J".into(),
                reference: None,
            },
            company: "EMP_0A1B2C3D4E".into(),
            causes: vec![Code::AttentionStrayPayment],
            since: Timestamp(1_772_388_245_123),
            amount: Some(Money { minor: 2000, currency: Currency::Mxn }),
            choices: vec![Choice::Acknowledge],
        };
        let text = table(2, &[case], Language::English);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("WHAT HAPPENED"), lines[1].find("The gateway took"));
        assert!(lines[1].starts_with("2026-03-01T18:04:05  EMP_0A1B2C3D4E  -"), "{text}");
        assert!(
            lines[1].contains("20.00 MXN") && lines[1].contains("conekta/ord_1[2J") && lines[2] == "… 1/2"
        );
        assert_eq!(table(0, &[], Language::Spanish), "Nada espera a una persona.\n");
    }

    #[test]
    fn the_terminal_tells_the_language() {
        let of = |name: &str, value: &str| language(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
        assert_eq!(of("LANG", "en_US.UTF-8"), Language::English);
        assert_eq!(of("LC_ALL", "es_MX.UTF-8"), Language::Spanish);
        assert_eq!(of("LANG", "C.UTF-8"), Language::Spanish);
    }
}
