//! The page itself: plain HTML, no script, nothing from elsewhere.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::auth::password::PASSWORD_CHARS_MIN;
use crate::seams::Random;
use crate::text::{Language, Phrase};

const NONCE_BYTES: usize = 16;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#16213a;--soft:#56627a;--paper:#fff;--ground:#eef2f8;--line:#c3ccdb;--act:#0b5fd8;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e8edf7;--soft:#a5b0c5;--paper:#18202f;--ground:#0d131e;--line:#3a465c;--act:#7db0ff;--bad:#ff9b92}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
main{width:100%;max-width:26rem;background:var(--paper);border:1px solid var(--line);border-radius:1rem;padding:2rem 1.75rem}\
.brand{margin:0 0 1.25rem;font-weight:650;color:var(--act)}\
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.2}\
p{margin:0 0 1.25rem;color:var(--soft)}\
label{display:block;margin-top:1rem;font-weight:600}\
input{display:block;width:100%;margin-top:.35rem;padding:.7rem .8rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.6rem}\
input:focus-visible,button:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
.hint{margin:.35rem 0 0;font-size:.9rem}\
.bad{margin:0 0 1rem;padding:.7rem .8rem;border:1px solid var(--bad);border-radius:.6rem;color:var(--bad)}\
button{width:100%;margin-top:1.75rem;padding:.8rem;font:inherit;font-weight:650;color:var(--paper);background:var(--act);border:0;border-radius:.6rem;cursor:pointer}";

/// What was typed and what is wrong with it.
#[derive(Debug, Default)]
pub struct Typed<'a> {
    /// Name.
    pub name: &'a str,
    /// E-mail.
    pub email: &'a str,
    /// Sentences to show above the form.
    pub faults: Vec<&'static str>,
}

/// The form.
pub fn form(random: &Random, language: Language, status: StatusCode, typed: &Typed<'_>) -> Response {
    let say = |phrase| language.phrase(phrase);
    let faults: String = typed
        .faults
        .iter()
        .map(|fault| format!("<p class=\"bad\" role=\"alert\">{}</p>", escaped(fault)))
        .collect();
    let body = format!(
        "<p>{lead}</p>{faults}<form method=\"post\">\
         <label for=\"nombre\">{name}</label>\
         <input id=\"nombre\" name=\"nombre\" autocomplete=\"name\" maxlength=\"100\" required value=\"{typed_name}\">\
         <label for=\"email\">{email}</label>\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" required value=\"{typed_email}\">\
         <label for=\"password\">{password}</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" \
         minlength=\"{PASSWORD_CHARS_MIN}\" required aria-describedby=\"hint\">\
         <p class=\"hint\" id=\"hint\">{hint}</p>\
         <button type=\"submit\">{submit}</button></form>",
        lead = say(Phrase::SetupLead),
        name = say(Phrase::SetupName),
        email = say(Phrase::SetupEmail),
        password = say(Phrase::SetupPassword),
        hint = say(Phrase::SetupPasswordHint),
        submit = say(Phrase::SetupSubmit),
        typed_name = escaped(typed.name),
        typed_email = escaped(typed.email),
    );
    document(random, language, status, say(Phrase::SetupTitle), &body)
}

/// A page that only says something.
pub fn notice(
    random: &Random,
    language: Language,
    status: StatusCode,
    title: Phrase,
    sentence: &str,
) -> Response {
    let body = format!("<p>{}</p>", escaped(sentence));
    document(random, language, status, language.phrase(title), &body)
}

fn document(random: &Random, language: Language, status: StatusCode, title: &str, body: &str) -> Response {
    let nonce = random.hex::<NONCE_BYTES>();
    let tag = language.tag();
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title} · Pagos Hotspot</title>\
         <style nonce=\"{nonce}\">{STYLE}</style></head>\
         <body><main><p class=\"brand\">Pagos Hotspot</p><h1>{title}</h1>{body}</main></body></html>"
    );
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).expect("the policy is plain ASCII");
    let fixed = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(tag)),
    ];
    (status, fixed, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_was_typed_cannot_become_markup() {
        assert_eq!(escaped("\"><b a='1'>&"), "&quot;&gt;&lt;b a=&#39;1&#39;&gt;&amp;");
    }
}
