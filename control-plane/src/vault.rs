//! Keeps secrets at rest unreadable without the master key.
//!
//! A sealed text is `v1.<key id>.<base64 of nonce and ciphertext>`: AES-256-GCM, with tenant and field as associated data,
//! so that a value copied to another row does not open there. The key file holds one key per line, `<key id> <base64>`;
//! the first seals, all of them open. This module knows no database: who stores the check value is `serve`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::seams::Random;

const FORMAT: &str = "v1";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// Largest key file that is read, in bytes.
const KEY_FILE_BYTES_MAX: u64 = 64 * 1024;
/// What [`Vault::check_value`] seals.
const CHECK_TEXT: &str = "pagos";

/// Whose secret it is and what it is; the same must be given to open it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// Company id, or [`PLATFORM`] for what belongs to nobody in particular.
    pub tenant: &'a str,
    /// Name of the field, such as `conekta.private_key`.
    pub field: &'static str,
}

/// The tenant of secrets that belong to the installation.
pub const PLATFORM: &str = "platform";

const CHECK_CONTEXT: Context<'static> = Context { tenant: PLATFORM, field: "vault.check" };
/// Stands before the name of a key in the name of the file that keeps the keys before it.
const RETIRED: &str = "before";

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file cannot be read or made.
    #[error("master key file {path} cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("master key file {0} must hold lines of key id and base64 key")]
    FileMalformed(PathBuf),
    /// The database was sealed with another key.
    #[error(
        "master key file {0} does not open this database; restore the key file that was made with the database"
    )]
    WrongKey(PathBuf),
    /// The database was sealed, but the key file is gone.
    #[error(
        "master key file {0} is missing, but this database was sealed with one; restore it from a backup"
    )]
    Missing(PathBuf),
    /// The text was sealed with a key that is not in the key file.
    #[error("secret was sealed with unknown key {0}")]
    UnknownKey(String),
    /// The text is no sealed text, was altered, or belongs to another tenant or field.
    #[error("secret of {field} cannot be opened")]
    NotOpened {
        /// The field that was asked for.
        field: &'static str,
    },
}

/// Seals and opens secrets.
pub struct Vault {
    file: PathBuf,
    sealing_key: String,
    keys: BTreeMap<String, Aes256Gcm>,
    random: Random,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("file", &self.file)
            .field("sealing_key", &self.sealing_key)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Reads the key file, or makes one with a new key, readable by its owner only.
    ///
    /// # Errors
    /// When the file can be neither read nor made, or holds something else.
    pub fn open_or_create(key_file: &Path, random: &Random) -> Result<Self, VaultError> {
        if !key_file.exists() {
            create(key_file, random).map_err(|source| file_error(key_file, source))?;
        }
        Self::open(key_file, random)
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// When it is missing, unreadable or holds something else.
    pub fn open(key_file: &Path, random: &Random) -> Result<Self, VaultError> {
        let metadata = match fs::metadata(key_file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(VaultError::Missing(key_file.to_owned()));
            }
            Err(error) => return Err(file_error(key_file, error)),
        };
        if metadata.len() > KEY_FILE_BYTES_MAX {
            return Err(VaultError::FileMalformed(key_file.to_owned()));
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            tracing::warn!(vault.file = %key_file.display(), "master key file can be read by other users");
        }
        let text =
            Zeroizing::new(fs::read_to_string(key_file).map_err(|source| file_error(key_file, source))?);
        let (sealing_key, keys) =
            parse_keys(&text).ok_or_else(|| VaultError::FileMalformed(key_file.to_owned()))?;
        Ok(Self { file: key_file.to_owned(), sealing_key, keys, random: random.clone() })
    }

    /// A sealed text to be stored beside the data; [`Vault::verify`] later tells whether the key still fits.
    #[must_use]
    pub fn check_value(&self) -> String {
        self.seal(&CHECK_CONTEXT, CHECK_TEXT)
    }

    /// Whether this key opens the stored check value.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when it does not.
    pub fn verify(&self, check_value: &str) -> Result<(), VaultError> {
        match self.open_sealed(&CHECK_CONTEXT, check_value) {
            Ok(text) if text.as_str() == CHECK_TEXT => Ok(()),
            Ok(_) | Err(_) => Err(VaultError::WrongKey(self.file.clone())),
        }
    }

    /// Seals `plain`. Two seals of one text differ.
    ///
    /// # Panics
    /// Never in practice: only for texts of 64 GiB and more.
    #[must_use]
    pub fn seal(&self, context: &Context<'_>, plain: &str) -> String {
        let nonce = self.random.bytes::<NONCE_BYTES>();
        let cipher = self.keys.get(&self.sealing_key).expect("the sealing key is one of the keys");
        let associated = associated_data(context);
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain.as_bytes(), aad: associated.as_bytes() })
            .expect("a secret is far shorter than the cipher's limit");
        let body = [nonce.as_slice(), sealed.as_slice()].concat();
        format!("{FORMAT}.{}.{}", self.sealing_key, STANDARD.encode(body))
    }

    /// How many keys open sealed texts.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// The same text sealed with the newest key; none when it is already.
    ///
    /// # Errors
    /// As [`Vault::open_sealed`].
    pub fn resealed(&self, context: &Context<'_>, sealed: &str) -> Result<Option<String>, VaultError> {
        let current = split(sealed).is_some_and(|(key_id, _)| key_id == self.sealing_key);
        let plain = self.open_sealed(context, sealed)?;
        Ok((!current).then(|| self.seal(context, &plain)))
    }

    /// Opens what [`Vault::seal`] made with the same context. The text is wiped from memory when dropped.
    ///
    /// # Errors
    /// When the text was altered, belongs to another context, or its key is not here.
    pub fn open_sealed(&self, context: &Context<'_>, sealed: &str) -> Result<Zeroizing<String>, VaultError> {
        let not_opened = || VaultError::NotOpened { field: context.field };
        let (key_id, body) = split(sealed).ok_or_else(not_opened)?;
        let cipher = self.keys.get(key_id).ok_or_else(|| VaultError::UnknownKey(key_id.to_owned()))?;
        let body = STANDARD.decode(body).map_err(|_| not_opened())?;
        let (nonce, ciphertext) = body.split_first_chunk::<NONCE_BYTES>().ok_or_else(not_opened)?;
        let associated = associated_data(context);
        let plain = cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg: ciphertext, aad: associated.as_bytes() })
            .map_err(|_| not_opened())?;
        String::from_utf8(plain).map(Zeroizing::new).map_err(|_| not_opened())
    }
}

/// Puts a new key before those of the key file: it seals from the next opening on, the others still open.
///
/// # Errors
/// When the file cannot be read or written.
pub fn add_key(key_file: &Path, random: &Random) -> Result<(), VaultError> {
    let changed = || {
        let text = Zeroizing::new(fs::read_to_string(key_file)?);
        let line = new_line(random);
        replace(key_file, &Zeroizing::new(format!("{}{}", *line, *text)), random)
    };
    changed().map_err(|source| file_error(key_file, source))
}

/// Takes all keys but the newest out of the key file, into a file beside it; gives that one's name, or none when there is
/// nothing to take out.
///
/// # Errors
/// When a file cannot be read or written.
pub fn retire_keys(key_file: &Path, random: &Random) -> Result<Option<PathBuf>, VaultError> {
    let changed = || -> io::Result<Option<PathBuf>> {
        let text = Zeroizing::new(fs::read_to_string(key_file)?);
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let newest = lines.next().unwrap_or_default();
        let old = Zeroizing::new(lines.map(|line| format!("{line}\n")).collect::<String>());
        if old.is_empty() {
            return Ok(None);
        }
        let id = newest.split(' ').next().unwrap_or_default();
        let beside = key_file.with_extension(format!("{RETIRED}-{id}"));
        replace(&beside, &old, random)?;
        replace(key_file, &Zeroizing::new(format!("{newest}\n")), random)?;
        Ok(Some(beside))
    };
    changed().map_err(|source| file_error(key_file, source))
}

/// Writes a whole new file beside `path`, then puts it in its place.
fn replace(path: &Path, text: &str, random: &Random) -> io::Result<()> {
    let draft = path.with_extension(format!("new-{}", random.hex::<4>()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    fs::rename(&draft, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(directory)?.sync_all()
}

fn new_line(random: &Random) -> Zeroizing<String> {
    Zeroizing::new(format!("{} {}\n", random.hex::<4>(), STANDARD.encode(random.bytes::<KEY_BYTES>())))
}

fn file_error(path: &Path, source: io::Error) -> VaultError {
    VaultError::File { path: path.to_owned(), source }
}

/// The length keeps tenant and field apart whatever they contain.
fn associated_data(context: &Context<'_>) -> String {
    format!("{}:{}:{}", context.tenant.len(), context.tenant, context.field)
}

fn split(sealed: &str) -> Option<(&str, &str)> {
    let (format, rest) = sealed.split_once('.')?;
    if format == FORMAT { rest.split_once('.') } else { None }
}

fn parse_keys(text: &str) -> Option<(String, BTreeMap<String, Aes256Gcm>)> {
    let mut sealing = None;
    let mut keys = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (id, encoded) = line.split_once(' ')?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
        let key = Zeroizing::new(<[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok()?);
        if id.is_empty() || id.contains('.') {
            return None;
        }
        keys.insert(id.to_owned(), Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)));
        sealing.get_or_insert_with(|| id.to_owned());
    }
    sealing.map(|id| (id, keys))
}

/// Writes a whole new file beside `path`, then gives it the name; a file that appeared meanwhile wins.
fn create(path: &Path, random: &Random) -> io::Result<()> {
    let line = new_line(random);
    let draft = path.with_extension(format!("new-{}", random.hex::<4>()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Vault, VaultError, add_key, retire_keys};
    use crate::seams::Random;
    use std::os::unix::fs::PermissionsExt;

    const PRIVATE_KEY: Context<'static> = Context { tenant: "EMP_1", field: "conekta.private_key" };

    #[test]
    fn what_is_sealed_opens_again_also_after_a_restart() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("master.key");
        let sealed =
            Vault::open_or_create(&file, &Random::default()).expect("vault").seal(&PRIVATE_KEY, "key_1");
        let vault = Vault::open_or_create(&file, &Random::default()).expect("vault");
        assert_eq!(vault.open_sealed(&PRIVATE_KEY, &sealed).expect("opens").as_str(), "key_1");
        let mode = std::fs::metadata(&file).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).expect("directory").count(), 1, "no draft is left");
    }

    #[test]
    fn a_value_moved_to_another_tenant_or_field_or_altered_does_not_open() {
        let directory = tempfile::tempdir().expect("directory");
        let vault = Vault::open_or_create(&directory.path().join("k"), &Random::default()).expect("vault");
        let sealed = vault.seal(&PRIVATE_KEY, "key_1");
        let elsewhere = [
            Context { tenant: "EMP_2", ..PRIVATE_KEY },
            Context { field: "telegram.bot_token", ..PRIVATE_KEY },
        ];
        for context in elsewhere {
            assert!(matches!(vault.open_sealed(&context, &sealed), Err(VaultError::NotOpened { .. })));
        }
        for altered in ["", "v1.x", "v2.a.b", &sealed[..sealed.len() - 8], &sealed.replace("v1.", "v1.0")] {
            assert!(vault.open_sealed(&PRIVATE_KEY, altered).is_err(), "{altered}");
        }
    }

    #[test]
    fn another_key_is_noticed() {
        let directory = tempfile::tempdir().expect("directory");
        let one = Vault::open_or_create(&directory.path().join("1"), &Random::default()).expect("vault");
        let two = Vault::open_or_create(&directory.path().join("2"), &Random::default()).expect("vault");
        assert!(one.verify(&one.check_value()).is_ok());
        assert!(matches!(two.verify(&one.check_value()), Err(VaultError::WrongKey(_))));
        assert!(matches!(
            two.open_sealed(&PRIVATE_KEY, &one.seal(&PRIVATE_KEY, "x")),
            Err(VaultError::UnknownKey(_))
        ));
    }

    #[test]
    fn a_key_file_with_something_else_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("master.key");
        for text in ["", "hello", "id c2hvcnQ="] {
            std::fs::write(&file, text).expect("write");
            assert!(matches!(
                Vault::open_or_create(&file, &Random::default()),
                Err(VaultError::FileMalformed(_))
            ));
            assert_eq!(std::fs::read_to_string(&file).expect("read"), text);
        }
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_opens_until_it_is_retired() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("master.key");
        let random = Random::default();
        let sealed = Vault::open_or_create(&file, &random).expect("vault").seal(&PRIVATE_KEY, "key_1");
        assert_eq!(retire_keys(&file, &random).expect("retired"), None);
        add_key(&file, &random).expect("added");
        let both = Vault::open(&file, &random).expect("vault");
        let again =
            both.resealed(&PRIVATE_KEY, &sealed).expect("opens").expect("it was sealed with the old key");
        assert_eq!(both.resealed(&PRIVATE_KEY, &again).expect("opens"), None);
        let beside = retire_keys(&file, &random).expect("retired").expect("there was one");
        let newest = Vault::open(&file, &random).expect("vault");
        assert_eq!((both.key_count(), newest.key_count()), (2, 1));
        assert_eq!(newest.open_sealed(&PRIVATE_KEY, &again).expect("opens").as_str(), "key_1");
        assert!(newest.open_sealed(&PRIVATE_KEY, &sealed).is_err());
        assert!(Vault::open(&beside, &random).expect("vault").open_sealed(&PRIVATE_KEY, &sealed).is_ok());
        for file in [file, beside] {
            assert_eq!(std::fs::metadata(file).expect("file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("k");
        let vault = Vault::open_or_create(&file, &Random::default()).expect("vault");
        let key = std::fs::read_to_string(&file).expect("read");
        let key = key.trim().split(' ').nth(1).expect("key");
        assert!(!format!("{vault:?}").contains(key));
    }
}
