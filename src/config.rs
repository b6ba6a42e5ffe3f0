//! `failway.toml`: what a project wants of every run. Reading it is all that happens here; where it
//! lies is the command line's business.

use crate::diagnostics::{Code, Diagnostic, Severity};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The name of the file.
pub const NAME: &str = "failway.toml";

/// What findings of a code count as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// They are not reported.
    Off,
    /// They are reported as this.
    As(Severity),
}

/// What a project wants; paths as they are written, to be read from the folder of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What is checked, formatted and tested where no path is given.
    pub paths: Vec<String>,
    /// How many times the usual work a question may take.
    pub effort: Option<u32>,
    /// What findings count as, for codes that aren't errors.
    pub levels: BTreeMap<Code, Level>,
    /// Whether warnings make `check` fail.
    pub deny_warnings: bool,
    /// Whether `check` also gives advice on style.
    pub style: bool,
    /// The file with the findings that are known.
    pub baseline: Option<String>,
    /// The folder that tables are written to.
    pub output: Option<String>,
}

/// The keys of the file itself, of `[check]` and of `[compile]`.
const KEYS: [(&str, &[&str]); 3] = [
    ("", &["paths", "effort", "levels", "check", "compile"]),
    ("check", &["deny-warnings", "style", "baseline"]),
    ("compile", &["output"]),
];

/// The words for levels.
const LEVELS: &[&str] = &["error", "warning", "note", "off"];

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line: `3: there is no key …`.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        let mut reader = Reader {
            text,
            wrong: Vec::new(),
            config: Self::default(),
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match DeTable::parse(text) {
            Ok(table) => reader.table("", table.get_ref()),
            Err(e) => {
                let at = e.span().map_or(0, |s| s.start);
                let message = e.message().trim().replace('\n', ", ");
                reader.say(at, &format!("this is not TOML: {message}"));
            }
        }
        if reader.wrong.is_empty() {
            Ok(reader.config)
        } else {
            Err(reader.wrong)
        }
    }

    /// Gives findings the levels that are wanted, and takes out those that aren't.
    pub fn level(&self, findings: &mut Vec<Diagnostic>) {
        findings.retain_mut(|finding| match self.levels.get(&finding.code) {
            Some(Level::Off) => false,
            Some(Level::As(severity)) => {
                finding.severity = *severity;
                true
            }
            None => true,
        });
    }
}

struct Reader<'t> {
    text: &'t str,
    wrong: Vec<String>,
    config: Config,
}

impl Reader<'_> {
    fn say(&mut self, at: usize, what: &str) {
        let before = self.text.get(..at.min(self.text.len())).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        self.wrong.push(format!("{line}: {what}"));
    }

    fn table(&mut self, name: &str, table: &DeTable<'_>) {
        let known = KEYS
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(&[][..], |k| k.1);
        for (key, value) in table {
            let at = key.span().start;
            let word: &str = key.get_ref();
            if name == "levels" {
                self.level(at, word, value);
            } else if known.contains(&word) {
                self.key(name, word, value);
            } else {
                let place = if name.is_empty() {
                    String::new()
                } else {
                    format!(" in [{name}]")
                };
                let hint = self.hint(word, name, known);
                self.say(at, &format!("there is no key `{word}`{place}; {hint}"));
            }
        }
    }

    /// What was meant by a key that isn't there.
    fn hint(&self, word: &str, name: &str, known: &[&str]) -> String {
        let plain = word.replace('_', "-").to_lowercase();
        // A key of another table is more often misplaced than misspelt.
        let other = KEYS
            .iter()
            .find(|(n, keys)| *n != name && keys.contains(&plain.as_str()));
        if let Some((other, _)) = other {
            return match *other {
                "" => format!("`{plain}` stands at the top, before the first `[…]`"),
                other => format!("`{plain}` belongs under [{other}]"),
            };
        }
        if Code::parse(word).is_some() {
            return "levels of codes stand under [levels]".to_string();
        }
        match near(&plain, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", listed(known)),
        }
    }

    fn key(&mut self, name: &str, word: &str, value: &Spanned<DeValue<'_>>) {
        let at = value.span().start;
        let inside = value.get_ref();
        let full = if name.is_empty() {
            word.to_string()
        } else {
            format!("{name}.{word}")
        };
        match full.as_str() {
            "levels" | "check" | "compile" => match inside.as_table() {
                Some(table) => self.table(word, table),
                None => self.say(at, &format!("`{word}` is a table: write `[{word}]` on a line of its own, and the keys below")),
            },
            "paths" => match inside.as_array() {
                Some(paths) if !paths.is_empty() => {
                    for path in paths {
                        match path.get_ref().as_str().filter(|p| !p.is_empty() && *p != "-") {
                            Some(path) => self.config.paths.push(path.to_string()),
                            None => self.say(path.span().start, "a path is a text, as in `paths = [\"policies\"]`"),
                        }
                    }
                }
                _ => self.say(at, "`paths` is a list of texts, as in `paths = [\"policies\"]`"),
            },
            "effort" => {
                let number = inside.as_integer().map(|n| (n.as_str().replace('_', ""), n.radix()));
                let number = number.and_then(|(n, radix)| u32::from_str_radix(&n, radix).ok());
                match number.filter(|n| (1..=1000).contains(n)) {
                    Some(number) => self.config.effort = Some(number),
                    None => self.say(at, "`effort` is a whole number from 1 to 1000"),
                }
            }
            "check.deny-warnings" => self.config.deny_warnings = self.flag(word, value),
            "check.style" => self.config.style = self.flag(word, value),
            "check.baseline" => self.config.baseline = self.path(word, value),
            _ => self.config.output = self.path(word, value),
        }
    }

    fn flag(&mut self, word: &str, value: &Spanned<DeValue<'_>>) -> bool {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.say(
                value.span().start,
                &format!("`{word}` is `true` or `false`"),
            );
        }
        flag.unwrap_or_default()
    }

    fn path(&mut self, word: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let path = value.get_ref().as_str().filter(|p| !p.is_empty());
        if path.is_none() {
            self.say(
                value.span().start,
                &format!("`{word}` is a path, as a text"),
            );
        }
        path.map(ToString::to_string)
    }

    fn level(&mut self, at: usize, word: &str, value: &Spanned<DeValue<'_>>) {
        let Some(code) = Code::parse(word) else {
            let codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
            let hint = match near(&word.to_uppercase(), &codes) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "a code is `FW` and three digits".to_string(),
            };
            return self.say(at, &format!("there is no code `{word}`; {hint}"));
        };
        if code.severity() == Severity::Error {
            return self.say(
                at,
                &format!("{code} ({}) is an error, and errors stay errors: a policy with one has no table", code.title()),
            );
        }
        let level = match value.get_ref().as_str() {
            Some("error") => Level::As(Severity::Error),
            Some("warning") => Level::As(Severity::Warning),
            Some("note") => Level::As(Severity::Note),
            Some("off") => Level::Off,
            _ => {
                let text = format!("a level is one of {}, as a text", listed(LEVELS));
                return self.say(value.span().start, &text);
            }
        };
        self.config.levels.insert(code, level);
    }
}

fn near<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let known = known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(k, word), *k));
    let (distance, meant) = known.min()?;
    (distance <= 2.max(word.len() / 3)).then_some(meant)
}

fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_said() {
        let config = Config::read(
            "paths = [\"a\", \"b/c.failway\"]\neffort = 1_0\n[levels]\nFW205 = \"error\"\nfw213 = 'off'\n\
             [check]\ndeny-warnings = true\nstyle = true\nbaseline = \"known.json\"\n[compile]\noutput = \"build\"\n",
        );
        let levels = [
            (Code::FW205, Level::As(Severity::Error)),
            (Code::FW213, Level::Off),
        ];
        assert_eq!(
            config,
            Ok(Config {
                paths: vec!["a".to_string(), "b/c.failway".to_string()],
                effort: Some(10),
                levels: levels.into(),
                deny_warnings: true,
                style: true,
                baseline: Some("known.json".to_string()),
                output: Some("build".to_string()),
            })
        );
        assert_eq!(Config::read(""), Ok(Config::default()));
        assert_eq!(Config::read("\u{feff}# nothing\r\n"), Ok(Config::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, wanted) in [
            (
                "\npathes = [\"a\"]",
                "2: there is no key `pathes`; did you mean `paths`?",
            ),
            (
                "x = 1",
                "1: there is no key `x`; there are `paths`, `effort`, `levels`, `check`, `compile`",
            ),
            (
                "deny_warnings = true",
                "1: there is no key `deny_warnings`; `deny-warnings` belongs under [check]",
            ),
            (
                "[check]\neffort = 2",
                "2: there is no key `effort` in [check]; `effort` stands at the top, before the first `[…]`",
            ),
            (
                "FW205 = \"off\"",
                "1: there is no key `FW205`; levels of codes stand under [levels]",
            ),
            (
                "[levels]\nFW301 = \"off\"",
                "2: FW301 (unhandled outcome) is an error, and errors stay errors: a policy with one has no table",
            ),
            (
                "[levels]\nFW2O5 = \"off\"",
                "2: there is no code `FW2O5`; did you mean `FW205`?",
            ),
            (
                "[levels]\nFW205 = \"info\"",
                "2: a level is one of `error`, `warning`, `note`, `off`, as a text",
            ),
            ("effort = 0", "1: `effort` is a whole number from 1 to 1000"),
            (
                "effort = -1",
                "1: `effort` is a whole number from 1 to 1000",
            ),
            (
                "effort = \"2\"",
                "1: `effort` is a whole number from 1 to 1000",
            ),
            (
                "paths = \"a\"",
                "1: `paths` is a list of texts, as in `paths = [\"policies\"]`",
            ),
            (
                "paths = [1]",
                "1: a path is a text, as in `paths = [\"policies\"]`",
            ),
            (
                "check = true",
                "1: `check` is a table: write `[check]` on a line of its own, and the keys below",
            ),
            (
                "[check]\nstyle = \"yes\"",
                "2: `style` is `true` or `false`",
            ),
            ("[compile]\noutput = 1", "2: `output` is a path, as a text"),
        ] {
            assert_eq!(Config::read(text), Err(vec![wanted.to_string()]), "{text}");
        }
        for text in [
            "paths = [",
            "a",
            "[check",
            "x = \"\u{1}\"",
            "a = 1\na = 2",
            "effort = 1e9",
        ] {
            let wrong = Config::read(text).unwrap_err();
            assert_eq!(wrong.len(), 1, "{wrong:?}");
        }
        let both = Config::read("x = 1\n[check]\ny = 2\n").unwrap_err();
        assert_eq!(both.len(), 2);
    }
}
