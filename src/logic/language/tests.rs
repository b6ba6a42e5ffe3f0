use super::regexp::{Regexp, parse};
use super::{Dfa, finite, nfa};
use crate::logic::{Language, Logic};
use std::collections::BTreeSet;

/// The positions where a match that starts at one of `starts` can end, from the definition.
fn ends(regexp: &Regexp, text: &[char], starts: &BTreeSet<usize>) -> BTreeSet<usize> {
    match regexp {
        Regexp::Set(ranges) => {
            let fits = |&&at: &&usize| {
                text.get(at)
                    .is_some_and(|c| ranges.iter().any(|r| r.0 <= *c && *c <= r.1))
            };
            starts.iter().filter(fits).map(|at| at + 1).collect()
        }
        Regexp::Concat(parts) => parts
            .iter()
            .fold(starts.clone(), |s, part| ends(part, text, &s)),
        Regexp::Alternative(parts) => parts
            .iter()
            .flat_map(|part| ends(part, text, starts))
            .collect(),
        Regexp::Repeat(inner, min, max) => {
            let mut now = starts.clone();
            for _ in 0..*min {
                now = ends(inner, text, &now);
            }
            let mut all = now.clone();
            for _ in *min..max.unwrap_or(min + 9) {
                now = ends(inner, text, &now);
                all.extend(&now);
            }
            all
        }
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    ends(&parse(pattern).unwrap(), &text, &BTreeSet::from([0])).contains(&text.len())
}

/// All strings of up to `length` of these characters.
fn strings(alphabet: &[char], length: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let to = out.len();
        for at in from..to {
            for c in alphabet {
                out.push(format!("{}{c}", out[at]));
            }
        }
        from = to;
    }
    out
}

const PATTERNS: &[&str] = &[
    "",
    "a",
    "a*",
    "(a|b)*",
    "(ab)*",
    "a+b?",
    "[^a]",
    ".",
    ".*",
    ".+",
    "(a|é)*b",
    "a{2}",
    "a{1,3}",
    "(aa)*",
    "(aaa)+",
    "[a-é]*",
    "(a|b)*a(a|b)",
    "(a?b?){2}",
    "[^b]*",
    "(a*)*",
    "(|a)b",
    "a{0}",
    "a{2,}",
    "é日?",
    "[é-日]+",
    "(a|b|é)*ab",
];

#[test]
fn automata_agree_with_the_definition() {
    let mut logic = Logic::new();
    for pattern in PATTERNS {
        let language = logic.language(pattern).unwrap();
        let dfa = logic.language_dfa(language);
        for text in strings(&['a', 'b', 'é', '日', '\n'], 4) {
            let expected = matches(pattern, &text);
            assert_eq!(
                logic.language_contains(language, &text),
                expected,
                "{pattern} {text:?}"
            );
            assert_eq!(dfa.class_of(&text) == 1, expected, "{pattern} {text:?}");
        }
    }
}

#[test]
fn boolean_operations_agree_with_sets() {
    let mut logic = Logic::new();
    let mut languages: Vec<Language> = PATTERNS
        .iter()
        .map(|p| logic.language(p).unwrap())
        .collect();
    languages.push(logic.literals(&["a", "é", "abb"]));
    languages.push(Language::NONE);
    let texts = strings(&['a', 'b', 'é', '\n'], 3);
    for &x in &languages {
        for &y in &languages {
            let (both, either, not) = (
                logic.lang_and(x, y).unwrap(),
                logic.lang_or(x, y).unwrap(),
                logic.lang_not(x),
            );
            for text in &texts {
                let has = |l: Language| logic.language_contains(l, text);
                assert_eq!(has(both), has(x) && has(y), "{x:?} {y:?} {text}");
                assert_eq!(has(either), has(x) || has(y), "{x:?} {y:?} {text}");
                assert_eq!(has(not), !has(x), "{x:?} {text}");
            }
        }
    }
}

#[test]
fn equal_languages_are_one() {
    let mut logic = Logic::new();
    for (x, y) in [
        ("a|b", "[ab]"),
        ("(a|b)*", "(a*b*)*"),
        ("a{2,4}", "aa(a(a)?)?"),
        ("(aa)*a|(aa)*", "a*"),
        ("[^a]|a", "(.|\\n|\\r)"),
        ("b|a", "(a|b){1}"),
    ] {
        assert_eq!(logic.language(x), logic.language(y), "{x} {y}");
    }
    let any = logic.language("(.|\\n|\\r)*").unwrap();
    assert_eq!(any, Language::ALL);
    let some = logic.language("(.|\\n|\\r)+").unwrap();
    let empty = logic.literals(&[""]);
    assert_eq!(some, logic.lang_not(empty));
    let (a, ab) = (
        logic.language("a*").unwrap(),
        logic.language("a*b").unwrap(),
    );
    assert_eq!(logic.lang_and(a, ab), Ok(Language::NONE));
    let listed = logic.language("x|y").unwrap();
    assert_eq!(listed, logic.literals(&["y", "x"]));
}

#[test]
fn large_finite_languages_stay_exact() {
    let mut logic = Logic::new();
    let names: Vec<String> = (0..6000).map(|i| format!("name-{i}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let language = logic.literals(&all);
    assert!(logic.finite_base(language.base()).is_none());
    assert!(logic.language_contains(language, "name-5999"));
    assert!(!logic.language_contains(language, "name-6000"));
    let some = logic.literals(&["name-7", "x"]);
    let both = logic.lang_and(language, some).unwrap();
    assert_eq!(both, logic.literals(&["name-7"]));
    let odd = logic.language("name-[0-9]*[13579]").unwrap();
    let both = logic.lang_and(language, odd).unwrap();
    assert!(logic.finite_base(both.base()).is_some());
    assert!(
        logic.language_contains(both, "name-4321") && !logic.language_contains(both, "name-4320")
    );
}

#[test]
fn explosive_patterns_are_refused() {
    for pattern in [
        "(.{1,3000}x){1,3000}",
        "(a|b)*a(a|b){30}",
        "((a{900}){900}){900}",
        "(){1000000}{1}",
    ] {
        let refused = match parse(pattern) {
            Ok(regexp) => nfa::compile(&regexp).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{pattern}");
    }
    assert!(nfa::compile(&parse(".{1,2000}").unwrap()).is_ok());
}

#[test]
fn only_valid_utf8_is_text() {
    let utf8 = Dfa::utf8();
    for text in [
        "",
        "a",
        "é",
        "日",
        "😀",
        "\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}",
    ] {
        assert_eq!(utf8.class_of(text), 1, "{text}");
    }
    let run = |bytes: &[u8]| utf8.class(bytes.iter().fold(0, |s, &b| utf8.step(s, b)));
    for bad in [
        &[0x80][..],
        &[0xc0, 0x80],
        &[0xc2],
        &[0xe0, 0x80, 0x80],
        &[0xed, 0xa0, 0x80],
        &[0xf0, 0x8f, 0xbf, 0xbf],
        &[0xf4, 0x90, 0x80, 0x80],
        &[0xf5, 0x80, 0x80, 0x80],
        &[0xff],
        &[0xe2, 0x82],
    ] {
        assert_eq!(run(bad), 0, "{bad:?}");
        assert!(std::str::from_utf8(bad).is_err());
    }
    let not_a = nfa::compile(&parse("[^a]").unwrap()).unwrap();
    assert_eq!(
        not_a.class([0xed, 0xa0, 0x80].iter().fold(0, |s, &b| not_a.step(s, b))),
        0
    );
}

#[test]
fn exported_automata_agree() {
    let mut logic = Logic::new();
    for pattern in PATTERNS {
        let language = logic.language(pattern).unwrap();
        let id = logic.language_automaton(language);
        for text in strings(&['a', 'b', 'é'], 3) {
            let class = logic.automaton(id).class_of(&text);
            assert_eq!(
                class,
                u32::from(logic.language_contains(language, &text)),
                "{pattern} {text}"
            );
        }
    }
}

#[test]
fn class_groups_tell_languages_apart() {
    let mut logic = Logic::new();
    let mut languages: Vec<Language> = PATTERNS
        .iter()
        .map(|p| logic.language(p).unwrap())
        .collect();
    languages.extend([
        logic.literals(&["a", "b"]),
        logic.literals(&["b", "éa"]),
        logic.literals(&["abba"]),
    ]);
    let bases: Vec<_> = languages.iter().map(|l| l.base()).collect();
    let domain = logic.language("[abé]*").unwrap();
    let groups = logic.class_groups(&bases, domain);
    let mut reversed = bases.clone();
    reversed.reverse();
    let again = logic.class_groups(&reversed, domain);
    assert_eq!(
        groups.iter().map(|g| g.automaton).collect::<Vec<_>>(),
        again.iter().map(|g| g.automaton).collect::<Vec<_>>()
    );
    for text in strings(&['a', 'b', 'é'], 4) {
        for group in &groups {
            let class = i64::from(logic.automaton(group.automaton).class_of(&text));
            assert!(group.possible.contains(class));
            for (&base, set) in &group.sets {
                assert_eq!(
                    set.contains(class),
                    logic.base_contains(base, &text),
                    "{base:?} {text}"
                );
            }
        }
    }
    assert!(
        bases
            .iter()
            .all(|b| groups.iter().any(|g| g.sets.contains_key(b)) || *b == Language::NONE.base())
    );
}

#[test]
fn tries_are_minimal() {
    let dfa = finite::trie([("ab", 1), ("cb", 1), ("c", 2)]);
    assert_eq!(dfa.class_of("ab"), 1);
    assert_eq!(dfa.class_of("cb"), 1);
    assert_eq!(dfa.class_of("c"), 2);
    assert_eq!(dfa.class_of("b"), 0);
    // Start, after `a`, after `c`, the end, dead.
    assert_eq!(dfa.states(), 5);
}
