//! Logging an API client in: name and password, or the older MD5 challenge.
//!
//! Source: the vendor's API page for both forms; which version takes which was measured by others and published.

use super::command::Command;
use super::reply::{Reply, Trap};
use super::version::LoginEra;
use md5::{Digest, Md5};

/// Bytes of a challenge.
pub const CHALLENGE_BYTES: usize = 16;

/// Who may log in, and how.
#[derive(Debug, Clone)]
pub struct Gate {
    /// How the version logs clients in.
    pub era: LoginEra,
    /// Name of the API user.
    pub username: String,
    /// Password of the API user.
    pub password: String,
}

/// How far the client of one connection has come.
#[derive(Debug, Default)]
pub struct LoginState {
    /// Whether commands are carried out.
    pub logged_in: bool,
    challenge: Option<[u8; CHALLENGE_BYTES]>,
}

impl LoginState {
    /// Carries a `/login` out; `fresh` is used if a challenge is handed out.
    pub fn login(&mut self, gate: &Gate, command: &Command, fresh: [u8; CHALLENGE_BYTES]) -> Reply {
        let name = command.attribute("name").unwrap_or_default();
        let known = name == gate.username.as_bytes();
        let admitted = if let Some(response) = command.attribute("response") {
            let challenge = self.challenge.take();
            let right = challenge.map(|challenge| response_to(challenge, gate.password.as_bytes()));
            gate.era != LoginEra::Plain
                && known
                && right.is_some_and(|right| right.as_bytes().eq_ignore_ascii_case(response))
        } else {
            match command.attribute("password") {
                Some(password) if gate.era != LoginEra::Challenge => {
                    known && password == gate.password.as_bytes()
                }
                _ => {
                    self.challenge = Some(fresh);
                    return Reply::Ret(hex::encode(fresh).into_bytes());
                }
            }
        };
        if admitted {
            self.logged_in = true;
            return Reply::Done;
        }
        Reply::Trap(Trap::failure(match gate.era {
            LoginEra::Challenge => "cannot log in",
            LoginEra::Both | LoginEra::Plain => "invalid user name or password (6)",
        }))
    }
}

/// The answer to a challenge: `00` and the MD5, in hex, of a zero byte, the password and the challenge.
pub fn response_to(challenge: [u8; CHALLENGE_BYTES], password: &[u8]) -> String {
    let digest = Md5::new().chain_update([0]).chain_update(password).chain_update(challenge).finalize();
    format!("00{}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: [u8; CHALLENGE_BYTES] = [7; CHALLENGE_BYTES];

    fn gate(era: LoginEra) -> Gate {
        Gate { era, username: "admin".to_owned(), password: "s3creta".to_owned() }
    }

    fn login(state: &mut LoginState, era: LoginEra, words: &[&str]) -> Reply {
        let words = ["/login"].iter().chain(words).map(|word| word.as_bytes().to_vec()).collect();
        state.login(&gate(era), &Command::parse(words), FRESH)
    }

    #[test]
    fn responses_agree_with_the_shared_vectors() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/routeros/words.json");
        let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let rows = vectors["challenge_logins"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        for row in rows {
            let text = |name: &str| row[name].as_str().unwrap();
            let mut challenge = [0; CHALLENGE_BYTES];
            hex::decode_to_slice(text("challenge"), &mut challenge).unwrap();
            assert_eq!(response_to(challenge, text("password").as_bytes()), text("response"));
        }
    }

    #[test]
    fn an_old_router_ignores_the_password_and_wants_the_answer() {
        let mut state = LoginState::default();
        let words = ["=name=admin", "=password=s3creta"];
        assert_eq!(
            login(&mut state, LoginEra::Challenge, &words),
            Reply::Ret(hex::encode(FRESH).into_bytes())
        );
        assert!(!state.logged_in);
        let answer = format!("=response={}", response_to(FRESH, b"s3creta"));
        assert_eq!(login(&mut state, LoginEra::Challenge, &["=name=admin", &answer]), Reply::Done);
        assert!(state.logged_in);
    }

    #[test]
    fn an_answer_serves_once() {
        let mut state = LoginState::default();
        login(&mut state, LoginEra::Both, &["=name=admin"]);
        let answer = format!("=response={}", response_to(FRESH, b"s3creta"));
        assert!(matches!(login(&mut state, LoginEra::Both, &["=name=otro", &answer]), Reply::Trap(_)));
        assert!(matches!(login(&mut state, LoginEra::Both, &["=name=admin", &answer]), Reply::Trap(_)));
    }

    #[test]
    fn a_new_router_hands_out_a_challenge_but_refuses_its_answer() {
        let mut state = LoginState::default();
        assert!(matches!(login(&mut state, LoginEra::Plain, &["=name=admin"]), Reply::Ret(_)));
        let answer = format!("=response={}", response_to(FRESH, b"s3creta"));
        let refused = login(&mut state, LoginEra::Plain, &["=name=admin", &answer]);
        assert_eq!(refused, Reply::Trap(Trap::failure("invalid user name or password (6)")));
        assert_eq!(login(&mut state, LoginEra::Plain, &["=name=admin", "=password=s3creta"]), Reply::Done);
    }

    #[test]
    fn each_era_has_its_own_refusal() {
        let wrong = ["=name=admin", "=response=00"];
        let text = |era| {
            let Reply::Trap(trap) = login(&mut LoginState::default(), era, &wrong) else { panic!() };
            trap.message
        };
        assert_eq!(text(LoginEra::Challenge), "cannot log in");
        assert_eq!(text(LoginEra::Both), "invalid user name or password (6)");
    }
}
