//! The time of a line, for those who choose lines by it and do not count them.

use logmetrics_follow::line::Line;

use super::rule::field::Context;
use super::rule::found;
use super::{Engine, Runner, Unit, timestamp};

impl Engine {
    /// When a line was written, in seconds since 1970: what the first rule that matches it says, otherwise
    /// what it begins with or what is around it.
    pub fn time_of(&self, line: &Line<'_>, runner: &mut Runner) -> Option<f64> {
        let context = Context {
            text: line.text,
            line,
        };
        let scratch = &mut runner.scratch;
        let of_rule = self.units.iter().enumerate().find_map(|(number, unit)| {
            let Unit::Rule(program) = unit else {
                return None;
            };
            program.matches(number, &context, scratch).ok()?;
            let found = found(&scratch.groups, &scratch.slots, &program.times);
            program.times.seconds(&context, &found, &mut scratch.recent)
        });
        let at_start = || timestamp::at_line_start(line.text);
        of_rule.or_else(|| {
            let text = at_start()
                .or(line.wrapping.time)
                .or(line.wrapping.header_time)?;
            timestamp::seconds(text, false)
        })
    }
}
