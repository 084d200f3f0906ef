//! Where the key of pseudonyms comes from: a file, which is read again when it changes, or an
//! environment variable.

use std::path::PathBuf;

use crate::secret_file;
use logmetrics_core::engine::Secret;

/// The variable that holds the secret itself.
const VARIABLE: &str = "LOGMETRICS_PSEUDONYM_SECRET";

#[derive(Debug, Clone)]
pub enum PseudonymSecret {
    File(PathBuf),
    Value(Secret),
}

impl PseudonymSecret {
    /// The file of the option, otherwise what the environment holds; none where neither is set.
    ///
    /// # Errors
    /// A secret that cannot be read or is too short, with the reason.
    pub fn from_options(file: Option<PathBuf>) -> Result<Option<PseudonymSecret>, String> {
        if let Some(path) = file.filter(|path| !path.as_os_str().is_empty()) {
            secret_file::warn_if_others_read(&path);
            let source = PseudonymSecret::File(path);
            source.read()?;
            return Ok(Some(source));
        }
        let value = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        value
            .map(|value| {
                let secret = Secret::new(value.to_string_lossy().as_bytes());
                secret.map(PseudonymSecret::Value)
            })
            .transpose()
            .map_err(|error| error.to_string())
    }

    /// The secret now.
    ///
    /// # Errors
    /// When the file cannot be read or its secret is too short.
    pub fn read(&self) -> Result<Secret, String> {
        match self {
            PseudonymSecret::Value(secret) => Ok(secret.clone()),
            PseudonymSecret::File(path) => {
                let bytes = secret_file::read(path).map_err(|error| {
                    format!("cannot read the secret in {}: {error}", path.display())
                })?;
                Secret::new(&bytes).map_err(|error| error.to_string())
            }
        }
    }
}
