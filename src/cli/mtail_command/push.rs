//! mtail's flags for collectors that do not scrape: collectd, Graphite and StatsD.

use std::time::Duration;

use super::flags::Flags;
use crate::settings::{PushSettings, PushTarget};
use logmetrics_mtail::pages::push::Protocol;

/// As in mtail.
const INTERVAL: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(10);

/// The collectors that flags name, where there are any.
pub(super) fn settings(flags: &Flags) -> Result<Option<PushSettings>, String> {
    let target = |protocol, address: &str, prefix: &str| {
        let address = flags.value(address).filter(|address| !address.is_empty())?;
        Some(PushTarget {
            protocol,
            address: address.to_owned(),
            prefix: flags.value(prefix).unwrap_or("").to_owned(),
        })
    };
    let collectd = target(Protocol::Collectd, "collectd_socketpath", "collectd_prefix");
    let graphite = target(Protocol::Graphite, "graphite_host_port", "graphite_prefix");
    let statsd = target(Protocol::Statsd, "statsd_hostport", "statsd_prefix");
    let targets: Vec<PushTarget> = collectd.into_iter().chain(graphite).chain(statsd).collect();
    for target in targets
        .iter()
        .filter(|target| target.protocol != Protocol::Collectd)
    {
        let port = target
            .address
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(format!(
                "expected HOST:PORT to push to, but found `{}`",
                target.address
            ));
        }
    }
    let seconds = flags.number("metric_push_interval_seconds")?;
    let seconds = seconds.map(|seconds| Duration::from_secs(seconds as u64));
    let interval = flags.duration("metric_push_interval")?.or(seconds);
    let interval = interval.unwrap_or(INTERVAL);
    let deadline = flags.duration("metric_push_write_deadline")?;
    let deadline = deadline.unwrap_or(DEADLINE);
    if interval.is_zero() || deadline.is_zero() {
        return Err(
            "-metric_push_interval and -metric_push_write_deadline are more than 0".to_owned(),
        );
    }
    let settings = PushSettings {
        targets,
        interval,
        deadline,
    };
    Ok((!settings.targets.is_empty()).then_some(settings))
}
