//! The options for TLS, passwords and tokens. Secrets come from files or the
//! environment, never from the command line, which everybody on the machine can read.

use std::path::PathBuf;

use crate::server::{Protection, TlsFiles, Token, TokenSource};

/// The variable that holds a token itself.
const TOKEN_VARIABLE: &str = "LOGMETRICS_BEARER_TOKEN";

/// What a user types.
#[derive(Debug, Clone, clap::Args)]
pub struct ProtectionArgs {
    /// Serve by TLS with this certificate (PEM, with its intermediate certificates); read again when it
    /// changes
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_TLS_CERT")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_TLS_KEY")]
    tls_key: Option<PathBuf>,

    /// Require basic authentication, but for /healthz and /readyz: a file of `user:hash` lines
    /// (`htpasswd -B` writes them)
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_BASIC_AUTH_FILE")]
    basic_auth_file: Option<PathBuf>,

    /// Require a bearer token: a file of tokens, one a line (or LOGMETRICS_BEARER_TOKEN)
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_BEARER_TOKEN_FILE")]
    bearer_token_file: Option<PathBuf>,

    /// Let `POST /-/reload` read the rules again; SIGHUP and a changed rules file always do
    #[arg(long, env = "LOGMETRICS_ENABLE_LIFECYCLE", action = clap::ArgAction::SetTrue,
          value_parser = clap::builder::FalseyValueParser::new())]
    enable_lifecycle: bool,
}

impl ProtectionArgs {
    /// What was typed becomes what the program runs with.
    ///
    /// # Errors
    /// When half of a pair is missing, or a token cannot be one.
    pub fn settings(self) -> Result<Protection, String> {
        // Containers leave a variable empty where it is not set.
        let named = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
        let tls = match (named(self.tls_cert), named(self.tls_key)) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err("--tls-cert needs its key: add --tls-key FILE".into()),
            (None, Some(_)) => {
                return Err("--tls-key needs its certificate: add --tls-cert FILE".into());
            }
        };
        Ok(Protection {
            tls,
            lifecycle: self.enable_lifecycle,
            users: named(self.basic_auth_file),
            tokens: match named(self.bearer_token_file) {
                Some(path) => Some(TokenSource::File(path)),
                None => token()?.map(TokenSource::Value),
            },
        })
    }
}

/// The token in the environment. An empty one is refused: setting it means to close the port, and
/// a secret that is missing must not open it.
fn token() -> Result<Option<Token>, String> {
    let text = std::env::var_os(TOKEN_VARIABLE);
    let token = text.map(|text| Token::new(&text.to_string_lossy()));
    token
        .transpose()
        .map_err(|error| format!("{TOKEN_VARIABLE}: {error}"))
}
