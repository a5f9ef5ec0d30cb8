//! What people read, in Spanish or English.

use std::io::Write as _;

use crate::parts::SimulatorReady;
use crate::purchase::{CARD_TOKEN, Device, Receipt, Step};
use crate::ready::Ready;

/// How each gateway is paid: its name, the last part of the path, and what goes with the card. A token of Mercado Pago's is
/// good for one payment.
const PAYING: [(&str, &str, &str); 2] = [
    ("Conekta", "pagar-conekta", r#""token_tarjeta":"tok_test_visa_4242""#),
    (
        "Mercado Pago",
        "pagar-mercado-pago",
        r#""token":"tok-APRO-'$RANDOM'","payment_method_id":"visa","monto":20"#,
    ),
];
/// The buyer of those payments.
const BUYER: &str =
    r#""nombre_cliente":"Luz Vega","email_cliente":"luz@example.org","telefono_cliente":"5587654321""#;

/// Language of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Spanish; what anything but English means.
    Spanish,
    /// English.
    English,
}

impl Language {
    /// The language of the locale: `LC_ALL`, else `LC_MESSAGES`, else `LANG`; the first that is set counts.
    #[must_use]
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        if locale.to_lowercase().starts_with("en") { Self::English } else { Self::Spanish }
    }

    fn pick<'a>(self, spanish: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Spanish => spanish,
            Self::English => english,
        }
    }
}

/// Where the story goes.
#[derive(Debug, Clone, Copy)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error, when standard output belongs to the receipt.
    Error,
}

/// Tells what happens while it happens.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    language: Language,
    stream: Stream,
}

impl Story {
    /// A story in the locale's language.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self { language: Language::of_locale(|name| std::env::var(name).ok()), stream }
    }

    /// The sandbox starts; `again` when its data directory was used before.
    pub fn starting(&self, data_dir: &str, again: bool) {
        let heading = self.language.pick("Pagos Hotspot en esta máquina", "Pagos Hotspot on this machine");
        let data = self.language.pick("datos y registros en", "data and logs in");
        self.line(&format!("{heading}\n  {data} {data_dir}"));
        if again {
            self.line(self.language.pick(
                "  continúa con la empresa y los planes de antes; el router simulado empieza vacío",
                "  goes on with the company and plans of before; the simulated router starts empty",
            ));
        }
    }

    /// The simulator runs.
    pub fn simulator(&self, version: &str, router: &str, simulator: &SimulatorReady) {
        let name = self.language.pick("simulador", "simulator");
        let at = self.language.pick("en", "at");
        let SimulatorReady { conekta_url, mercado_pago_url, .. } = simulator;
        self.line(&format!("  {name:<14} RouterOS {version} {router}"));
        self.line(&format!("  {:<14} Conekta {at} {conekta_url}, Mercado Pago {at} {mercado_pago_url}", ""));
    }

    /// The control plane runs.
    pub fn control_plane(&self, url: &str, database_url: &str) {
        let name = self.language.pick("control", "control plane");
        self.line(&format!("  {name:<14} {url}, {}", database_name(database_url)));
    }

    /// The agent is connected.
    pub fn agent(&self, address: &str) {
        let name = self.language.pick("agente", "agent");
        let text = self.language.pick("inscrito y conectado por mTLS a", "enrolled, connected by mTLS to");
        self.line(&format!("  {name:<14} {text} {address}"));
    }

    /// A device shows up and its owner pays.
    pub fn paying(&self, device: &Device, product: &str, price: &str) {
        let Device { mac, ip } = device;
        self.line(&match self.language {
            Language::Spanish => format!(
                "\nUna compra\n  Un teléfono ({mac}, {ip}) llega al portal\n  Su dueña elige «{product}», MXN {price}, y paga con {CARD_TOKEN}"
            ),
            Language::English => format!(
                "\nA purchase\n  A phone ({mac}, {ip}) reaches the portal\n  Its owner picks \"{product}\", MXN {price}, and pays with {CARD_TOKEN}"
            ),
        });
    }

    /// The purchase ended paid.
    pub fn bought(&self, receipt: &Receipt) {
        for Step { name, ms } in &receipt.steps {
            self.line(&format!("  {ms:>9.1} ms  {}", self.step(name)));
        }
        let total = self.language.pick("en total, visto desde el teléfono", "in all, as the phone sees it");
        self.line(&format!("  {:>9.1} ms  {total}", receipt.total_ms));
        let Receipt { hotspot_user, hotspot_password, gateway_order_id, purchase_id, .. } = receipt;
        let online = receipt.device_state == "conectado";
        self.line(&match self.language {
            Language::Spanish => format!(
                "  Usuario {hotspot_user}, contraseña {hotspot_password}; el teléfono {}\n  compra {purchase_id}, orden {gateway_order_id}",
                if online { "ya está en línea" } else { "aún no está en línea" }
            ),
            Language::English => format!(
                "  User {hotspot_user}, password {hotspot_password}; the phone is {}\n  purchase {purchase_id}, order {gateway_order_id}",
                if online { "online" } else { "not online yet" }
            ),
        });
    }

    /// Everything is up; what to try.
    pub fn open(&self, ready: &Ready) {
        let Ready { base_url, api_key, super_admin, cliente_admin, simulator, .. } = ready;
        let (try_it, key, catalogue, pay, company, platform, world, end) = match self.language {
            Language::Spanish => (
                "Para probar",
                "clave del portal",
                "catálogo",
                "pagar",
                "empresa",
                "plataforma",
                "router y pagos",
                "Ctrl-C termina todo.",
            ),
            Language::English => (
                "To try",
                "portal key",
                "catalogue",
                "pay",
                "company",
                "platform",
                "router and payments",
                "Ctrl-C ends everything.",
            ),
        };
        self.line(&format!("\n{try_it}"));
        self.line(&format!("  {key:<20} KEY={api_key}"));
        let url = format!("{base_url}/api/v1/catalogo_perfiles_venta");
        self.line(&format!("  {catalogue:<20} curl -H \"X-API-Key: $KEY\" {url}"));
        for (gateway, path, means) in PAYING {
            let product = ready.productos.first().map_or(1, |product| product.id);
            let url = format!("{base_url}/api/v1/payments/{path}");
            self.line(&format!("  {:<20} curl -H \"X-API-Key: $KEY\" --json '{{\"producto_id\":{product},{means},{BUYER}}}' {url}", format!("{pay}, {gateway}")));
        }
        self.line(&format!("  {company:<20} {} / {}", cliente_admin.email, cliente_admin.password));
        self.line(&format!("  {platform:<20} {} / {}", super_admin.email, super_admin.password));
        self.line(&format!("  {world:<20} {}/state", simulator.control_url));
        self.line(&format!("\n{end}"));
    }

    /// A process ended that should not have.
    pub fn died(&self, part: &str, status: &str, log: &str) {
        self.line(&match self.language {
            Language::Spanish => format!("{part} terminó ({status}) y así se queda; su registro: {log}"),
            Language::English => format!("{part} ended ({status}) and stays down; its log: {log}"),
        });
    }

    /// The sandbox ends.
    pub fn ending(&self) {
        self.line(self.language.pick("Terminando…", "Ending…"));
    }

    fn step(&self, name: &str) -> String {
        let known = match name {
            "accept" => ("pedido recibido y guardado", "request taken and stored"),
            "reserve" => ("usuario creado en el router", "user made on the router"),
            "charge" => ("tarjeta cobrada en Conekta", "card charged at Conekta"),
            "verify" => ("pago verificado con una segunda lectura", "payment verified by reading it again"),
            "record" => (
                "cada paso guardado en disco antes del siguiente",
                "each step stored on disk before the next",
            ),
            "deliver" => ("usuario habilitado", "user enabled"),
            "login" => ("teléfono conectado y visto en el router", "phone logged in and seen on the router"),
            other => (other, other),
        };
        self.language.pick(known.0, known.1).to_owned()
    }

    fn line(&self, text: &str) {
        // Nobody listens any more: the sandbox goes on all the same.
        let _ = match self.stream {
            Stream::Output => writeln!(std::io::stdout().lock(), "{text}"),
            Stream::Error => writeln!(std::io::stderr().lock(), "{text}"),
        };
    }
}

fn database_name(url: &str) -> &'static str {
    if url.starts_with("postgres") { "PostgreSQL" } else { "SQLite" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(set: &[(&str, &str)]) -> Language {
        Language::of_locale(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn english_only_when_the_locale_says_so() {
        assert_eq!(language(&[]), Language::Spanish);
        assert_eq!(language(&[("LANG", "C.UTF-8")]), Language::Spanish);
        assert_eq!(language(&[("LANG", "en_US.UTF-8")]), Language::English);
        assert_eq!(language(&[("LANG", "de_DE.UTF-8")]), Language::Spanish);
    }

    #[test]
    fn the_stronger_variable_wins_and_an_empty_one_does_not_count() {
        assert_eq!(language(&[("LC_ALL", "es_MX.UTF-8"), ("LANG", "en_US.UTF-8")]), Language::Spanish);
        assert_eq!(
            language(&[("LC_ALL", ""), ("LC_MESSAGES", "en_GB"), ("LANG", "es_MX")]),
            Language::English
        );
    }
}
