//! Where strict mode deliberately does not do what mtail 3.0.9 did: those of the language, which
//! crates/mtail lists too, and those of the program around it.

pub struct Deviation {
    pub name: &'static str,
    pub reason: &'static str,
    pub compiles: bool,
    pub metrics: &'static [&'static str],
}

pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "met_as_dot",
        reason: "3.0.9 leaves the metric out and hangs at the next scrape; 3.2.24 and later export it so",
        compiles: true,
        metrics: &[
            "# HELP b defined at p.mtail:2:9",
            "# TYPE b counter",
            r#"b{prog="p.mtail"} 1"#,
            "# HELP x_y defined at p.mtail:1:9",
            "# TYPE x_y counter",
            r#"x_y{prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "met_hyphen_clash",
        reason: "two metrics of one exported name make mtail's page fail: refused when read",
        compiles: false,
        metrics: &[],
    },
    Deviation {
        name: "met_label_prog",
        reason: "mtail hangs at the next scrape: the label is exported under another name",
        compiles: true,
        metrics: &[
            "# HELP a defined at p.mtail:1:9",
            "# TYPE a counter",
            r#"a{exported_prog="x",prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "met_same_name_two",
        reason: "two metrics of one exported name make mtail's page fail: refused when read",
        compiles: false,
        metrics: &[],
    },
    Deviation {
        name: "syn_and_const",
        reason: "several patterns in one condition are accepted, as 3.3 does",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "syn_by_string",
        reason: "3.0.9 leaves the metric out and hangs at the next scrape; 3.2.24 and later export it so",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{a_b="x",prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "syn_duration_d",
        reason: "days are accepted as a duration",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:7",
            "# TYPE c gauge",
            r#"c{p="x",prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "syn_else_next_line",
        reason: "`else` may stand on its own line",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 2"#,
        ],
    },
    Deviation {
        name: "syn_file_and_const",
        reason: "several patterns in one condition are accepted, as 3.3 does",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "syn_filename_and",
        reason: "several patterns in one condition are accepted, as 3.3 does",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 2"#,
        ],
    },
    Deviation {
        name: "syn_metric_string_name",
        reason: "an unused name is a warning and no error; a name in quotes can only be exported",
        compiles: true,
        metrics: &[
            "# HELP a_b defined at p.mtail:1:9-13",
            "# TYPE a_b counter",
            r#"a_b{prog="p.mtail"} 0"#,
        ],
    },
    Deviation {
        name: "syn_or_capture",
        reason: "several patterns in one condition are accepted, as 3.3 does; a group of the pattern that did not match is a runtime error",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{k="1",prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "syn_paren_pattern",
        reason: "a pattern may stand in brackets",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 2"#,
        ],
    },
    Deviation {
        name: "syn_unicode_ident",
        reason: "3.0.9 leaves the metric out and hangs at the next scrape; 3.2.24 and later export it so",
        compiles: true,
        metrics: &[
            "# HELP z_hler defined at p.mtail:1:9-15",
            "# TYPE z_hler counter",
            r#"z_hler{prog="p.mtail"} 1"#,
        ],
    },
    Deviation {
        name: "syn_unused_decl",
        reason: "an unused name is a warning and no error",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 1"#,
            "# HELP d defined at p.mtail:2:9",
            "# TYPE d counter",
            r#"d{prog="p.mtail"} 0"#,
        ],
    },
    Deviation {
        name: "syn_unused_def",
        reason: "an unused name is a warning and no error",
        compiles: true,
        metrics: &[
            "# HELP c defined at p.mtail:1:9",
            "# TYPE c counter",
            r#"c{prog="p.mtail"} 1"#,
        ],
    },
];
