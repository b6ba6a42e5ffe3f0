//! The table's JSON Schema is made from `src/table/format.rs`: its types, its serde attributes and
//! its comments. These tests fail when the file in `schemas/` is another one; with `FAILWAY_BLESS=1`
//! they write it.

use serde_json::{Map, Value, json};
use std::path::Path;

const FORMAT: &str = include_str!("../../src/table/format.rs");
const SCHEMA: &str = "schemas/failway.table.schema.json";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_schema_is_the_one_of_the_types() {
    let mut made = serde_json::to_string_pretty(&generate(FORMAT)).unwrap();
    made.push('\n');
    let path = root().join(SCHEMA);
    if std::env::var_os("FAILWAY_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "{SCHEMA} is not what src/table/format.rs says: run this test with FAILWAY_BLESS=1"
    );
}

/// The schema, compiled.
pub struct Checker {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Checker {
    pub fn new() -> Self {
        let mut schemas = boon::Schemas::new();
        let index = boon::Compiler::new()
            .compile(root().join(SCHEMA).to_str().unwrap(), &mut schemas)
            .unwrap();
        Self { schemas, index }
    }

    pub fn check(&self, document: &Value) -> Result<(), String> {
        let found = self.schemas.validate(document, self.index);
        found.map_err(|e| format!("{e:#}"))
    }
}

fn desk() -> Value {
    let body: Value =
        serde_json::from_str(include_str!("../../src/table/fixtures/desk.json")).unwrap();
    json!({
        "format": "failway.table", "version": 1, "sources": [{"path": "desk.failway",
        "digest": format!("sha256:{}", "0".repeat(64))}],
        "digest": format!("sha256:{}", "0".repeat(64)), "body": body
    })
}

#[test]
fn a_table_made_by_hand_fits_the_schema() {
    Checker::new().check(&desk()).unwrap();
}

#[test]
fn what_the_types_refuse_the_schema_refuses() {
    let checker = Checker::new();
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/format", json!("table")),
        ("/digest", json!("sha256:1")),
        ("/body/nodes/0/probe", json!(-1)),
        ("/body/nodes/0/next/0", json!(0.5)),
        ("/body/nodes/0/more", json!(1)),
        ("/body/probes/0/kind", json!("guess")),
        ("/body/probes/0/more", json!(1)),
        ("/body/actions/0/effect", json!({"kind": "write"})),
        ("/body/actions/0/verdicts/0/verdict", json!("perhaps")),
        ("/body/automata/0/alphabet/0", json!([256, 0])),
        ("/body/automata/0/alphabet/0", json!([0])),
    ] {
        let mut document = desk();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let slot = document.pointer_mut(parent).unwrap();
        match slot {
            Value::Object(object) => {
                object.insert(name.to_owned(), value);
            }
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            _ => panic!("{pointer}"),
        }
        assert!(checker.check(&document).is_err(), "{pointer}");
    }
}

/// Makes the schema out of the source of the types.
fn generate(source: &str) -> Value {
    let mut definitions = Map::new();
    let mut lines = source.lines().peekable();
    let mut attributes = Attributes::default();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("pub struct ") {
            let name = rest.trim_end_matches(" {");
            let fields = fields(&mut lines, "}");
            let made = object(&attributes.take().doc, fields, None);
            definitions.insert(name.to_owned(), made);
        } else if let Some(rest) = line.strip_prefix("pub enum ") {
            let name = rest.trim_end_matches(" {").to_owned();
            let attributes = attributes.take();
            let tagged = attributes.serde.contains("tag = \"kind\"");
            let variants = variants(&mut lines, tagged);
            let mut made = if tagged {
                json!({ "oneOf": variants })
            } else {
                json!({ "enum": variants })
            };
            describe(&mut made, &attributes.doc);
            definitions.insert(name, made);
        } else if let Some(rest) = line.strip_prefix("pub type ") {
            let (name, ty) = rest.trim_end_matches(';').split_once(" = ").unwrap();
            let mut made = schema_of(ty);
            describe(&mut made, &attributes.take().doc);
            definitions.insert(name.to_owned(), made);
        } else if !attributes.read(line) {
            attributes.take();
        }
    }
    finish(definitions)
}

/// What the types don't say.
fn finish(mut definitions: Map<String, Value>) -> Value {
    let digest = json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" });
    for (pointer, constraint) in [
        ("/Document/properties/digest", &digest),
        ("/SourceDigest/properties/digest", &digest),
        (
            "/Document/properties/format",
            &json!({ "const": "failway.table" }),
        ),
        ("/Document/properties/version", &json!({ "const": 1 })),
    ] {
        let (name, rest) = pointer[1..].split_once('/').unwrap();
        let slot = definitions[name].pointer_mut(&format!("/{rest}")).unwrap();
        let description = slot["description"].take();
        *slot = constraint.clone();
        slot["description"] = description;
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:failway:table:1",
        "title": "failway.table, version 1",
        "$ref": "#/$defs/Document",
        "$defs": definitions,
    })
}

#[derive(Default)]
struct Attributes {
    doc: Vec<String>,
    serde: String,
}

impl Attributes {
    /// Takes in a comment or an attribute; false for anything else.
    fn read(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(doc) = line.strip_prefix("///") {
            self.doc
                .push(doc.trim().replace("[`", "`").replace("`]", "`"));
        } else if let Some(serde) = line.strip_prefix("#[serde(") {
            self.serde.push_str(serde);
        } else {
            return line.starts_with("#[");
        }
        true
    }

    fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

struct Field {
    name: String,
    schema: Value,
    required: bool,
}

type Lines<'a> = std::iter::Peekable<std::str::Lines<'a>>;

fn fields(lines: &mut Lines<'_>, end: &str) -> Vec<Field> {
    let mut out = Vec::new();
    let mut attributes = Attributes::default();
    for line in lines.by_ref() {
        let line = line.trim();
        if line.trim_end_matches(',') == end {
            break;
        }
        if attributes.read(line) {
            continue;
        }
        out.push(field(line, attributes.take()));
    }
    out
}

fn field(text: &str, attributes: Attributes) -> Field {
    let text = text.trim_start_matches("pub ").trim_end_matches(',');
    let (name, ty) = text.split_once(": ").unwrap();
    let renamed = attributes.serde.split_once("rename = \"");
    let name = renamed.map_or(name, |(_, rest)| rest.split_once('"').unwrap().0);
    let mut schema = schema_of(ty);
    describe(&mut schema, &attributes.doc);
    Field {
        name: name.to_owned(),
        schema,
        required: !attributes.serde.contains("default"),
    }
}

fn variants(lines: &mut Lines<'_>, tagged: bool) -> Vec<Value> {
    let mut out = Vec::new();
    let mut attributes = Attributes::default();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line == "}" {
            break;
        }
        if attributes.read(line) {
            continue;
        }
        let attributes = attributes.take();
        let name = line.split([' ', ',']).next().unwrap();
        let kind = snake(name);
        if !tagged {
            out.push(json!(kind));
            continue;
        }
        let inner = line.trim_start_matches(name).trim().trim_end_matches(',');
        let fields = match inner {
            "{" => fields(lines, "}"),
            "{}" => Vec::new(),
            inline => inline
                .trim_start_matches("{ ")
                .trim_end_matches(" }")
                .split(", ")
                .map(|f| field(f, Attributes::default()))
                .collect(),
        };
        out.push(object(&attributes.doc, fields, Some(&kind)));
    }
    out
}

fn object(doc: &[String], fields: Vec<Field>, kind: Option<&str>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some(kind) = kind {
        properties.insert("kind".to_owned(), json!({ "const": kind }));
        required.push("kind".to_owned());
    }
    for field in fields {
        if field.required {
            required.push(field.name.clone());
        }
        properties.insert(field.name, field.schema);
    }
    let mut out = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    describe(&mut out, doc);
    out
}

fn schema_of(ty: &str) -> Value {
    let inside = |outer: &str| ty.strip_prefix(outer).and_then(|t| t.strip_suffix('>'));
    if let Some(inner) = inside("Option<") {
        // In lists of arguments an absent one is null; elsewhere the field is left out.
        return schema_of(inner);
    }
    if let Some(inner) = inside("Box<") {
        return schema_of(inner);
    }
    if let Some(inner) = inside("Vec<") {
        return json!({ "type": "array", "items": item_of(inner) });
    }
    if let Some(inner) = ty.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        let parts: Vec<_> = inner.split(", ").map(item_of).collect();
        let count = parts.len();
        return json!({
            "type": "array", "prefixItems": parts, "minItems": count, "maxItems": count
        });
    }
    match ty {
        "String" => json!({ "type": "string" }),
        "bool" => json!({ "type": "boolean" }),
        "u8" => json!({ "type": "integer", "minimum": 0, "maximum": 255 }),
        "u32" => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "u64" => json!({ "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_i64 }),
        "i64" => json!({
            "type": "integer",
            "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64
        }),
        "Value" => json!({}),
        name => json!({ "$ref": format!("#/$defs/{name}") }),
    }
}

/// The schema of what stands in a list, where an absent element is null.
fn item_of(ty: &str) -> Value {
    match ty.strip_prefix("Option<").and_then(|t| t.strip_suffix('>')) {
        Some(inner) => json!({ "anyOf": [schema_of(inner), { "type": "null" }] }),
        None => schema_of(ty),
    }
}

fn describe(schema: &mut Value, doc: &[String]) {
    if !doc.is_empty() {
        schema["description"] = json!(doc.join(" "));
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
