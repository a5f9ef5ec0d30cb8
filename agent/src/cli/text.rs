//! What people read: Spanish first, English for an English locale.

use crate::config::ConfigError;
use crate::enrolment::{EnrolError, Enrolled};
use crate::identity::IdentityError;
use crate::journal::JournalError;
use crate::link::DialError;
use crate::supervisor::StartError;

/// Language of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Spanish,
    English,
}

impl Language {
    /// The language of the locale.
    pub(super) fn of_environment() -> Self {
        Self::of(["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).unwrap_or_default()))
    }

    fn of(locales: [String; 3]) -> Self {
        // The first that is set decides.
        let locale = locales.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default();
        if locale.to_ascii_lowercase().starts_with("en") { Self::English } else { Self::Spanish }
    }

    fn pick<T>(self, spanish: T, english: T) -> T {
        match self {
            Self::Spanish => spanish,
            Self::English => english,
        }
    }
}

pub(super) fn help(language: Language) -> &'static str {
    language.pick(
        "pagos-agent: el agente de Pagos Hotspot que acompaña a su router MikroTik.

Uso:
  pagos-agent enroll <código>   Une este equipo a un sitio, con el código que muestra el panel
  pagos-agent run               Trabaja como agente (lo que hace el servicio)
  pagos-agent config check      Revisa la configuración
  pagos-agent config print      Muestra la configuración en uso

Opciones:
  --data-dir DIR   Carpeta de la identidad y el diario (o PAGOS_DATA_DIR; si no, /var/lib/pagos-agent)
  --config FILE    Archivo de configuración
  --version        Versión
  --help           Esta ayuda",
        "pagos-agent: the agent of Pagos Hotspot that stands beside your MikroTik router.

Usage:
  pagos-agent enroll <token>    Join this box to a site, with the token that the panel shows
  pagos-agent run               Work as the agent (what the service does)
  pagos-agent config check      Check the configuration
  pagos-agent config print      Show the configuration in use

Options:
  --data-dir DIR   Directory of identity and journal (or PAGOS_DATA_DIR; else /var/lib/pagos-agent)
  --config FILE    Configuration file
  --version        Version
  --help           This help",
    )
}

pub(super) fn config_good(language: Language) -> &'static str {
    language.pick("La configuración es correcta.", "The configuration is good.")
}

pub(super) fn wrong_arguments(language: Language, what: &str) -> String {
    let hint = language.pick("escriba «pagos-agent --help»", "type \"pagos-agent --help\"");
    match (what, language) {
        ("", Language::Spanish) => format!("Falta una orden o está incompleta; {hint}."),
        ("", Language::English) => format!("A command is missing or incomplete; {hint}."),
        ("<TOKEN>", Language::Spanish) => {
            "Falta el código de instalación: escriba «pagos-agent enroll» y pegue el código del panel."
                .to_owned()
        }
        ("<TOKEN>", Language::English) => {
            "The enrolment token is missing: type \"pagos-agent enroll\" and paste the token from the panel."
                .to_owned()
        }
        (what, Language::Spanish) => format!("No se entiende «{what}»; {hint}."),
        (what, Language::English) => format!("\"{what}\" is not understood; {hint}."),
    }
}

pub(super) fn config_error(language: Language, error: &ConfigError) -> String {
    match (error, language) {
        (ConfigError::Read { path, source }, Language::Spanish) => {
            format!("No se puede leer {} ({source}); revise --config y los permisos.", path.display())
        }
        (ConfigError::Read { path, source }, Language::English) => {
            format!("Cannot read {} ({source}); check --config and the permissions.", path.display())
        }
        (ConfigError::Syntax { path, why }, Language::Spanish) => {
            format!("{} no es TOML válido ({why}); corrija el archivo.", path.display())
        }
        (ConfigError::Syntax { path, why }, Language::English) => {
            format!("{} is not valid TOML ({why}); correct the file.", path.display())
        }
        (ConfigError::UnknownKey { origin, key }, Language::Spanish) => {
            format!("{origin}: la clave {key} no existe; corríjala o quítela.")
        }
        (ConfigError::UnknownKey { origin, key }, Language::English) => {
            format!("{origin}: there is no key {key}; correct or remove it.")
        }
        (ConfigError::Value(why), Language::Spanish) => {
            format!("Un valor de la configuración no sirve; corríjalo: {}", one_line(why))
        }
        (ConfigError::Value(why), Language::English) => {
            format!("A value of the configuration cannot be used; correct it: {}", one_line(why))
        }
    }
}

pub(super) fn enrolled(language: Language, enrolled: &Enrolled) -> String {
    let Enrolled { address, agent_id, site_id } = enrolled;
    language.pick(
        format!(
            "Listo: este equipo es ahora el agente {agent_id} del sitio {site_id} y se conectará a {address}."
        ),
        format!("Done: this box is now agent {agent_id} of site {site_id} and will connect to {address}."),
    )
}

pub(super) fn enrol_error(language: Language, error: &EnrolError) -> String {
    let generate = language.pick("genere uno nuevo en el panel", "make a new one in the panel");
    match error {
        EnrolError::NotAToken => language
            .pick(
                "Este texto no es un código de instalación completo; cópielo entero del panel (empieza con pagos1_) y péguelo de nuevo.",
                "This text is not a whole enrolment token; copy all of it from the panel (it begins with pagos1_) and paste it again.",
            )
            .to_owned(),
        EnrolError::Identity(error) => identity_error(language, error),
        EnrolError::Key(error) => language.pick(
            format!("No se pudo crear la llave de este equipo ({error}); inténtelo de nuevo."),
            format!("The key of this box could not be made ({error}); try again."),
        ),
        EnrolError::Dial(error) => dial_error(language, error),
        EnrolError::Tls(error) => language.pick(
            format!("No se pudo preparar la conexión segura ({error}); instale de nuevo pagos-agent."),
            format!("The secure connection could not be set up ({error}); install pagos-agent again."),
        ),
        EnrolError::Exchange(error) => language.pick(
            format!("La conexión se cortó durante la instalación ({error}); si el código ya no sirve, {generate}."),
            format!("The connection was cut during enrolment ({error}); if the token no longer works, {generate}."),
        ),
        EnrolError::Refused { code } => refused(language, code, generate),
        EnrolError::Answer(status) => language.pick(
            format!("El servidor respondió algo que no sirve (HTTP {status}); espere un minuto e inténtelo de nuevo."),
            format!("The server gave an answer that cannot be used (HTTP {status}); wait a minute and try again."),
        ),
        EnrolError::Deadline => language
            .pick(
                "El servidor no respondió a tiempo; revise la conexión a internet e inténtelo de nuevo.",
                "The server did not answer in time; check the internet connection and try again.",
            )
            .to_owned(),
    }
}

fn refused(language: Language, code: &str, generate: &str) -> String {
    match code {
        "token_used" => language.pick(
            format!("Este código ya se usó; {generate}."),
            format!("This token was used already; {generate}."),
        ),
        "token_expired" => language.pick(
            format!("Este código venció (dura 15 minutos); {generate}."),
            format!("This token has expired (it lasts 15 minutes); {generate}."),
        ),
        "token_unknown" => language.pick(
            format!("El servidor no conoce este código; {generate}."),
            format!("The server does not know this token; {generate}."),
        ),
        other => language.pick(
            format!("El servidor rechazó la instalación ({other}); actualice pagos-agent e inténtelo con un código nuevo."),
            format!("The server refused the enrolment ({other}); update pagos-agent and try again with a new token."),
        ),
    }
}

fn dial_error(language: Language, error: &DialError) -> String {
    match error {
        DialError::Unreachable { address, source } => language.pick(
            format!("No se pudo conectar con {address} ({source}); revise la conexión a internet y que el puerto no esté bloqueado."),
            format!("Cannot connect to {address} ({source}); check the internet connection and that the port is not blocked."),
        ),
        DialError::NotTrusted(address) => language.pick(
            format!("El servidor en {address} no es el que indica el código; copie un código nuevo del panel y revise que nadie intercepte la conexión."),
            format!("The server at {address} is not the one that the token names; copy a new token from the panel and check that nobody intercepts the connection."),
        ),
        DialError::Clock(address) => language.pick(
            format!("La hora de este equipo no es correcta, o el certificado de {address} venció; ajuste el reloj e inténtelo de nuevo."),
            format!("The clock of this box is wrong, or the certificate of {address} has ended; set the clock and try again."),
        ),
        DialError::OwnCertificate => language
            .pick(
                "El servidor no acepta el certificado de este equipo; instálelo de nuevo con un código nuevo.",
                "The server does not accept the certificate of this box; enrol it again with a new token.",
            )
            .to_owned(),
        DialError::Tls { address, source } => language.pick(
            format!("No hay conexión segura con {address} ({source}); revise que la dirección y el puerto del código sean los del servidor de agentes."),
            format!("There is no secure connection to {address} ({source}); check that address and port of the token are those of the agent listener."),
        ),
    }
}

fn identity_error(language: Language, error: &IdentityError) -> String {
    match error {
        IdentityError::NotEnrolled(_) => language
            .pick(
                "Este equipo aún no está instalado como agente; genere un código en el panel y escriba «pagos-agent enroll» con él.",
                "This box is not enrolled yet; make a token in the panel and type \"pagos-agent enroll\" with it.",
            )
            .to_owned(),
        IdentityError::Read { path, source } => language.pick(
            format!("No se puede leer {} ({source}); revise los permisos o instale el equipo de nuevo con «pagos-agent enroll».", path.display()),
            format!("Cannot read {} ({source}); check the permissions, or enrol the box again with \"pagos-agent enroll\".", path.display()),
        ),
        IdentityError::Write { path, source } => language.pick(
            format!("No se puede escribir {} ({source}); use sudo o elija otra carpeta con --data-dir.", path.display()),
            format!("Cannot write {} ({source}); use sudo or choose another directory with --data-dir.", path.display()),
        ),
        IdentityError::Damaged(path) => language.pick(
            format!("{} está dañado; instale el equipo de nuevo con «pagos-agent enroll».", path.display()),
            format!("{} is damaged; enrol the box again with \"pagos-agent enroll\".", path.display()),
        ),
        IdentityError::AgentId => language
            .pick(
                "El servidor envió una identidad que no sirve; actualice pagos-agent e inténtelo con un código nuevo.",
                "The server sent an identity that cannot be used; update pagos-agent and try again with a new token.",
            )
            .to_owned(),
    }
}

/// Why the agent cannot run.
pub(super) fn run_error(language: Language, error: &anyhow::Error) -> String {
    if let Some(error) = error.downcast_ref::<IdentityError>() {
        return identity_error(language, error);
    }
    if let Some(StartError::Identity(error)) = error.downcast_ref::<StartError>() {
        return identity_error(language, error);
    }
    let why = one_line(&format!("{error:#}"));
    if error.downcast_ref::<JournalError>().is_some() {
        return language.pick(
            format!("No se puede usar el diario del agente ({why}); revise el disco y los permisos de la carpeta de datos."),
            format!("The journal of the agent cannot be used ({why}); check the disk and the permissions of the data directory."),
        );
    }
    language.pick(format!("El agente no puede trabajar: {why}."), format!("The agent cannot work: {why}."))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Language, refused};

    fn of(all: &str, messages: &str, lang: &str) -> Language {
        Language::of([all.into(), messages.into(), lang.into()])
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        assert_eq!(of("", "", ""), Language::Spanish);
        assert_eq!(of("", "", "en_US.UTF-8"), Language::English);
        assert_eq!(of("es_MX.UTF-8", "", "en_US.UTF-8"), Language::Spanish);
        assert_eq!(of("", "en_GB", "es_MX"), Language::English);
        assert_eq!(of("C", "", "en_US"), Language::Spanish);
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        for code in ["token_used", "token_expired", "token_unknown", "request_invalid", "later_code"] {
            for language in [Language::Spanish, Language::English] {
                let text = refused(language, code, "GENERATE");
                assert!(text.ends_with('.') && text.contains(';'), "{text}");
            }
        }
    }
}
