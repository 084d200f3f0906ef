//! What there is to say of spans, which are the lines of a log that nobody wrote.

use super::{LogFindings, NAMED_PERCENT_MIN};
use crate::doctor::gateway::{KnownHeaders, example_of_tracing};
use crate::doctor::{Finding, Link, count};

impl LogFindings {
    /// Whether the rules count the spans of requests, and whether these name users. `header` is
    /// where the front end sends the user.
    pub fn findings_of_spans(&self, header: Option<&str>) -> Vec<Finding> {
        let matched: u64 = self.rules.iter().map(|(_, lines)| lines).sum();
        if matched == 0 {
            return vec![Finding::failed(
                Link::Jaeger,
                "the rules count none of them",
                "a span is read as a JSON line: `fields = \"auto\"` in the rule, and a `match` that such a line has; \
                 see what there is with\n  logmetrics report --jaeger URL --export spans.jsonl; \
                 logmetrics explain spans.jsonl",
            )];
        }
        let mut findings = Vec::new();
        if self.requests > 0 && !self.rule.is_empty() {
            findings.push(self.users_of_spans(header));
        }
        findings.extend(
            self.troubles("`logmetrics explain` of what `report --jaeger URL --export FILE` keeps"),
        );
        findings
    }

    fn users_of_spans(&self, header: Option<&str>) -> Finding {
        let requests = count(self.requests, "request");
        let example = example_of_tracing(KnownHeaders {
            header,
            ..KnownHeaders::default()
        });
        if self.named == 0 {
            let saw = format!("none of {requests} names a user");
            return match self.other_user_keys() {
                other_user_keys if other_user_keys.is_empty() => Finding::failed(
                    Link::Jaeger,
                    saw,
                    format!(
                        "what the log was told to add is not on the trace; add to the gateway's configuration:\n{example}"
                    ),
                ),
                other_user_keys => Finding::failed(
                    Link::Jaeger,
                    format!("{saw} under a tag that the rules read; there is {other_user_keys}"),
                    format!(
                        "add the right one to `from` of `{}` in the rules",
                        self.user_label
                    ),
                ),
            };
        }
        let saw = format!(
            "{} of {requests} name a user, under {}",
            self.named,
            self.named_keys()
        );
        if self.named * 100 >= self.requests * NAMED_PERCENT_MIN {
            return Finding::ok(Link::Jaeger, saw);
        }
        Finding::warning(
            Link::Jaeger,
            saw,
            format!(
                "the others count for the label's default: do all clients send a header that is on the trace?\n{example}"
            ),
        )
    }
}
