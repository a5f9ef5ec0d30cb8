//! The words of a message to a chat.

use std::fmt::Write;

use crate::domain::alert::Alert;
use crate::domain::code::Code;
use crate::domain::money::Money;
use crate::text::{Language, Phrase};

/// Longest value shown, in characters; all of them together stay far below Telegram's limit of 4096.
const VALUE_CHARS_MAX: usize = 200;

/// What the chat of a company is told. `password` is of the user sold, if the company wants it told.
#[must_use]
pub fn text(company: &str, alert: &Alert, password: Option<&str>, language: Language) -> String {
    let mut lines = Lines { text: String::new(), language };
    match alert {
        Alert::SaleApproved { product, price, customer, transaction, user, .. } => {
            lines.title(Phrase::AlertSaleApproved);
            lines.sale(company, product, *price);
            lines.value(Phrase::AlertCustomer, customer);
            lines.value(Phrase::AlertTransaction, transaction);
            lines.value(Phrase::AlertUser, user);
            if let Some(password) = password.filter(|password| !password.is_empty()) {
                lines.value(Phrase::AlertPassword, password);
            }
        }
        Alert::SaleRejected { product, price, customer, code } => {
            lines.title(Phrase::AlertSaleRejected);
            lines.sale(company, product, *price);
            lines.value(Phrase::AlertCustomer, customer);
            lines.code(Phrase::AlertReason, code);
        }
        Alert::SaleReversed { product, amount, transaction, state } => {
            lines.title(Phrase::AlertSaleReversed);
            lines.sale(company, product, *amount);
            lines.value(Phrase::AlertTransaction, transaction);
            lines.value(Phrase::AlertState, state);
        }
        Alert::PersonNeeded { product, price, transaction, code } => {
            lines.title(Phrase::AlertPersonNeeded);
            lines.sale(company, product, *price);
            lines.value(Phrase::AlertTransaction, transaction);
            lines.code(Phrase::AlertReason, code);
        }
        Alert::EndpointOff { host, since } => {
            lines.title(Phrase::AlertEndpointOff);
            lines.value(Phrase::AlertCompany, company);
            lines.value(Phrase::AlertAddress, host);
            lines.value(Phrase::AlertFailingSince, &since.iso());
        }
        Alert::Test => {
            lines.title(Phrase::AlertTest);
            lines.value(Phrase::AlertCompany, company);
        }
    }
    lines.text
}

/// A message being written.
struct Lines {
    text: String,
    language: Language,
}

impl Lines {
    fn title(&mut self, title: Phrase) {
        // Writing to a text cannot fail.
        let _ = write!(self.text, "<b>{}</b>", self.language.phrase(title));
    }

    fn sale(&mut self, company: &str, product: &str, amount: Money) {
        self.value(Phrase::AlertCompany, company);
        self.value(Phrase::AlertProduct, product);
        self.value(Phrase::AlertAmount, &format!("{} {}", amount.exact(), amount.currency.code()));
    }

    fn value(&mut self, label: Phrase, value: &str) {
        let value = escaped(value);
        let _ = write!(self.text, "\n{}: {value}", self.language.phrase(label));
    }

    fn code(&mut self, label: Phrase, code: &str) {
        let sentence = Code::parse(code).map_or(code, |code| self.language.code(code));
        self.value(label, sentence);
    }
}

/// A value that is not too long and in which nothing means anything to Telegram.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let too_long = value.chars().nth(VALUE_CHARS_MAX).is_some();
    for letter in value.chars().take(VALUE_CHARS_MAX) {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            letter if letter.is_control() => text.push(' '),
            letter => text.push(letter),
        }
    }
    if too_long {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{escaped, text};
    use crate::domain::alert::Alert;
    use crate::domain::id::PurchaseId;
    use crate::domain::money::{Currency, Money};
    use crate::domain::time::Timestamp;
    use crate::text::Language;

    const PRICE: Money = Money { minor: 2_000, currency: Currency::Mxn };

    fn approved(customer: &str) -> Alert {
        Alert::SaleApproved {
            product: "Una hora".into(),
            price: PRICE,
            customer: customer.into(),
            transaction: "ord_1".into(),
            user: "PT-7KQ2M".into(),
            purchase: PurchaseId::new("TRX_1"),
        }
    }

    fn spanish(alert: &Alert, password: Option<&str>) -> String {
        text("Red <Parque> & Co", alert, password, Language::Spanish)
    }

    #[test]
    fn a_sale_tells_the_password_only_when_it_is_given_one() {
        let sale = "<b>Venta aprobada</b>\nEmpresa: Red &lt;Parque&gt; &amp; Co\nPlan: Una hora\nMonto: 20.00 MXN\n\
                    Cliente: Ana &lt;b&gt;\nTransacción: ord_1\nUsuario: PT-7KQ2M";
        assert_eq!(spanish(&approved("Ana <b>"), None), sale);
        assert_eq!(spanish(&approved("Ana <b>"), Some("")), sale, "a PIN has none");
        assert_eq!(spanish(&approved("Ana <b>"), Some("0417")), format!("{sale}\nContraseña: 0417"));
    }

    #[test]
    fn a_refusal_says_why_and_money_that_went_back_how_it_stands() {
        let rejected = Alert::SaleRejected {
            product: "1h".into(),
            price: PRICE,
            customer: "Ana".into(),
            code: "insufficient_funds".into(),
        };
        assert!(spanish(&rejected, None).ends_with("Motivo: La tarjeta no tiene fondos suficientes."));
        let reversed = Alert::SaleReversed {
            product: "1h".into(),
            amount: PRICE,
            transaction: "ord_1".into(),
            state: "charged_back".into(),
        };
        assert!(
            spanish(&reversed, None).ends_with("Monto: 20.00 MXN\nTransacción: ord_1\nEstado: charged_back")
        );
    }

    #[test]
    fn the_other_messages_have_words_in_both_languages() {
        let others = [
            Alert::Test,
            Alert::EndpointOff { host: "a.example:8443".into(), since: Timestamp(0) },
            Alert::PersonNeeded {
                product: "1h".into(),
                price: PRICE,
                transaction: "ord_1".into(),
                code: "attention_undelivered".into(),
            },
        ];
        for alert in others {
            let english = text("Red", &alert, None, Language::English);
            assert_ne!(text("Red", &alert, None, Language::Spanish), english);
            assert!(english.contains("Red"), "{english}");
        }
    }

    #[test]
    fn a_message_stays_below_the_limit_of_telegram() {
        let long = spanish(&approved(&"<".repeat(5_000)), Some("x"));
        assert!(long.chars().count() < 4_096, "{}", long.len());
        assert_eq!(escaped("a\nb\u{7}"), "a b ");
        assert!(escaped(&"á".repeat(201)).ends_with("á…"));
    }
}
