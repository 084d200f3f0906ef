//! What Kubernetes says in the path of a container's log.

/// The names of a container, as they are in the path of its log:
/// `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log` or
/// `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log`, also where these folders are mounted elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kubernetes<'p> {
    pub(super) namespace: &'p str,
    pub(super) pod: &'p str,
    pub(super) container: &'p str,
}

/// Hexadecimal digits of a container's id.
const ID_DIGITS: usize = 64;

impl<'p> Kubernetes<'p> {
    pub(super) fn of(path: &'p str) -> Option<Kubernetes<'p>> {
        let (folders, file) = path.rsplit_once('/')?;
        if folders.ends_with("/containers") {
            return Kubernetes::of_containers(file);
        }
        let (pods, container) = folders.rsplit_once('/')?;
        let (pods, pod) = pods.rsplit_once('/')?;
        // `0.log`, and what the kubelet makes of it: `0.log.20260301-100000.gz`.
        let (number, ending) = file.split_once('.')?;
        let is_log = number.bytes().all(|byte| byte.is_ascii_digit()) && ending.starts_with("log");
        if !(is_log && pods.ends_with("/pods")) {
            return None;
        }
        let mut names = pod.splitn(3, '_');
        let (namespace, pod, _uid) = (names.next()?, names.next()?, names.next()?);
        Kubernetes::new(namespace, pod, container)
    }

    fn of_containers(file: &'p str) -> Option<Kubernetes<'p>> {
        let name = file.get(..file.find(".log")?)?;
        let (name, id) = name.rsplit_once('-')?;
        let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut names = name.splitn(3, '_');
        let (pod, namespace, container) = (names.next()?, names.next()?, names.next()?);
        is_id.then(|| Kubernetes::new(namespace, pod, container))?
    }

    fn new(namespace: &'p str, pod: &'p str, container: &'p str) -> Option<Kubernetes<'p>> {
        let names = [namespace, pod, container];
        names
            .iter()
            .all(|name| !name.is_empty())
            .then_some(Kubernetes {
                namespace,
                pod,
                container,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Option<[&str; 3]> {
        let found = Kubernetes::of(path)?;
        Some([found.namespace, found.pod, found.container])
    }

    #[test]
    fn both_folders_of_kubernetes_are_known() {
        let uid = "0f5f3a1e-1d2c-4b5a-9f00-aa11bb22cc33";
        let id = "ab".repeat(32);
        let expected = Some(["ai", "gw-7d9c-x2x4z", "agentgateway"]);
        for path in [
            format!("/var/log/pods/ai_gw-7d9c-x2x4z_{uid}/agentgateway/0.log"),
            format!("/host/var/log/pods/ai_gw-7d9c-x2x4z_{uid}/agentgateway/12.log.20260301-1.gz"),
            format!("/var/log/containers/gw-7d9c-x2x4z_ai_agentgateway-{id}.log"),
        ] {
            assert_eq!(names(&path), expected, "{path}");
        }
        for path in [
            format!("/var/lib/docker/containers/{id}/{id}-json.log"),
            "/var/log/pods/a_b/c/0.log".into(),
            "/var/log/pods/a__c/c/0.log".into(),
            "/var/log/pods/a_b_c/c/app.log".into(),
            "/var/log/containers/a_b_c-12.log".into(),
            "-".into(),
            "".into(),
        ] {
            assert_eq!(names(&path), None, "{path}");
        }
    }
}
