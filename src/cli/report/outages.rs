//! What if it breaks: the matrix of every flow, and the story of every row.

use super::html::text;
use super::{Looked, Reviewed};
use crate::cli::graph::scene;
use crate::cli::output::count;
use crate::cli::whatif::view::{self, EndView, RowView};
use crate::flow::Picture;
use crate::flow::budget::words::exactly;
use crate::flow::whatif::{Concern, Fault, Row, Subject, by_text, down, stories};
use crate::flow::words::Words;
use crate::model::Policy;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most steps of stories that a page holds: the rest is told by the command line.
const STEPS_MAX: usize = 60_000;

/// What the page's program has to know.
#[derive(Default)]
pub(super) struct Outages {
    texts: Vec<String>,
    by_text: BTreeMap<String, usize>,
    /// By the id of the row.
    stories: serde_json::Map<String, Value>,
    flows: Vec<Value>,
    steps: usize,
    /// Rows whose stories have no room.
    untold: usize,
}

impl Outages {
    /// As data.
    pub(super) fn data(&self) -> Value {
        json!({ "texts": self.texts, "stories": self.stories, "flows": self.flows })
    }

    fn text(&mut self, text: &str) -> usize {
        if let Some(known) = self.by_text.get(text) {
            return *known;
        }
        self.texts.push(text.to_string());
        self.by_text.insert(text.to_string(), self.texts.len() - 1);
        self.texts.len() - 1
    }

    /// The stories of a row; false if there is no room left for them.
    fn tell(&mut self, id: String, policy: &Policy, picture: &Picture, row: &Row) -> bool {
        let Some(faults) = faults(policy, picture, row) else {
            return false;
        };
        let told = view::story(policy, picture, &stories(policy, picture, &faults)).stories;
        let steps: usize = told.iter().map(|t| t.steps.len()).sum();
        if told.is_empty() || self.steps + steps > STEPS_MAX {
            return false;
        }
        self.steps += steps;
        let all: Vec<Value> = told
            .iter()
            .map(|story| {
                let steps: Vec<Value> = story
                    .steps
                    .iter()
                    .map(|(by, state, what)| {
                        let by = by.map_or_else(|| "never".to_string(), exactly);
                        json!([self.text(state), self.text(what), self.text(&by)])
                    })
                    .collect();
                json!({
                    "end": story.end.name,
                    "class": story.end.class,
                    "time": story.end.time(),
                    "calls": story.end.calls(),
                    "left": story.end.left(),
                    "first": story.when != "alone",
                    "steps": steps,
                })
            })
            .collect();
        self.stories.insert(id, Value::Array(all));
        true
    }
}

/// The faults of a row: of ways that come to the same, the first.
fn faults(policy: &Policy, picture: &Picture, row: &Row) -> Option<Vec<Fault>> {
    let words = Words {
        policy,
        inlined: &picture.inlined,
    };
    let way = row.ways.first().map_or("", String::as_str);
    let fails = |name: &str| by_text(policy, picture, "fail", &format!("{name}={way}")).ok()?;
    Some(vec![match &row.subject {
        Subject::Nothing => return Some(Vec::new()),
        Subject::Down(id) => down(policy, *id),
        Subject::Event(id) => Fault::Event(*id, None),
        Subject::Deadline(run) => Fault::Deadline(*run),
        Subject::Action(id) => fails(&policy.action(*id).full_name)?,
        Subject::Step(at) => fails(&words.name(*at))?,
    }])
}

/// The matrices; and what the diagrams and stories are told from.
pub(super) fn section(all: &Reviewed<'_>, told: &mut Outages) -> String {
    let policy = &all.checked.policy;
    let body = all.table.body();
    let mut out = String::new();
    for (looked, i) in all.flows.iter().zip(0..) {
        let name = policy
            .flows
            .get(looked.picture.flow.index())
            .map_or("", |f| f.name.as_str());
        told.flows
            .push(match body.flows.iter().find(|f| f.name == name) {
                Some(flow) => scene_data(&scene(body, flow)),
                None => Value::Null,
            });
        out += &one(policy, looked, i, name, told);
    }
    if told.untold > 0 {
        out += &format!(
            "<p class=\"note\">{} without a story, for want of room: <code>failway whatif</code> tells each by itself.</p>\n",
            count(told.untold, "row")
        );
    }
    if !out.is_empty() {
        out = format!(
            "<p>Each row fails for good from its first failure on; all else goes well. Times and calls are the most \
             that any run to that end takes. Choose a row to read the shortest story of each of its ends.</p>\n{out}"
        );
    }
    out
}

/// What the page's program tells of a node.
fn scene_data(scene: &crate::pictures::Scene) -> Value {
    let nodes: Vec<Value> = scene
        .nodes
        .iter()
        .zip(0..)
        .map(|(n, i)| json!({ "name": n.name, "spoken": scene.spoken(i), "about": n.about, "doc": n.doc }))
        .collect();
    let edges: Vec<Value> = scene
        .edges
        .iter()
        .map(|e| {
            let tone = match e.tone {
                crate::pictures::Tone::Well => "well",
                crate::pictures::Tone::Broken => "broken",
                crate::pictures::Tone::Aside => "aside",
            };
            json!([e.from, e.to, tone, e.label])
        })
        .collect();
    json!({ "name": scene.name, "nodes": nodes, "edges": edges })
}

fn one(
    policy: &Policy,
    looked: &Looked<'_>,
    index: usize,
    name: &str,
    told: &mut Outages,
) -> String {
    let Some(matrix) = &looked.matrix else {
        return String::new();
    };
    let view = view::flow(policy, looked.picture, matrix);
    let name = text(name);
    let id = format!("m{index}");
    let mut out = format!(
        "<h3 id=\"{id}-h\">Flow {name}</h3>\n\
         <div class=\"tools\" data-for=\"{id}\" hidden><label>Search <input type=\"search\" autocomplete=\"off\" \
         spellcheck=\"false\"></label><label>Show <select data-concern><option value=\"\">all</option>\
         <option value=\"no-success\">no success any more</option><option value=\"failure-end\">a failure end</option>\
         <option value=\"only-failure\">always a failure</option><option value=\"unsettled\">a write in doubt</option>\
         <option value=\"standing\">a write left standing</option></select></label>\
         <output aria-live=\"polite\"></output></div>\n\
         <div class=\"wide\" role=\"region\" aria-label=\"What if it breaks, flow {name}\" tabindex=\"0\">\n\
         <table id=\"{id}\" class=\"matrix\" data-flow=\"{index}\"><caption>What fails, and what {name} comes to then\
         </caption>\n<thead><tr><th scope=\"col\">What fails</th><th scope=\"col\">Ends at</th><th scope=\"col\">Class</th>\
         <th scope=\"col\" class=\"number\">Within</th><th scope=\"col\" class=\"number\">Calls</th>\
         <th scope=\"col\">Left behind</th></tr></thead>\n"
    );
    for ((row, source), i) in view.rows.iter().zip(&matrix.rows).zip(0..) {
        let row_id = format!("{id}r{i}");
        let has = told.tell(row_id.clone(), policy, looked.picture, source);
        told.untold += usize::from(!has);
        out += &row_html(row, &row_id, has);
    }
    out += "</table>\n</div>\n";
    if !view.never.is_empty() {
        out += &format!("<p>Never called: {}.</p>\n", text(&view.never.join(", ")));
    }
    out
}

fn row_html(row: &RowView, id: &str, story: bool) -> String {
    let concerns: Vec<&str> = row.concerns.iter().map(|c| c.word()).collect();
    let mut out = format!("<tbody data-concerns=\"{}\">\n", concerns.join(" "));
    let ways = match row.kind {
        "action" | "agent" | "person" => row.ways.join(" | "),
        _ => String::new(),
    };
    for (i, end) in row.ends.iter().enumerate() {
        out += "<tr>";
        if i == 0 {
            out += &format!("<th scope=\"rowgroup\" rowspan=\"{}\">", row.ends.len());
            let what = text(&row.what());
            out += &if story {
                format!(
                    "<button type=\"button\" class=\"tell\" data-story=\"{id}\" aria-expanded=\"false\">{what}"
                )
            } else {
                format!("<span class=\"what\">{what}")
            };
            if !ways.is_empty() {
                out += &format!(" <span class=\"ways\">{}</span>", text(&ways));
            }
            out += if story { "</button>" } else { "</span>" };
            for remark in remarks(row) {
                out += &format!("<span class=\"remark\">{remark}</span>");
            }
            out += "</th>";
        }
        out += &cells(end);
    }
    out += "</tbody>\n";
    out
}

fn remarks(row: &RowView) -> Vec<&'static str> {
    let mut all = Vec::new();
    if row.hopeless() && !row.concerns.contains(&Concern::OnlyFailure) {
        all.push("no success any more");
    }
    all.extend(row.remarks());
    all
}

fn cells(end: &EndView) -> String {
    let sign = match end.class {
        "success" => "✓",
        "fallback" => "↪",
        _ => "✗",
    };
    format!(
        "<td>{}</td><td class=\"{class}\"><span aria-hidden=\"true\">{sign} </span>{class}</td>\
         <td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}</td></tr>\n",
        text(&end.name),
        end.time(),
        end.calls(),
        text(&end.left()),
        class = end.class,
    )
}
