//! Which of its two interfaces a Jaeger has: one detector for searches, polls, exports and the doctor.
//!
//! A server shows it by its list of services. Where it gives none, the answers to a search decide:
//! `/api/v3/traces` answers 404 where it finds nothing, as other servers do where they have no such
//! route, so that only an answer of `/api/traces` tells them apart.

use super::client::{Attempt, Client, Failure, NO_INTERFACE};
use super::response::{Answer, Interface};
use super::search::Window;

/// Both interfaces, the preferred one first, and where each lists its services.
const INTERFACES: [(Interface, &str, &str); 2] = [
    (Interface::V3, "/api/v3/services", "services"),
    (Interface::V1, "/api/services", "data"),
];

impl Client {
    /// The interface that answers, and the services that it knows.
    ///
    /// # Errors
    /// As those of a search.
    pub fn services(&mut self) -> Result<(Interface, Vec<String>), Failure> {
        let mut waits = self.waits.iter();
        loop {
            let why = match self.list_services() {
                Ok(Some(known)) => return Ok(known),
                Err(Attempt::Failed(failure)) => return Err(failure),
                Err(Attempt::Again(why, named)) => (why, named),
                Ok(None) | Err(_) => return Err(self.refused(NO_INTERFACE)),
            };
            self.wait(&mut waits, why)?;
        }
    }

    /// Asks by the interface that the server has.
    pub(super) fn attempt(&mut self, window: Window, limit: u32) -> Attempt {
        if self.form.is_none()
            && let Err(attempt) = self.list_services()
        {
            return attempt;
        }
        let answered = self.form.map(|form| self.search(form, window, limit));
        match answered {
            Some(Attempt::NothingFound) => Attempt::Done(Answer::default()),
            // Another server may have taken its place.
            None | Some(Attempt::NoRoute) => self.attempt_both(window, limit),
            Some(answered) => answered,
        }
    }

    /// Takes the first interface that lists services; none where neither does.
    fn list_services(&mut self) -> Result<Option<(Interface, Vec<String>)>, Attempt> {
        let mut failed = None;
        for (form, path, list) in INTERFACES {
            let (status, headers, body) = self.get(&self.address.join(path))?;
            if status == 200
                && let Some(names) = names(&body, list)
            {
                self.form = Some(form);
                return Ok(Some((form, names)));
            }
            let attempt = match status {
                // It is there, but not with a list of services.
                200 => continue,
                401 | 403 | 408 | 429 | 500.. => self.judge(form, status, &headers, &body),
                _ => continue,
            };
            // It said when to come back, which holds for its other interface, too.
            if matches!(attempt, Attempt::Again(_, Some(_))) {
                return Err(attempt);
            }
            if matches!(attempt, Attempt::Again(..) | Attempt::Failed(_)) {
                failed.get_or_insert(attempt);
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Asks both interfaces, where neither lists services, and takes the first that answers.
    fn attempt_both(&mut self, window: Window, limit: u32) -> Attempt {
        self.form = None;
        let mut result = Attempt::Failed(self.refused(NO_INTERFACE));
        for (form, _, _) in INTERFACES {
            match self.search(form, window, limit) {
                Attempt::NoRoute => {}
                found @ (Attempt::Done(_) | Attempt::Failed(Failure::TooLarge)) => {
                    self.form = Some(form);
                    return found;
                }
                // It said when to come back, which holds for its other interface, too.
                busy @ Attempt::Again(_, Some(_)) => return busy,
                Attempt::NothingFound => result = Attempt::Done(Answer::default()),
                other if matches!(result, Attempt::Failed(_)) => result = other,
                _ => {}
            }
        }
        result
    }
}

/// The texts of a list in an object; none where there is no such list.
fn names(body: &[u8], list: &str) -> Option<Vec<String>> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let names = match body.get(list)? {
        serde_json::Value::Null => return Some(Vec::new()),
        list => list.as_array()?,
    };
    let names = names.iter().filter_map(|name| name.as_str());
    Some(names.map(str::to_owned).collect())
}
