//! The GitHub action, the GitLab template and the hooks of pre-commit: their steps are run here, in a
//! repository of their own, as far as that goes without the services.

use super::cli::Place;
use super::common::home;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(home().join(path)).unwrap();
    yaml_serde::from_str(&text).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

const DESK: &str = r#"policy desk

integration shop {
  action find(order: string length 1..20) -> decimal in 0.01..100.00 {
    reads
    timeout 3s
  }
  action note(order: string length 1..20) {
    writes expendable
    timeout 3s
  }
}

allow reading: any read
  because "looking things up changes nothing"
allow noting: shop.note
  because "a note is never wrong"

flow look(order: string length 1..20) {
  start -> go

  state go {
    do shop.find(order: order)
    on ok                  -> found
    on timeout | malformed -> lost
  }

  end found success
  end lost  fallback
}
"#;

fn git(place: &Place, args: &[&str]) -> String {
    let out = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.c",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .current_dir(place.path("repo"))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap().trim().to_string()
}

/// A repository with a commit on its main branch and one of a pull request. Gives the first.
fn repository(place: &Place, changed: &str) -> String {
    std::fs::create_dir_all(place.path("repo")).unwrap();
    git(place, &["init", "-q", "-b", "main"]);
    place.write("repo/policies/desk.failway", DESK);
    place.write(
        "repo/policies/with space/part.failway",
        "type Spare = int\n",
    );
    git(place, &["add", "-A"]);
    git(place, &["commit", "-qm", "before"]);
    let base = git(place, &["rev-parse", "HEAD"]);
    place.write("repo/policies/desk.failway", changed);
    place.write(
        "repo/policies/new.failway",
        "policy fresh\nuse \"with space/part.failway\"\n",
    );
    git(place, &["add", "-A"]);
    git(place, &["commit", "-qm", "after"]);
    base
}

/// A program named `gh` that writes down what it is asked, and answers a list with `comments`.
fn gh(place: &Place, comments: &str) {
    place.write(
        "fake/gh",
        format!("#!/bin/sh\necho \"$*\" >> \"$RUNNER_TEMP/gh.log\"\ncase \"$*\" in *--jq*) printf '%s' '{comments}' ;; esac\n"),
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(place.path("fake/gh"), mode).unwrap();
    }
}

/// What a run of the action's own steps leaves behind.
struct Ran {
    code: i32,
    log: String,
    summary: String,
    outputs: BTreeMap<String, String>,
}

/// Runs the `run` steps of the action as the runner does: each with its environment, in its folder, with
/// the files that it writes outputs, paths and the summary to.
fn action(place: &Place, inputs: &[(&str, &str)], base: &str) -> Ran {
    let action = yaml("action.yml");
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in action["inputs"].as_object().unwrap() {
        known.insert(format!("inputs.{name}"), text(&input["default"]));
    }
    for (name, value) in inputs {
        let old = known.insert(format!("inputs.{name}"), (*value).to_string());
        assert!(old.is_some(), "no input {name}");
    }
    known.insert(
        "inputs.binary".to_string(),
        env!("CARGO_BIN_EXE_failway").to_string(),
    );
    known.insert("inputs.token".to_string(), "secret".to_string());
    known.insert(
        "github.event.pull_request.base.sha".to_string(),
        base.to_string(),
    );
    known.insert(
        "github.event.pull_request.number".to_string(),
        "7".to_string(),
    );
    known.insert("steps.check.outputs.sarif".to_string(), String::new());
    let temp = place.path("temp");
    let _ = std::fs::remove_dir_all(&temp);
    std::fs::create_dir_all(&temp).unwrap();
    let mut paths = format!(
        "{}:{}",
        place.path("fake").display(),
        std::env::var("PATH").unwrap()
    );
    let mut log = String::new();
    for step in action["runs"]["steps"].as_array().unwrap() {
        let id = text(&step["id"]);
        let Some(script) = step["run"].as_str() else {
            assert!(
                step["uses"].as_str().is_some_and(|u| u.contains("@v")),
                "{step}"
            );
            continue;
        };
        if step["if"].as_str().is_some_and(|c| !holds(c, &known)) {
            continue;
        }
        // What comes from outside reaches a script through its environment alone.
        assert!(!script.contains("${{"), "{id}");
        assert_eq!(step["shell"], "bash", "{id}");
        let folder = match step["working-directory"].as_str() {
            Some(folder) => place.path("repo").join(filled(folder, &known)),
            None => place.path("repo"),
        };
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command
            .current_dir(folder)
            .env("PATH", &paths)
            .env("RUNNER_TEMP", &temp);
        command
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_ACTION_PATH", home());
        for file in ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"] {
            command.env(file, temp.join(file));
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, filled(&text(value), &known));
        }
        let out = command.output().unwrap();
        log += &String::from_utf8_lossy(&out.stdout);
        log += &String::from_utf8_lossy(&out.stderr);
        let read = |name: &str| std::fs::read_to_string(temp.join(name)).unwrap_or_default();
        for line in read("GITHUB_OUTPUT").lines() {
            let (name, value) = line.split_once('=').unwrap();
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_string());
        }
        let _ = std::fs::remove_file(temp.join("GITHUB_OUTPUT"));
        for line in read("GITHUB_PATH").lines() {
            paths = format!("{line}:{paths}");
        }
        let code = out.status.code().unwrap();
        if id == "verdict" || code != 0 {
            assert_eq!(id, "verdict", "a step before the last failed:\n{log}");
            let outputs = action["outputs"].as_object().unwrap().iter();
            let outputs = outputs.map(|(n, o)| (n.clone(), filled(&text(&o["value"]), &known)));
            return Ran {
                code,
                log,
                summary: read("GITHUB_STEP_SUMMARY"),
                outputs: outputs.collect(),
            };
        }
    }
    panic!("no verdict");
}

/// A text with its expressions, all of which have to be known.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("${{");
    let mut made = parts.next().unwrap().to_string();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap();
        let value = known.get(name.trim());
        made += value.unwrap_or_else(|| panic!("unknown expression {name}"));
        made += rest;
    }
    made
}

/// Whether a condition holds: comparisons with texts, joined by `&&`.
fn holds(condition: &str, known: &BTreeMap<String, String>) -> bool {
    let inside = condition
        .trim()
        .trim_start_matches("${{")
        .trim_end_matches("}}");
    inside.split("&&").all(|part| {
        let (name, wanted, equal) = match part.split_once("==") {
            Some((name, wanted)) => (name, wanted, true),
            None => part.split_once("!=").map(|(n, w)| (n, w, false)).unwrap(),
        };
        let value = known.get(name.trim()).map_or("", String::as_str);
        (value == wanted.trim().trim_matches('\'')) == equal
    })
}

#[test]
fn the_action_annotates_reports_and_fails() {
    let place = Place::new();
    let broken = DESK.replace(" | malformed", "").replace(
        "allow noting: shop.note\n  because \"a note is never wrong\"\n",
        "",
    );
    let base = repository(&place, &broken);
    gh(&place, "");
    let ran = action(
        &place,
        &[("paths", "policies\n"), ("comment", "true")],
        &base,
    );
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.outputs["exit-code"], "1");
    let annotation = "::error file=policies/desk.failway,line=";
    assert!(ran.log.contains(annotation), "{}", ran.log);
    assert!(
        ran.log.contains("title=FW301 unhandled outcome::"),
        "{}",
        ran.log
    );
    let sarif = std::fs::read_to_string(&ran.outputs["sarif-file"]).unwrap();
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    assert!(
        ran.summary.contains("## failway check\n~~~~~~~~~~text\n"),
        "{}",
        ran.summary
    );
    assert!(ran.summary.contains("error[FW301]"), "{}", ran.summary);
    assert!(
        ran.summary.contains("It has errors: see above."),
        "{}",
        ran.summary
    );
    assert!(
        ran.summary
            .contains("### `policies/new.failway`\n\nThis policy is new."),
        "{}",
        ran.summary
    );
    // A part is no policy.
    assert!(
        !ran.summary
            .contains("### `policies/with space/part.failway`"),
        "{}",
        ran.summary
    );
}

#[test]
fn the_action_passes_and_keeps_one_comment() {
    let place = Place::new();
    let looser = DESK.replace("writes expendable", "writes expendable\n    permanent full");
    let base = repository(&place, &looser);
    gh(&place, "");
    let inputs = [
        ("paths", "policies/desk.failway\npolicies/new.failway"),
        ("comment", "true"),
    ];
    let ran = action(&place, &inputs, &base);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(
        ran.summary.contains("1 warning (2 policies in 3 files)"),
        "{}",
        ran.summary
    );
    assert!(ran.summary.contains("## When it breaks"), "{}", ran.summary);
    assert!(ran.summary.contains("shop.find"), "{}", ran.summary);
    let asked = place.read("temp/gh.log");
    assert!(
        asked.contains("api --silent repos/o/r/issues/7/comments -F body=@"),
        "{asked}"
    );
    let body = place.read("temp/failway-comment.md");
    assert!(
        body.starts_with("<!-- failway -->\n## What this changes\n"),
        "{body}"
    );
    let has_diff = failway::cli::command()
        .get_subcommands()
        .any(|c| c.get_name() == "diff");
    assert!(
        !has_diff || !body.contains("It cannot be compared"),
        "{body}"
    );
    // The next run writes the same comment anew.
    gh(&place, "41\n");
    action(&place, &inputs, &base);
    let asked = place.read("temp/gh.log");
    assert!(
        asked.contains("-X PATCH repos/o/r/issues/comments/41 -F body=@"),
        "{asked}"
    );
    // Without a pull request nothing is compared and nobody is told.
    let ran = action(&place, &inputs, "");
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(
        !ran.summary.contains("What this changes"),
        "{}",
        ran.summary
    );
    assert!(!place.path("temp/gh.log").exists());
}

#[test]
fn the_action_says_that_it_could_not_run() {
    let place = Place::new();
    let base = repository(&place, DESK);
    let ran = action(&place, &[("paths", "nowhere")], &base);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert_eq!(
        ran.outputs
            .get("sarif-file")
            .map(String::as_str)
            .unwrap_or(""),
        ""
    );
    assert!(
        ran.log.contains("there is no file or folder `nowhere`"),
        "{}",
        ran.log
    );
    let ran = action(
        &place,
        &[("working-directory", "policies"), ("deny-warnings", "true")],
        &base,
    );
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(
        ran.log.contains("file=policies/with space/part.failway"),
        "{}",
        ran.log
    );
}

/// Runs a line of a shell in the repository, with the program on the path.
fn shell(place: &Place, line: &str, vars: &[(String, String)]) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_failway")).parent().unwrap();
    let out = Command::new("sh")
        .args(["-ec", line])
        .current_dir(place.path("repo"))
        .env(
            "PATH",
            format!("{}:{}", program.display(), std::env::var("PATH").unwrap()),
        )
        .envs(vars.iter().cloned())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.code().unwrap(), said)
}

#[test]
fn the_template_for_gitlab_runs() {
    let place = Place::new();
    repository(&place, &DESK.replace(" | malformed", ""));
    let template = yaml("ci/gitlab.yml");
    let job = &template["failway"];
    let mut vars: Vec<(String, String)> = job["variables"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    vars.push((
        "FAILWAY_PATHS".to_string(),
        "policies/desk.failway".to_string(),
    ));
    let codes: Vec<i32> = job["script"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| shell(&place, line.as_str().unwrap(), &vars).0)
        .collect();
    // The reports are written, then the finding makes the job fail.
    assert_eq!(codes[..3], [0, 0, 1]);
    let reports = &job["artifacts"]["reports"];
    let quality = place.read(&format!("repo/{}", text(&reports["codequality"])));
    let quality: Value = serde_json::from_str(&quality).unwrap();
    assert_eq!(quality[0]["location"]["path"], "policies/desk.failway");
    assert!(
        place
            .read(&format!("repo/{}", text(&reports["junit"])))
            .contains("<failure type=\"FW301\"")
    );
}

#[test]
fn the_hooks_of_pre_commit_run() {
    let place = Place::new();
    repository(&place, DESK);
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().unwrap();
    for hook in hooks {
        assert_eq!(hook["language"], "rust");
        let mut line = text(&hook["entry"]);
        if hook["pass_filenames"] != false {
            line += " policies/desk.failway";
        }
        let (code, said) = shell(&place, &line, &[]);
        assert_eq!(code, 0, "{line}: {said}");
    }
    let ids: Vec<String> = hooks.iter().map(|h| text(&h["id"])).collect();
    assert_eq!(ids, ["failway-check", "failway-fmt", "failway-test"]);
    // A policy that is not in the one style is written anew, which stops the commit.
    place.write(
        "repo/policies/desk.failway",
        DESK.replace("  state go", " state go"),
    );
    shell(&place, "failway fmt policies/desk.failway", &[]);
    assert_eq!(place.read("repo/policies/desk.failway"), DESK);
}
