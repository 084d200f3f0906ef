//! What the status page says, and what it lets nobody say.

use proptest::prelude::*;

use super::*;

/// The page without its style.
fn content(page: &Page) -> String {
    let html = page.render();
    let (_, body) = html.split_once("<body>\n").unwrap();
    body.to_owned()
}

fn escaped(text: &str) -> String {
    Escaped(text).to_string()
}

fn row(line: &str) -> UnmatchedRow {
    UnmatchedRow {
        line: line.into(),
        note: None,
    }
}

fn everything() -> Page {
    Page {
        version: "0.1.0".into(),
        uptime: Duration::from_secs(90_061),
        state: Some(StateRow {
            file: "<state>.db".into(),
            saved_ago: Some(Duration::from_secs(1)),
            failures: 2,
            is_damaged: true,
        }),
        inputs: vec![
            Input {
                source: "-".into(),
                lag_bytes: 0,
                lines: 12_345,
                bytes: 6_000_000,
                trouble: None,
            },
            Input {
                source: "/logs/*.log".into(),
                trouble: Some("nothing is <there>".into()),
                ..Input::default()
            },
        ],
        rules: vec![RuleRow {
            name: "agentgateway-request".into(),
            matches: 12_000,
        }],
        rules_loaded: Duration::from_secs(61),
        rules_outdated: true,
        metrics: vec![MetricRow {
            name: "requests_by_user".into(),
            series: 42,
            limit: 50_000,
            limited: 7,
        }],
        lines_unmatched: 345,
        last_unmatched: vec![UnmatchedRow {
            line: "info <script>alert('x')</script>".into(),
            note: Some("behind `<b>`".into()),
        }],
    }
}

#[test]
fn a_page_with_everything() {
    let page = everything();
    insta::assert_snapshot!(content(&page), @r#"
    <header>
    <h1>logmetrics</h1>
    <span class="soft">0.1.0, up 1 d 1 h</span>
    <nav><a href="/metrics">/metrics</a> <a href="/healthz">/healthz</a> <a href="/readyz">/readyz</a></nav>
    </header>
    <dl>
    <div><dt>Lines read</dt><dd>12,345</dd></div>
    <div><dt>Lines no rule matched</dt><dd>345</dd></div>
    <div><dt>Series</dt><dd>42</dd></div>
    <div><dt>Still to be read</dt><dd><span class="good">nothing</span></dd></div>
    </dl>
    <p>State in &lt;state&gt;.db, saved 1 s ago, <span class="warn">saving failed 2 times</span>, <span class="warn">what was saved before was damaged; counting restarted from zero</span></p>
    <h2>Inputs</h2>
    <div class="scroll"><table>
    <thead><tr><th>Source</th><th class="number">Lines</th><th class="number">Read</th><th class="number">Behind</th><th class="number">State</th></tr></thead>
    <tbody>
    <tr><td>-</td><td class="number">12,345</td><td class="number">5.7 MiB</td><td class="number"><span class="good">nothing</span></td><td class="number"><span class="good">readable</span></td></tr>
    <tr><td>/logs/*.log</td><td class="number">0</td><td class="number">0 B</td><td class="number"><span class="good">nothing</span></td><td class="number"><span class="warn">nothing is &lt;there&gt;</span></td></tr>
    </tbody>
    </table></div>
    <h2>Rules</h2>
    <div class="scroll"><table>
    <thead><tr><th>Rule</th><th class="number">Lines matched</th></tr></thead>
    <tbody>
    <tr><td>agentgateway-request</td><td class="number">12,000</td></tr>
    </tbody>
    </table></div>
    <p class="soft">loaded 1 min 1 s ago</p>
    <p class="warn">Newer rules are wrong and not in use; the log says why.</p>
    <h2>Metrics</h2>
    <div class="scroll"><table>
    <thead><tr><th>Metric</th><th class="number">Series</th><th class="number">Limit</th><th class="number"></th><th class="number">Over the limit</th></tr></thead>
    <tbody>
    <tr><td>requests_by_user</td><td class="number">42</td><td class="number">50,000</td><td><meter min="0" max="50000" low="40000" high="40000" optimum="0" value="42"></meter></td><td class="number"><span class="warn">7</span></td></tr>
    </tbody>
    </table></div>
    <h2>Last lines that no rule matched</h2>
    <ol>
    <li>info &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;<br><span class="warn">behind `&lt;b&gt;`</span></li>
    </ol>
    <p class="soft"><code>logmetrics explain</code> says why, line by line.</p>
    </body>
    </html>
    "#);
}

#[test]
fn it_stands_out_where_no_line_is_matched() {
    let page = |unmatched| Page {
        lines_unmatched: unmatched,
        ..everything()
    };
    assert!(content(&page(12_345)).contains("<span class=\"warn\">12,345 (all)</span>"));
    assert!(!content(&page(12_344)).contains("(all)"));
    assert!(!content(&Page::default()).contains("(all)"));
}

#[test]
fn a_page_with_nothing() {
    let body = content(&Page::default());
    assert_eq!(body.matches("<p class=\"soft\">none</p>").count(), 4);
    assert!(!body.contains("<table"));
}

#[test]
fn the_style_needs_nothing_from_elsewhere() {
    assert!(!STYLE.contains('<'), "a tag would end the style");
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    assert!(STYLE.contains("prefers-color-scheme: dark"));
}

#[test]
fn what_cannot_be_seen_is_shown() {
    assert_eq!(
        escaped("a\tb\r\n\0\u{1b}[31m\u{7f}"),
        "a\\tb\\r\\n\\u{0}\\u{1b}[31m\\u{7f}"
    );
    assert_eq!(
        escaped("\u{85}\u{202e}gpj.exe\u{feff}"),
        "\\u{85}\\u{202e}gpj.exe\\u{feff}"
    );
    assert_eq!(escaped("Zoë 日本 🦀"), "Zoë 日本 🦀");
}

#[test]
fn long_and_many_lines_are_cut() {
    let page = Page {
        last_unmatched: vec![row(&"ä".repeat(LINE_CHARS_MAX + 1)); LINES_MAX + 5],
        ..Page::default()
    };
    let body = content(&page);
    assert_eq!(body.matches("<li>").count(), LINES_MAX);
    let line = format!("<li>{}…</li>", "ä".repeat(LINE_CHARS_MAX));
    assert_eq!(body.matches(&line).count(), LINES_MAX);
    let whole = Page {
        last_unmatched: vec![row(&"x".repeat(LINE_CHARS_MAX))],
        ..Page::default()
    };
    assert!(!content(&whole).contains('…'));
}

#[test]
fn numbers_for_people() {
    let counts = [0, 999, 1000, 1_234_567, u64::MAX].map(|count| Count(count).to_string());
    assert_eq!(
        counts,
        [
            "0",
            "999",
            "1,000",
            "1,234,567",
            "18,446,744,073,709,551,615"
        ]
    );
    let sizes =
        [0, 1023, 1024, 1536, (1 << 20) - 1, 1 << 20, u64::MAX].map(|size| Size(size).to_string());
    assert_eq!(
        sizes,
        [
            "0 B",
            "1023 B",
            "1.0 KiB",
            "1.5 KiB",
            "1.0 MiB",
            "1.0 MiB",
            "16384.0 PiB"
        ]
    );
    let spans =
        [0, 59, 61, 3661, 90_061].map(|seconds| Span(Duration::from_secs(seconds)).to_string());
    assert_eq!(spans, ["0 s", "59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
}

proptest! {
    #[test]
    fn no_text_becomes_markup(text in any::<String>()) {
        let shown = escaped(&text);
        prop_assert!(!shown.contains(['<', '>', '"', '\'']));
        prop_assert!(!shown.chars().any(char::is_control));
        let page = Page {
            inputs: vec![Input { source: text.clone(), ..Input::default() }],
            rules: vec![RuleRow { name: text.clone(), matches: 0 }],
            metrics: vec![MetricRow { name: text.clone(), ..MetricRow::default() }],
            last_unmatched: vec![row(&text)],
            ..Page::default()
        };
        let plain = Page {
            inputs: vec![Input::default()],
            rules: vec![RuleRow::default()],
            metrics: vec![MetricRow::default()],
            last_unmatched: vec![row("")],
            ..Page::default()
        };
        prop_assert_eq!(page.render().matches('<').count(), plain.render().matches('<').count());
    }
}
