//! What the documents show is what the program prints. With `UPDATE_DOCS=1` these tests write it.

use super::common::home;
use std::path::Path;
use std::process::Command;

fn update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// Runs a line of the shell in the repository's folder, with the program on the path.
fn shell(line: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_failway"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(program.parent().unwrap().to_path_buf());
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
    let out = Command::new("sh")
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(home())
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap()
}

/// The document with the output of each `console` block made anew.
fn replayed(text: &str) -> String {
    let mut made = String::new();
    let mut inside = false;
    for line in text.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => {
                if let Some(command) = line.strip_prefix("$ ") {
                    made.push_str(line);
                    made.push('\n');
                    for said in shell(command).trim_end().lines() {
                        made.push_str(said.trim_end());
                        made.push('\n');
                    }
                }
                continue;
            }
            _ => {}
        }
        made.push_str(line);
        made.push('\n');
    }
    made
}

fn same(path: &str, made: &str) {
    let file = home().join(path);
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    if update() && kept != made {
        std::fs::write(&file, made).unwrap();
        return;
    }
    assert!(
        kept == made,
        "{path} is not up to date; run the tests with UPDATE_DOCS=1.\n--- is\n{kept}\n--- should be\n{made}"
    );
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let text = std::fs::read_to_string(home().join("README.md")).unwrap();
    same("README.md", &replayed(&text));
    for made in ["front_desk.table.json", "front_desk.svg", "report.html"] {
        let _ = std::fs::remove_file(home().join(made));
    }
}

#[test]
fn the_reference_of_the_command_line_is_the_programs_own_help() {
    let mut text = String::from(
        "# The command line\n\nWhat `failway help` says, kept by a test. Exit codes are 0 if all is well, 1 if something was found,\nand 2 if the program could not run.\n",
    );
    let help = |args: &str| shell(&format!("failway {args} --help"));
    text.push_str(&format!("\n## failway\n\n```text\n{}```\n", help("")));
    let command = failway::cli::command();
    for sub in command.get_subcommands() {
        let name = sub.get_name();
        if name == "help" {
            continue;
        }
        text.push_str(&format!(
            "\n## failway {name}\n\n```text\n{}```\n",
            help(name)
        ));
    }
    same("docs/cli.md", &text);
}

#[test]
fn the_policy_in_the_readme_is_clean() {
    let text = std::fs::read_to_string(home().join("README.md")).unwrap();
    let (_, after) = text.split_once("```failway\n").unwrap();
    let (policy, _) = after.split_once("```").unwrap();
    let (checked, table) = super::common::compiled(policy);
    assert_eq!(super::common::said(&checked.findings), Vec::<String>::new());
    assert!(table.is_some());
}

/// The parts of the table that the contract shows are those of the policy that it shows. Parts with `…` are
/// left out; digest and size are looked at by name.
#[test]
fn the_example_of_the_tables_contract_is_what_is_compiled() {
    let text = std::fs::read_to_string(home().join("docs/table.md")).unwrap();
    let (_, after) = text.split_once("```failway\npolicy desk").unwrap();
    let (policy, after) = after.split_once("```").unwrap();
    let (_, table) = super::common::compiled(&format!("policy desk{policy}"));
    let table = table.unwrap();
    let body = serde_json::to_value(table.body()).unwrap();
    assert!(after.contains(&format!("\"digest\": \"{}\"", table.digest())));
    let mut compared = Vec::new();
    for part in after.split("```json\n").skip(1) {
        let (part, _) = part.split_once("```").unwrap();
        let part = format!("{{{}}}", part.trim_end().trim_end_matches(','));
        let Ok(serde_json::Value::Object(shown)) = serde_json::from_str(&part) else {
            assert!(part.contains('…'), "{part}");
            continue;
        };
        for (name, value) in shown.iter().filter(|(name, _)| body.get(name).is_some()) {
            assert_eq!(value, &body[name], "{name}");
            compared.push(name.clone());
        }
    }
    assert!(compared.len() >= 8, "{compared:?}");
}
