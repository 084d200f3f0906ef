//! What stands around a log line when it is read where people read it. Each function wraps every
//! line of a log, and knows nothing of what the lines say.

/// The time that wrappers put before a line.
const TIME: &str = "2026-11-23T15:18:33.229071123Z";

/// Wraps a whole log.
type Wrap = fn(&str) -> String;

/// Every wrapping, with a name for messages.
pub const ALL: [(&str, Wrap); 38] = [
    ("compose v2", |log| prefixed(log, "agentgateway-1  | ")),
    ("compose v1", |log| prefixed(log, "agentgateway_1  | ")),
    ("compose, padded", |log| {
        prefixed(log, "agentgateway-1            | ")
    }),
    ("compose, a service's own name", |log| {
        prefixed(log, "llm-gateway.prod-12  | ")
    }),
    ("compose v2, coloured", |log| {
        prefixed(log, "\x1b[36magentgateway-1  | \x1b[0m")
    }),
    ("compose v1, coloured", |log| {
        prefixed(log, "\x1b[36;1magentgateway_1  |\x1b[0m ")
    }),
    ("compose --timestamps", |log| {
        prefixed(log, &format!("agentgateway-1  | {TIME} "))
    }),
    ("compose v1 --timestamps, coloured", |log| {
        prefixed(log, &format!("\x1b[33magentgateway_1  |\x1b[0m {TIME} "))
    }),
    ("compose with other services between", |log| {
        each(log, |line| {
            format!("open-webui-1    | GET /health 200\nagentgateway-1  | {line}\n")
        })
    }),
    ("docker logs --timestamps", |log| {
        prefixed(log, &format!("{TIME} "))
    }),
    ("docker logs --details", |log| prefixed(log, " ")),
    ("docker logs --details, of labels", |log| {
        prefixed(log, "com.docker.compose.service=agentgateway,tag=x ")
    }),
    ("docker logs --details --timestamps", |log| {
        prefixed(log, &format!("{TIME} env=prod,tag=x "))
    }),
    ("docker service logs", |log| {
        prefixed(log, "gw_agentgateway.1.abc123def456@node1    | ")
    }),
    ("docker service logs --timestamps", |log| {
        prefixed(log, &format!("{TIME} gw.1.abc@node1    | "))
    }),
    ("journalctl, short", |log| {
        prefixed(log, "Nov 26 15:42:14 host1 agentgateway[6246]: ")
    }),
    ("journalctl, short-iso", |log| {
        prefixed(log, "2026-11-26T15:42:14+0100 host1 agentgateway[6246]: ")
    }),
    ("journalctl, short-precise", |log| {
        prefixed(log, "Nov 26 15:42:14.301078 host1 agentgateway[6246]: ")
    }),
    ("journalctl, short-iso-precise", |log| {
        let prefix = "2026-11-26T15:42:14.301078+01:00 host1 agentgateway[6246]: ";
        prefixed(log, prefix)
    }),
    ("kubectl logs --prefix", |log| {
        prefixed(log, "[pod/gw-7d/agentgateway] ")
    }),
    ("kubectl logs --prefix --timestamps", |log| {
        prefixed(log, &format!("[pod/gw-7d/agentgateway] {TIME} "))
    }),
    ("stern", |log| {
        prefixed(log, "agentgateway-6c9f8d7b5-x2x4z agentgateway ")
    }),
    ("stern, coloured", |log| {
        prefixed(log, "\x1b[36mgw-0\x1b[0m \x1b[32magentgateway\x1b[0m ")
    }),
    ("podman-compose up", |log| {
        prefixed(log, "\x1b[1;32m[agentgateway] |\x1b[0m ")
    }),
    ("podman-compose logs", |log| {
        prefixed(log, "ai_agentgateway_1 ")
    }),
    ("syslog of RFC 3164", |log| {
        prefixed(log, "<134>Nov 26 15:42:14 host1 agentgateway[6246]: ")
    }),
    ("syslog of RFC 5424", |log| {
        prefixed(
            log,
            "<134>1 2026-11-26T15:42:14.301078Z host1 agentgateway 6246 - - ",
        )
    }),
    ("priorities", |log| prefixed(log, "<6>")),
    ("compose in a journal", |log| {
        prefixed(
            log,
            "Nov 26 15:42:14 host1 docker[6246]: agentgateway-1  | ",
        )
    }),
    ("docker json-file", docker_json),
    ("docker json-file, every line in pieces", |log| {
        pieces(log, 100, |piece, _| docker_record(piece))
    }),
    ("CRI", |log| prefixed(log, &format!("{TIME} stdout F "))),
    ("CRI, every line in pieces", |log| {
        pieces(log, 100, cri_record)
    }),
    ("CRI, the other stream between", |log| {
        pieces(log, 300, |piece, last| {
            format!(
                "{TIME} stderr F something else\n{}",
                cri_record(piece, last)
            )
        })
    }),
    ("colours around every line", |log| {
        each(log, |line| format!("\x1b[0;32m{line}\x1b[0m\n"))
    }),
    ("carriage returns", |log| {
        each(log, |line| format!("{line}\r\n"))
    }),
    ("compose on a terminal", |log| {
        each(log, |line| {
            format!("\x1b[36magentgateway-1  | \x1b[0m{line}\r\n")
        })
    }),
    ("a gateway that colours its level", |log| {
        log.replace("\tinfo\t", "\t\x1b[32minfo\x1b[0m\t")
    }),
];

/// A log in docker's json-file form, its longer lines split where docker splits them.
pub fn docker_json(log: &str) -> String {
    pieces(log, 16 << 10, |piece, _| docker_record(piece))
}

/// A log in Kubernetes' CRI form, its longer lines split where containerd splits them.
pub fn cri(log: &str) -> String {
    pieces(log, 16 << 10, cri_record)
}

fn docker_record(piece: &str) -> String {
    // Go's encoder escapes these, so that JSON can stand in HTML.
    let text = serde_json::to_string(piece)
        .unwrap()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    format!("{{\"log\":{text},\"stream\":\"stdout\",\"time\":\"{TIME}\"}}\n")
}

fn cri_record(piece: &str, last: bool) -> String {
    let flag = if last { 'F' } else { 'P' };
    format!("{TIME} stdout {flag} {}\n", piece.trim_end_matches('\n'))
}

fn each(log: &str, wrap: impl Fn(&str) -> String) -> String {
    log.lines().map(wrap).collect()
}

fn prefixed(log: &str, prefix: &str) -> String {
    each(log, |line| format!("{prefix}{line}\n"))
}

/// Cuts each line into pieces of at most `bytes_max` bytes; the last one keeps the line's end.
fn pieces(log: &str, bytes_max: usize, wrap: impl Fn(&str, bool) -> String) -> String {
    let mut out = String::new();
    for line in log.split_inclusive('\n') {
        let mut rest = line;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.floor_char_boundary(bytes_max));
            out += &wrap(piece, tail.is_empty());
            rest = tail;
        }
    }
    out
}
