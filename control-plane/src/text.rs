//! The translation catalogue: every sentence that people read, in Spanish and English.
//!
//! The two catalogues are exhaustive matches, so a code or phrase without a sentence does not compile.

pub mod doctor;
mod english;
pub mod import;
pub mod shell;
mod spanish;

use crate::domain::code::Code;

/// A language that people can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Spanish, the default.
    #[default]
    Spanish,
    /// English.
    English,
}

/// Sentences and labels that are not the text of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// A required field is absent.
    Missing,
    /// The body cannot be parsed.
    JsonInvalid,
    /// Something else stands where an object should.
    ObjectExpected,
    /// Something else stands where a list should.
    ListExpected,
    /// Something else stands where an integer should.
    IntegerExpected,
    /// A number with a fraction stands where an integer should.
    IntegerWithFraction,
    /// Something else stands where a number should.
    NumberExpected,
    /// Something else stands where a boolean should.
    BooleanExpected,
    /// Something else stands where a text should.
    TextExpected,
    /// The text is none of the allowed ones.
    ChoiceExpected,
    /// The text is longer than allowed.
    TextTooLong,
    /// The text is empty.
    TextEmpty,
    /// The number is smaller or larger than allowed.
    OutOfRange,
    /// The text is no e-mail address.
    EmailSyntax,
    /// The text is no MAC address.
    MacSyntax,
    /// The text is no IPv4 address.
    Ipv4Syntax,
    /// The header holds no usable key.
    IdempotencyKeySyntax,
    /// The router's licence allows no more sessions.
    RouterLicenseFull,
    /// The router's device mode forbids the hotspot.
    RouterDeviceMode,
    /// The router's RADIUS server refused the device, or does not answer.
    RouterRadius,
    /// The number is no price.
    PriceShape,
    /// The password is too short.
    PasswordTooShort,
    /// The password is too long.
    PasswordTooLong,
    /// The password is on the list of common ones.
    PasswordCommon,
    /// What this service is.
    ServiceName,
    /// What to do about a key that ends soon.
    KeyExpiresSoonAdvice,
    /// What to do about a key that was never used.
    KeyNeverUsedAdvice,
    /// Name of the service that takes notifications.
    WebhookService,
    /// What the test address is for.
    WebhookServiceAdvice,
    /// First step of setting notifications up.
    WebhookStepOpen,
    /// Second step.
    WebhookStepAddress,
    /// Third step.
    WebhookStepSecret,
    /// Fourth step.
    WebhookStepTry,
    /// The text is no public key.
    WebhookKeySyntax,
    /// The text is no address of a web server.
    UrlSyntax,
    /// The address is not https.
    UrlScheme,
    /// The address leads into a private network.
    UrlPrivate,
    /// The list has nothing in it.
    ListEmpty,
    /// Title of the message about a sale.
    AlertSaleApproved,
    /// Title of the message about a refused payment.
    AlertSaleRejected,
    /// Title of the message about money that went back.
    AlertSaleReversed,
    /// Title of the message about a purchase that waits for a person.
    AlertPersonNeeded,
    /// Title of the message about an endpoint that was switched off.
    AlertEndpointOff,
    /// Title of a message that tells nothing.
    AlertTest,
    /// Label of the company in a message.
    AlertCompany,
    /// Label of what was sold.
    AlertProduct,
    /// Label of the amount.
    AlertAmount,
    /// Label of the buyer.
    AlertCustomer,
    /// Label of the transaction.
    AlertTransaction,
    /// Label of the hotspot user.
    AlertUser,
    /// Label of its password.
    AlertPassword,
    /// Label of the reason.
    AlertReason,
    /// Label of the state of the payment.
    AlertState,
    /// Label of an address.
    AlertAddress,
    /// Label of since when it fails.
    AlertFailingSince,
    /// Heading of the set-up page.
    SetupTitle,
    /// Opening sentence of the set-up page.
    SetupLead,
    /// Label of the name.
    SetupName,
    /// Label of the e-mail.
    SetupEmail,
    /// Label of the password.
    SetupPassword,
    /// Rule for the password.
    SetupPasswordHint,
    /// Label of the button.
    SetupSubmit,
    /// Heading once it is done.
    SetupDoneTitle,
    /// Heading when the link is used up.
    SetupGoneTitle,
    /// Title of the page with the description of the interface.
    ApiPageTitle,
    /// What the description of the interface begins with.
    ApiDescription,
    /// What a router API key is.
    ApiPortalKey,
    /// The router API key in the other header.
    ApiPortalKeyBearer,
    /// What a session token is.
    ApiSession,
    /// What an idempotency key is.
    ApiIdempotencyKey,
    /// What a request id is.
    ApiRequestId,
    /// When to ask again.
    ApiRetryAfter,
    /// Describes a good answer.
    ApiGood,
    /// Describes an answer that something was made.
    ApiCreated,
    /// Describes an answer that is not final.
    ApiAccepted,
    /// Describes the answer of a service that is not ready.
    ApiNotReady,
    /// Describes an answer to who has a good copy.
    ApiNotModified,
    /// Group of endpoints.
    TagPortal,
    /// Group of endpoints.
    TagSession,
    /// Group of endpoints.
    TagCompany,
    /// Group of endpoints.
    TagPlatform,
    /// Group of endpoints.
    TagWebhook,
    /// Group of endpoints.
    TagPictures,
    /// Group of endpoints.
    TagService,
    /// There is nothing on the list of what waits for a person.
    ReviewEmpty,
    /// Heading of the time.
    ReviewSince,
    /// Heading of the company.
    ReviewCompany,
    /// Heading of the transaction.
    ReviewTransaction,
    /// Heading of the amount.
    ReviewAmount,
    /// Heading of the payment at the gateway.
    ReviewPayment,
    /// Heading of what happened.
    ReviewWhat,
    /// Heading of what can be decided.
    ReviewChoices,
}

impl Language {
    /// The better of our languages for an `Accept-Language` header; Spanish when it names neither.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best = (0, Self::Spanish);
        for range in header.split(',').take(RANGES_MAX) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, weight);
            let language = match tag.split('-').next() {
                Some("en") => Self::English,
                Some("es") => Self::Spanish,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The tag of the language.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Spanish => "es",
            Self::English => "en",
        }
    }

    /// The sentence of a code.
    #[must_use]
    pub const fn code(self, code: Code) -> &'static str {
        match self {
            Self::Spanish => spanish::code(code),
            Self::English => english::code(code),
        }
    }

    /// The one of a Spanish and an English text that is this language's.
    #[must_use]
    pub const fn choose(self, [spanish, english]: [&'static str; 2]) -> &'static str {
        match self {
            Self::Spanish => spanish,
            Self::English => english,
        }
    }

    /// A sentence or label.
    #[must_use]
    pub const fn phrase(self, phrase: Phrase) -> &'static str {
        match self {
            Self::Spanish => spanish::phrase(phrase),
            Self::English => english::phrase(phrase),
        }
    }
}

/// Most language ranges of a header that are looked at.
const RANGES_MAX: usize = 16;

/// Thousandths of a quality value (`0.8` is 800); zero when it cannot be read.
fn weight(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(thousandths)) if whole <= 1 => whole * 1000 + thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Language;
    use crate::domain::code::Code;

    #[test]
    fn every_code_has_a_short_sentence_in_both_languages() {
        for &code in Code::ALL {
            let (spanish, english) = (Language::Spanish.code(code), Language::English.code(code));
            for text in [spanish, english] {
                assert!(text.ends_with('.') && text.len() <= 100, "{code}: {text}");
            }
            assert_ne!(spanish, english, "{code}");
        }
    }

    #[test]
    fn the_better_language_is_chosen() {
        let cases = [
            ("", Language::Spanish),
            ("en", Language::English),
            ("en-US,en;q=0.9", Language::English),
            ("fr,de", Language::Spanish),
            ("es;q=0.5, en;q=0.8", Language::English),
            ("en;q=0.4, es-MX", Language::Spanish),
            ("*, en;q=0", Language::Spanish),
        ];
        for (header, expected) in cases {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}
