//! Authentication: a user with a password, or a token. Knows headers, no routes.
//!
//! Checking a password is slow on purpose (bcrypt). It is done on another thread than serving, one at
//! a time, and its result is remembered, so that a scrape each second costs it once.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{self, HeaderMap, HeaderValue};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::Semaphore;
use tokio_rustls::rustls::crypto::ring;

use crate::reloadable::ReloadableFiles;

/// Results of each kind that are remembered; then all of that kind are forgotten.
const REMEMBERED_MAX: usize = 1024;

/// Passwords that wait to be checked. Guessing keeps no more than one core busy; further guesses are
/// answered 503.
const WAITING_MAX: usize = 64;

/// Those of one address among them: guessing from one address leaves room for all others.
const WAITING_OF_ADDRESS_MAX: usize = 2;

/// The hardest hash that is taken: one more takes seconds for each check.
const COST_MAX: u32 = 14;

/// A secret that must not be shown, not even by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Where the tokens are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// In a file, one a line.
    File(PathBuf),
    /// Here.
    Value(Token),
}

/// Allows requests with a right password or token; all where neither is required.
#[derive(Default)]
pub struct Auth {
    users: Option<ReloadableFiles<Users>>,
    tokens: Option<Tokens>,
    checks: Checks,
}

/// The result of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The request is answered.
    Allowed,
    /// The password or token is missing or wrong.
    Unauthorized,
    /// Too many passwords are being checked.
    Busy,
}

enum Tokens {
    File(ReloadableFiles<Vec<Token>>),
    Value(Vec<Token>),
}

/// The users of an htpasswd file.
#[derive(Debug)]
struct Users {
    hashes: HashMap<Vec<u8>, String>,
    /// What is checked for somebody unknown, so that it takes as long as for somebody known.
    decoy: String,
}

impl Token {
    /// A token as an `Authorization` header can carry it (RFC 6750, 2.1).
    ///
    /// # Errors
    /// A text that says what is wrong and shows nothing of the token.
    pub fn new(text: &str) -> Result<Token, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the token is empty".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token may hold only printable ASCII without blanks".to_owned());
        }
        Ok(Token(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, tokens) = (self.users.is_some(), self.tokens.is_some());
        write!(formatter, "Auth {{ users: {users}, tokens: {tokens} }}")
    }
}

impl Auth {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read or is wrong: a text that names the file and the line.
    pub fn read(users: Option<&Path>, tokens: Option<&TokenSource>) -> Result<Auth, String> {
        let read = |path: &Path| {
            ReloadableFiles::open("password file", vec![path.to_owned()], parse_users)
        };
        Ok(Auth {
            users: users.map(read).transpose()?,
            tokens: match tokens {
                None => None,
                Some(TokenSource::Value(token)) => Some(Tokens::Value(vec![token.clone()])),
                Some(TokenSource::File(path)) => {
                    let tokens = ReloadableFiles::open("token", vec![path.clone()], parse_tokens)?;
                    Some(Tokens::File(tokens))
                }
            },
            checks: Checks::default(),
        })
    }

    /// Whether everybody may come in.
    pub fn is_open(&self) -> bool {
        self.users.is_none() && self.tokens.is_none()
    }

    /// Looks whether the files have changed.
    pub fn look(&self) {
        if let Some(users) = &self.users {
            users.look();
        }
        if let Some(Tokens::File(tokens)) = &self.tokens {
            tokens.look();
        }
    }

    /// What to say to a request with these headers. Waits while a password is checked.
    pub async fn admits(&self, headers: &HeaderMap, address: IpAddr) -> Verdict {
        if self.is_open() {
            return Verdict::Allowed;
        }
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else {
            return Verdict::Unauthorized;
        };
        match (credentials(given), &self.users, &self.tokens) {
            (Some(Credentials::Bearer(token)), _, Some(tokens)) => {
                if self.checks.is_one_of(&token, tokens) {
                    Verdict::Allowed
                } else {
                    Verdict::Unauthorized
                }
            }
            (Some(Credentials::Basic { user, password }), Some(users), _) => {
                let users = users.current();
                let hash = users.hashes.get(&user);
                let is_known = hash.is_some();
                let hash = hash.unwrap_or(&users.decoy);
                match self.checks.password(&user, password, hash, address).await {
                    Some(true) if is_known => Verdict::Allowed,
                    Some(_) => Verdict::Unauthorized,
                    None => Verdict::Busy,
                }
            }
            _ => Verdict::Unauthorized,
        }
    }

    /// The credentials that are accepted, for `WWW-Authenticate` (RFC 9110, 11.6.1).
    pub fn challenges(&self) -> impl Iterator<Item = HeaderValue> {
        let basic = HeaderValue::from_static("Basic realm=\"logmetrics\", charset=\"UTF-8\"");
        let bearer = HeaderValue::from_static("Bearer realm=\"logmetrics\"");
        let basic = self.users.is_some().then_some(basic);
        basic
            .into_iter()
            .chain(self.tokens.is_some().then_some(bearer))
    }
}

enum Credentials {
    Basic { user: Vec<u8>, password: Vec<u8> },
    Bearer(Vec<u8>),
}

fn credentials(header: &HeaderValue) -> Option<Credentials> {
    let (scheme, rest) = header.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credentials::Bearer(rest.as_bytes().to_vec()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    let (user, password) = pair.split_at(colon);
    Some(Credentials::Basic {
        user: user.to_vec(),
        password: password.get(1..)?.to_vec(),
    })
}

/// Checks, and what they gave.
struct Checks {
    /// Of this process alone: what is remembered says nothing about passwords elsewhere.
    key: [u8; 32],
    remembered: Mutex<Remembered>,
    working: Arc<Semaphore>,
    waiting: Mutex<HashMap<IpAddr, usize>>,
}

impl Default for Checks {
    fn default() -> Self {
        let mut key = [0; 32];
        // Without a key what is remembered is still a hash that nobody outside sees.
        _ = ring::default_provider().secure_random.fill(&mut key);
        Checks {
            key,
            remembered: Mutex::default(),
            working: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        }
    }
}

impl Checks {
    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return [0; 32]; // a key of any length is taken
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Takes as long for the wrong token as for the right one, wherever they differ.
    fn is_one_of(&self, given: &[u8], tokens: &Tokens) -> bool {
        let among = |tokens: &[Token]| {
            let given = self.digest(&[given]);
            let right = tokens.iter().fold(Choice::from(0), |right, token| {
                right | self.digest(&[token.0.as_bytes()]).ct_eq(&given)
            });
            right.into()
        };
        match tokens {
            Tokens::File(tokens) => among(&tokens.current()),
            Tokens::Value(tokens) => among(tokens),
        }
    }

    /// Whether the password is that of the hash; none where too many wait for the same.
    async fn password(
        &self,
        user: &[u8],
        password: Vec<u8>,
        hash: &str,
        address: IpAddr,
    ) -> Option<bool> {
        let key = self.digest(&[user, &password, hash.as_bytes()]);
        if let Some(right) = self.lock().get(&key) {
            return Some(right);
        }
        let _slot = WaitingSlot::take(&self.waiting, address)?;
        // The semaphore is never closed; without a permit the check just runs.
        let permit = self.working.clone().acquire_owned().await.ok();
        // Another request of the same client may have been faster.
        if let Some(right) = self.lock().get(&key) {
            return Some(right);
        }
        let hash = hash.to_owned();
        let right = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a client that goes away frees no place for another.
            let _permit = permit;
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        let right = right.await.unwrap_or(false);
        self.lock().insert(key, right);
        Some(right)
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Digests of passwords that were checked. Right ones are kept apart, so that wrong ones, of which
/// there may be any number, never make a scraper wait that is known.
#[derive(Default)]
struct Remembered {
    right: HashSet<[u8; 32]>,
    wrong: HashSet<[u8; 32]>,
}

impl Remembered {
    fn get(&self, digest: &[u8; 32]) -> Option<bool> {
        let is_right = self.right.contains(digest);
        (is_right || self.wrong.contains(digest)).then_some(is_right)
    }

    fn insert(&mut self, digest: [u8; 32], is_right: bool) {
        let digests = if is_right {
            &mut self.right
        } else {
            &mut self.wrong
        };
        if digests.len() >= REMEMBERED_MAX {
            digests.clear();
        }
        digests.insert(digest);
    }
}

/// A place among those who wait.
struct WaitingSlot<'a> {
    waiting: &'a Mutex<HashMap<IpAddr, usize>>,
    address: IpAddr,
}

impl<'a> WaitingSlot<'a> {
    fn take(waiting: &'a Mutex<HashMap<IpAddr, usize>>, address: IpAddr) -> Option<Self> {
        let mut all = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if all.values().sum::<usize>() >= WAITING_MAX {
            return None;
        }
        let of_address = all.entry(address).or_default();
        if *of_address >= WAITING_OF_ADDRESS_MAX {
            return None;
        }
        *of_address += 1;
        Some(WaitingSlot { waiting, address })
    }
}

impl Drop for WaitingSlot<'_> {
    fn drop(&mut self) {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_address) = all.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                all.remove(&self.address);
            }
        }
    }
}

/// Lines of `user:hash` as `htpasswd -B` writes them; empty lines and comments are skipped.
fn parse_users(paths: &[PathBuf], bytes: &[Vec<u8>]) -> Result<Users, String> {
    let name = paths.iter().map(|path| path.display().to_string());
    let name = name.collect::<String>();
    let mut hashes = HashMap::new();
    let mut hardest: Option<(u32, String)> = None;
    for (number, line) in lines(bytes) {
        let wrong = |what: &str| format!("`{name}`, line {number}: {what}");
        let colon = line.iter().position(|&byte| byte == b':');
        let Some((user, hash)) = colon.map(|colon| line.split_at(colon)) else {
            return Err(wrong("expected `user:hash`, but found no colon"));
        };
        let hash = std::str::from_utf8(hash.get(1..).unwrap_or_default()).unwrap_or_default();
        let Some(cost) = bcrypt_cost(hash) else {
            return Err(wrong(
                "expected a bcrypt hash (`$2b$…`); `htpasswd -B` writes one",
            ));
        };
        if cost > COST_MAX {
            return Err(wrong(&format!(
                "a hash of cost {cost} takes seconds for each check; the most is {COST_MAX} \
                 (`htpasswd -B -C 10`)"
            )));
        }
        if hashes.insert(user.to_vec(), hash.to_owned()).is_some() {
            return Err(wrong("this user stands here twice"));
        }
        if hardest.as_ref().is_none_or(|(hardest, _)| cost > *hardest) {
            hardest = Some((cost, hash.to_owned()));
        }
    }
    match hardest {
        Some((_, decoy)) => Ok(Users { hashes, decoy }),
        None => Err(format!(
            "`{name}` names no user; `htpasswd -B -c {name} USER` adds one"
        )),
    }
}

/// How hard a bcrypt hash is; none where it is none.
fn bcrypt_cost(hash: &str) -> Option<u32> {
    let is_one = ["$2a$", "$2b$", "$2x$", "$2y$"]
        .iter()
        .any(|version| hash.starts_with(version));
    let cost = HashParts::from_str(hash).ok()?.get_cost();
    (is_one && hash.len() == 60 && cost >= 4).then_some(cost)
}

fn parse_tokens(paths: &[PathBuf], bytes: &[Vec<u8>]) -> Result<Vec<Token>, String> {
    let name = paths.iter().map(|path| path.display().to_string());
    let name = name.collect::<String>();
    let mut tokens = Vec::new();
    for (number, line) in lines(bytes) {
        let token = Token::new(&String::from_utf8_lossy(line));
        tokens.push(token.map_err(|error| format!("`{name}`, line {number}: {error}"))?);
    }
    if tokens.is_empty() {
        return Err(format!(
            "`{name}` holds no token; `openssl rand -hex 32 > {name}` makes one"
        ));
    }
    Ok(tokens)
}

/// The lines that say something, with their numbers from 1.
fn lines(bytes: &[Vec<u8>]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.iter().flat_map(|bytes| bytes.split(|&b| b == b'\n'));
    let lines = lines
        .enumerate()
        .map(|(place, line)| (place + 1, line.trim_ascii()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
}

#[cfg(test)]
mod tests;
