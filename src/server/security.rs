//! TLS, passwords and tokens together, from files that are read again when they change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::auth::{Auth, TokenSource};
use super::tls::{Certificate, TlsFiles};
use crate::reloadable;
use crate::secret_file::warn_if_others_read;

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What the command line asks for. Shown, it tells no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protection {
    /// The certificate; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// Users and their passwords, as `htpasswd -B` writes them.
    pub users: Option<PathBuf>,
    /// Tokens.
    pub tokens: Option<TokenSource>,
    /// Whether `POST /-/reload` does anything.
    pub lifecycle: bool,
}

/// The certificate and credentials now.
#[derive(Debug, Default)]
pub struct Access {
    /// The certificate, where TLS is spoken.
    pub certificate: Option<Certificate>,
    /// Who is allowed.
    pub auth: Auth,
    /// Whether `POST /-/reload` is allowed.
    pub lifecycle: bool,
}

impl Access {
    /// Reads all files, and warns where somebody else can read a secret.
    ///
    /// # Errors
    /// The first file that cannot be read or is wrong, as a text that names it.
    pub fn new(protection: &Protection) -> Result<Access, String> {
        let certificate = protection.tls.as_ref().map(Certificate::read).transpose()?;
        let auth = Auth::read(protection.users.as_deref(), protection.tokens.as_ref())?;
        let key = protection.tls.as_ref().map(|files| &files.key);
        let token = match &protection.tokens {
            Some(TokenSource::File(path)) => Some(path),
            _ => None,
        };
        for path in [key, protection.users.as_ref(), token]
            .into_iter()
            .flatten()
        {
            warn_if_others_read(path);
        }
        Ok(Access {
            certificate,
            auth,
            lifecycle: protection.lifecycle,
        })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.certificate.is_some() {
            "https"
        } else {
            "http"
        }
    }

    /// Whether passwords or tokens are asked for and could be overheard.
    pub fn is_unencrypted(&self) -> bool {
        self.certificate.is_none() && !self.auth.is_open()
    }

    /// Looks at the files for as long as it is polled.
    pub async fn keep_up_to_date(self: Arc<Self>) {
        if self.certificate.is_none() && self.auth.is_open() {
            return;
        }
        reloadable::watch(LOOK_INTERVAL, move || {
            if let Some(certificate) = &self.certificate {
                certificate.look();
            }
            self.auth.look();
        })
        .await;
    }
}
