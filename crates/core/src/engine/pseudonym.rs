//! Pseudonyms: the same value gives the same word, and nobody without the secret gets back.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of pseudonyms. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Shorter secrets can be found by trying.
const SECRET_BYTES_MIN: usize = 16;

/// The secret is too short.
#[derive(Debug, thiserror::Error)]
#[error("the pseudonym secret has {0} bytes, but at least {SECRET_BYTES_MIN} are needed")]
pub struct SecretTooShort(usize);

impl Secret {
    /// A secret from a file's content or a variable; blanks and line ends around it are left out.
    ///
    /// # Errors
    /// When fewer than 16 bytes are left.
    pub fn new(text: &[u8]) -> Result<Secret, SecretTooShort> {
        let text = text.trim_ascii();
        if text.len() < SECRET_BYTES_MIN {
            return Err(SecretTooShort(text.len()));
        }
        Ok(Secret(text.to_vec()))
    }

    /// Sixteen hexadecimal digits: the first 64 bits of HMAC-SHA-256 (RFC 2104) over `value`.
    pub fn pseudonym(&self, value: &[u8]) -> String {
        // HMAC takes keys of any length, so this cannot fail; an empty pseudonym would only hide.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(value);
        mac.finalize()
            .into_bytes()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stable_and_keyed() {
        let one = Secret::new(b"0123456789abcdef\n").unwrap();
        let two = Secret::new(b"0123456789abcdeg").unwrap();
        let word = one.pseudonym(b"alice@example.com");
        // As `openssl dgst -sha256 -hmac 0123456789abcdef` gives it.
        assert_eq!(word, "f3d6ddc7dbf9be2e");
        assert_eq!(word, one.pseudonym(b"alice@example.com"));
        assert_ne!(word, two.pseudonym(b"alice@example.com"));
        assert_ne!(word, one.pseudonym(b"bob@example.com"));
    }

    #[test]
    fn refuses_short_secrets_and_never_prints() {
        assert!(Secret::new(b"  short  ").is_err());
        let secret = Secret::new(b"0123456789abcdef").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
