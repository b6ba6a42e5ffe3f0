use super::*;

#[track_caller]
fn becomes(before: &str, after: &str) {
    let made = format(before).unwrap();
    assert_eq!(made, after);
    assert_eq!(format(&made).unwrap(), made, "twice is once");
}

#[track_caller]
fn stays(text: &str) {
    becomes(text, text);
}

#[test]
fn nothing_stays_nothing() {
    becomes("", "");
    becomes("\n\n  \n", "");
    becomes("\n// only this\n\n", "// only this\n");
    stays("// one\n\n// two\n");
}

#[test]
fn every_clause_has_its_line_and_arrows_stand_below_each_other() {
    becomes(
        "policy p\nflow f( a:int ){start->s state s{do x.y(a:a)as b\n on ok->done on timeout|malformed retry 2 backoff 1s .. 2s->lost}\nend done success gives b end lost failure}",
        "policy p

flow f(a: int) {
  start -> s
  state s {
    do x.y(a: a) as b
    on ok                                         -> done
    on timeout | malformed retry 2 backoff 1s..2s -> lost
  }
  end done success gives b
  end lost failure
}
",
    );
}

#[test]
fn the_author_chooses_between_one_line_and_many() {
    stays("record A { a: int, b?: int }\n");
    becomes(
        "record A {a: int,b?: int,}\n",
        "record A { a: int, b?: int }\n",
    );
    becomes(
        "record A {\na: int, b : int}\n",
        "record A {\n  a: int,\n  b: int,\n}\n",
    );
    stays("integration x {\n  action y(a: int) -> int { reads  timeout 2s }\n}\n");
    becomes(
        "integration x { action y(a: int) -> int {\nreads timeout 2s } }\n",
        "integration x {\n  action y(a: int) -> int {\n    reads\n    timeout 2s\n  }\n}\n",
    );
}

#[test]
fn what_is_too_wide_is_broken() {
    let long = "a: string length 1..100, ".repeat(6);
    let broken = "    a: string length 1..100,\n".repeat(6);
    becomes(
        &format!("integration x {{\n  action y({long}) {{ reads }}\n}}\n"),
        &format!("integration x {{\n  action y(\n{broken}  ) {{ reads }}\n}}\n"),
    );
    let many = "x.action_with_a_name, ".repeat(8);
    becomes(
        &format!("group g = {many}x.last\n"),
        "group g = x.action_with_a_name, x.action_with_a_name, x.action_with_a_name, x.action_with_a_name, x.action_with_a_name,\n  x.action_with_a_name, x.action_with_a_name, x.action_with_a_name, x.last\n",
    );
    let part = "amount_of_the_order <= bill.total_amount";
    becomes(
        &format!("allow a: x.y when {part} and {part} and {part} because \"so\"\n"),
        &format!("allow a: x.y\n  when {part}\n    and {part}\n    and {part}\n  because \"so\"\n"),
    );
}

#[test]
fn comments_stay_where_they_are() {
    becomes(
        "// head\npolicy p // name\n// before\nallow a : x.y // what\n  // why\n  when b // first\n  and c\n// end\n",
        "// head\npolicy p  // name\n\n// before\nallow a: x.y  // what\n  // why\n  when b  // first\n    and c\n// end\n",
    );
    becomes(
        "record A { // open\n a: int // one\n // two\n , b: int\n // last\n}\n",
        "record A {  // open\n  a: int  // one\n    // two\n    ,\n  b: int,\n  // last\n}\n",
    );
    becomes(
        "record A {\n  long_name: int,// one\n  b: int,   // two\n}\n",
        "record A {\n  long_name: int,  // one\n  b: int,          // two\n}\n",
    );
    becomes(
        "record A {\n  a: int // no comma\n}\n",
        "record A {\n  a: int,  // no comma\n}\n",
    );
    becomes(
        "enum E { a, // first\n b }\n",
        "enum E {\n  a,  // first\n  b,\n}\n",
    );
}

#[test]
fn documentation_stands_before_what_it_documents() {
    becomes(
        "/// of a\n\n\nenum E {/// of b\nb,\n/// of c\nc}",
        "/// of a\nenum E {\n  /// of b\n  b,\n  /// of c\n  c,\n}\n",
    );
}

#[test]
fn one_empty_line_is_kept() {
    becomes(
        "role a\n\n\n\nrole b\nrole c\n\n// of d\n\nrole d\n",
        "role a\n\nrole b\nrole c\n\n// of d\n\nrole d\n",
    );
    becomes(
        "flow f() {\n\n  start -> a\n\n}\n",
        "flow f() {\n  start -> a\n}\n",
    );
}

#[test]
fn signs_of_numbers_and_differences_are_told_apart() {
    stays("define d = a >= -5 and b <= c - 5 and e in -3..3 and f in {1, -2}\n");
    stays("define d = not (a or b) and length(s) < 3 and calls(x.y by k = result.id) == 0\n");
}

#[test]
fn what_cannot_be_read_stays_as_it_is() {
    becomes(
        "policy p\n\nallow   a :  x.y\nalow  b :   x.y  // oops\n   more\nallow   c :  x.z\n",
        "policy p\n\nallow a: x.y\nalow  b :   x.y  // oops\n   more\nallow c: x.z\n",
    );
    becomes(
        "flow f() {\nstart->s\nstate s {\n    do   x.y()\n        on ok =>   done\non   timeout->lost\n}\n}\n",
        "flow f() {\n  start -> s\n  state s {\n    do x.y()\n        on ok =>   done\n    on timeout -> lost\n  }\n}\n",
    );
    // What is left open ends nobody knows where.
    let open = "policy p\n\nflow f() {\nstart->s\nstate s {\n   do   x.y()\n";
    becomes(open, open);
}

#[test]
fn lines_end_as_they_did() {
    becomes("role  a\r\nrole b\r\n", "role a\r\nrole b\r\n");
    becomes("role  a\nrole b\r\n", "role a\nrole b\n");
}

#[test]
fn what_would_be_lost_is_refused() {
    assert_eq!(format("role a\u{202e}\n"), Err(Refused::Hidden));
    assert_eq!(format(&"(".repeat(100)), Err(Refused::TooDeep));
}

#[test]
fn a_carriage_return_before_a_line_end_is_refused() {
    assert_eq!(format(",\r\r\n\n--"), Err(Refused::Hidden));
    assert_eq!(format("role a\n\r\r\nrole b\r"), Err(Refused::Hidden));
}
