/**
 * Failway for tree-sitter. The compiler reads by `grammar/failway.pest`; this follows it, a little wider,
 * since an editor colours what is half written too. A test compares the words of both.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

const list = (rule) => seq(rule, repeat(seq(',', rule)));
const listed = (rule) => seq(rule, repeat(seq(',', rule)), optional(','));

module.exports = grammar({
  name: 'failway',

  extras: ($) => [/\s/, $.comment],
  word: ($) => $.word,
  supertypes: ($) => [$._literal],

  conflicts: ($) => [
    // `ok` alone, or with the bare variant behind it: what follows tells.
    [$.reply],
    [$.expect_deny],
    [$.expect_verdict],
  ],

  rules: {
    source_file: ($) => repeat(choice($.header, $._item, $.doc)),

    comment: () => token(choice(/\/\/([^\/\n][^\n]*)?/, /\/\/\/\/[^\n]*/)),
    doc: ($) => prec.right(repeat1($.doc_line)),
    doc_line: () => token(/\/\/\/([^\/\n][^\n]*)?/),

    header: ($) => seq('policy', field('name', $._word)),

    _item: ($) => choice(
      $.use, $.type_definition, $.record_definition, $.enum_definition, $.input, $.role, $.event,
      $.integration, $.fact, $.group, $.define, $.allow, $.deny, $.require, $.escalate, $.limit, $.order,
      $.flow, $.test,
    ),

    use: ($) => seq('use', $.string),
    type_definition: ($) => seq('type', field('name', $.type_name), '=', field('type', $.type)),
    record_definition: ($) => seq('record', field('name', $.type_name), '{', optional(listed($.field)), '}'),
    enum_definition: ($) => seq('enum', field('name', $.type_name), '{', optional(listed($.variant)), '}'),
    variant: ($) => seq(optional($.doc), field('name', $._word), optional($.wire)),
    input: ($) => seq('input', $._field),
    role: ($) => seq('role', field('name', $._word), optional($.wire)),
    event: ($) => seq('event', field('name', $._word), optional($.wire)),
    wire: ($) => seq('as', $.string),

    field: ($) => seq(optional($.doc), $._field),
    _field: ($) => seq(field('name', $._word), optional('?'), optional($.wire), ':', field('type', $.type)),
    parameters: ($) => seq('(', optional(listed($.parameter)), ')'),
    parameter: ($) => seq(optional($.doc), optional('claim'), $._field),

    type: ($) => prec.right(seq(choice($.list_type, $.type_name, $.base_type), repeat($.refinement))),
    base_type: () => choice('bool', 'int', 'decimal', 'string', 'duration', 'time', 'date', 'instant'),
    list_type: ($) => prec.right(seq('list', 'of', $.type, 'size', $.range)),
    refinement: ($) => choice(seq('in', $.range), seq('length', $.range), seq('matching', $.regex)),
    range: ($) => seq($._literal, choice('..', '..<'), $._literal),

    // ── Integrations ──────────────────────────────────────────────────────
    integration: ($) => seq(
      'integration', field('name', $._word), optional($.wire),
      '{', repeat(choice($.capacity, $.defaults, $.action, $.doc)), '}',
    ),
    capacity: ($) => seq('capacity', $._rate),
    _rate: ($) => seq($.integer, 'per', $.duration),
    defaults: ($) => seq('defaults', '{', repeat(choice($.timeout, $.failures, $.doc)), '}'),
    action: ($) => seq(
      'action', field('name', $._word), optional($.wire), $.parameters,
      optional(seq('->', field('result', $.type))), $.action_body,
    ),
    action_body: ($) => seq('{', repeat(choice($.reads, $.writes, $.timeout, $.failures, $.undo, $.confirm, $.doc)), '}'),
    reads: () => 'reads',
    writes: ($) => prec.right(seq('writes', optional($.idempotent), optional('expendable'))),
    idempotent: ($) => prec.right(seq('idempotent', 'by', list($._word), optional(seq('for', $.duration)))),
    timeout: ($) => seq('timeout', $.duration),
    failures: ($) => prec.right(seq(choice('permanent', 'transient', 'indeterminate'), list($.failure))),
    failure: ($) => prec.right(seq(field('name', $._word), optional($.wire))),
    undo: ($) => prec.right(seq('undo', $.action_reference, $.arguments, optional('tolerant'))),
    confirm: ($) => seq(
      'confirm', $.action_reference, $.arguments, optional(seq('after', $.duration)),
      '{', repeat($.confirm_line), '}',
    ),
    confirm_line: ($) => prec.right(seq(
      choice('happened', 'absent'), 'on', field('outcome', $._word), optional($.when), optional($.gives),
    )),
    gives: ($) => seq('gives', $._value),
    action_reference: ($) => seq(optional(seq(field('integration', $._word), '.')), field('action', $._word)),
    act: ($) => seq(field('integration', $._word), '.', field('action', $._word)),
    arguments: ($) => seq('(', optional(listed($.argument)), ')'),
    argument: ($) => seq(field('name', $._word), ':', $._value),

    _value: ($) => choice($._literal, $.list, $.record, $.variant_reference, $.path),
    list: ($) => seq('[', optional(listed($._value)), ']'),
    record: ($) => seq('{', optional(listed($.argument)), '}'),
    variant_reference: ($) => seq($.type_name, '.', field('variant', $._word)),
    path: ($) => prec.right(seq($._word, repeat(seq('.', field('member', $._word))))),

    // ── Rules ─────────────────────────────────────────────────────────────
    fact: ($) => prec.right(seq(
      'fact', field('name', $._word), ':', $.act, optional($.by), optional($.where), optional(seq('for', $.duration)),
    )),
    group: ($) => seq('group', field('name', $._word), '=', $.targets),
    define: ($) => seq('define', field('name', $._word), '=', $._condition),

    target: ($) => choice(
      seq('any', choice('read', 'write')),
      seq(field('integration', $._word), '.', choice('*', field('action', $._word))),
      field('group', $._word),
    ),
    targets: ($) => prec.right(seq(list($.target), optional(seq('except', list($.target))))),
    by: ($) => prec.right(seq('by', list($.key))),
    key: ($) => prec.right(seq($._word, optional(seq('=', $.path)))),
    when: ($) => seq('when', $._condition),
    where: ($) => seq('where', $._condition),
    because: ($) => seq('because', $.string),
    instead: ($) => seq('instead', $.act, $.arguments),
    _tail: ($) => choice($.when, $.by, $.where, $.because, $.instead),

    allow: ($) => prec.right(seq('allow', field('name', $._word), ':', $.targets, repeat($._tail))),
    deny: ($) => prec.right(seq('deny', field('name', $._word), ':', $.targets, repeat($._tail))),
    require: ($) => prec.right(seq('require', field('name', $._word), ':', $.targets, repeat($._tail))),
    escalate: ($) => prec.right(seq(
      'escalate', field('name', $._word), ':', $.targets,
      repeat(choice(seq('to', field('role', $._word)), seq('within', $.duration), $._tail)),
    )),
    limit: ($) => prec.right(seq(
      'limit', field('name', $._word), ':', $.targets, 'to', $.integer,
      choice('call', 'calls', 'effect', 'effects'), 'per', choice('session', $.duration), repeat($._tail),
    )),
    order: ($) => prec.right(seq(
      'order', field('name', $._word), ':',
      choice(seq('never', $.targets, 'after', $.targets), seq($.targets, 'before', $.targets)), repeat($._tail),
    )),

    // ── Conditions ────────────────────────────────────────────────────────
    _condition: ($) => choice($.or, $.and, $.not, $.quantifier, $.during, $.parenthesized, $.comparison, $._operand),
    or: ($) => prec.left(1, seq($._condition, 'or', $._condition)),
    and: ($) => prec.left(2, seq($._condition, 'and', $._condition)),
    not: ($) => prec(3, seq('not', $._condition)),
    parenthesized: ($) => seq('(', $._condition, ')'),
    quantifier: ($) => prec.right(0, seq(choice('some', 'every'), field('name', $._word), 'in', $.path, ':', $._condition)),
    during: ($) => prec.right(4, seq('during', field('flow', $._word), optional(seq('.', field('state', $._word))))),
    comparison: ($) => prec.right(4, seq($._operand, choice(
      seq('in', choice($.range, $.set)),
      seq('matches', $.regex),
      seq('is', choice('present', 'absent')),
      seq('contains', $._operand),
      seq(choice('==', '!=', '<', '<=', '>', '>='), $._operand, optional(seq(choice('+', '-'), $._literal))),
    ))),
    set: ($) => seq('{', listed($._operand), '}'),
    _operand: ($) => prec(4, choice($.history, $.sized, $.variant_reference, $._literal, $.path)),
    history: ($) => seq(
      field('function', choice('done', 'calls', 'effects', 'standing', 'unsettled')),
      '(', $.targets, optional($.by), optional($.where), ')',
    ),
    sized: ($) => seq(field('function', choice('length', 'size')), '(', $.path, ')'),

    // ── Flows ─────────────────────────────────────────────────────────────
    flow: ($) => seq('flow', field('name', $._word), $.parameters, $.flow_body),
    flow_body: ($) => seq(
      '{',
      repeat(choice($.start, $.deadline, $.expected, $.once, $.handlers, $.state, $.end, $.handler, $.doc)),
      '}',
    ),
    to: ($) => seq('->', field('target', $._word)),
    start: ($) => seq('start', $.to),
    deadline: ($) => prec.right(seq('within', $.duration, optional($.to))),
    expected: ($) => seq('expect', $._rate),
    once: ($) => seq('once', 'per', list($._word), 'for', $.duration, 'else', $.to),
    handlers: ($) => seq('handlers', field('name', $._word), '{', repeat(choice($.handler, $.doc)), '}'),
    handler: ($) => seq(
      'on', field('outcome', $._word), repeat(seq('|', field('outcome', $._word))),
      optional($.bind), optional($.when), optional($.retry), $.to,
    ),
    bind: ($) => seq('as', field('name', $._word)),
    retry: ($) => seq('retry', $.integer, optional(seq('backoff', $.duration, choice('..', '..<'), $.duration))),
    state: ($) => seq('state', field('name', $._word), $.state_body),
    state_body: ($) => seq(
      '{',
      repeat(choice(
        $.do, $.agent, $.ask, $.choose, $.settle, $.unwind, $.run,
        $.handler, $.branch, $.otherwise, $.visits, $.use_handlers, $.ignore, $.doc,
      )),
      '}',
    ),
    branch: ($) => seq($.when, $.to),
    otherwise: ($) => seq('otherwise', $.to),
    visits: ($) => seq('visits', $.integer, $.to),
    use_handlers: ($) => seq('use', field('name', $._word)),
    ignore: ($) => prec.right(seq('ignore', list($._word))),
    do: ($) => prec.right(seq('do', $.act, $.arguments, optional($.bind))),
    agent: ($) => seq(
      'agent', optional(seq('given', list($._value))),
      '{', repeat(choice($.may, $.agent_calls, $.agent_within, $.outcome, $.doc)), '}',
    ),
    may: ($) => seq('may', $.targets),
    agent_calls: ($) => seq('calls', $.integer),
    agent_within: ($) => seq('within', $.duration),
    outcome: ($) => prec.right(seq('outcome', field('name', $._word), optional(seq(':', field('type', $.type))))),
    ask: ($) => prec.right(seq(
      'ask', field('role', $._word), $.string, 'as', field('name', $._word), ':', field('type', $.type),
      optional(seq('within', $.duration)),
    )),
    choose: () => 'choose',
    settle: ($) => prec.right(seq('settle', $.act, optional($.bind))),
    unwind: ($) => prec.right(seq('unwind', optional(list($.act)))),
    run: ($) => prec.right(seq('run', field('flow', $._word), $.arguments, optional($.bind))),
    end: ($) => prec.right(seq(
      'end', field('name', $._word), field('class', choice('success', 'fallback', 'failure')),
      repeat(choice($.gives, $.keeps, $.leaves)),
    )),
    keeps: ($) => seq('keeps', $.targets),
    leaves: ($) => seq('leaves', $.targets, 'unsettled'),

    // ── Tests ─────────────────────────────────────────────────────────────
    test: ($) => seq('test', field('name', $.string), $.test_body),
    test_body: ($) => seq('{', repeat($._test_item), '}'),
    _test_item: ($) => choice(
      $.given, $.test_run, $.propose, $.proposes, $.test_event, $.advance, $.approval, $.answer, $.expect,
    ),
    given: ($) => prec.right(seq('given', list(choice($.given_call, $._condition, $.given_value)))),
    given_call: ($) => seq($.act, $.arguments, '->', $.reply),
    given_value: ($) => seq($.path, '==', choice($.list, $.record)),
    test_run: ($) => seq('run', field('flow', $._word), $.arguments),
    propose: ($) => seq('propose', $.act, $.arguments),
    proposes: ($) => prec.right(seq(field('state', $._word), 'proposes', $.act, $.arguments, optional(seq('->', $.reply)))),
    test_event: ($) => prec.right(seq('event', field('event', $._word), optional(seq('in', field('state', $._word))))),
    advance: ($) => prec.right(seq('advance', $.duration, optional(seq('in', field('state', $._word))))),
    approval: ($) => seq(choice('approve', 'decline', 'expire'), $.path),
    answer: ($) => seq(field('of', $.call_path), '->', $.reply),
    call_path: ($) => seq($._word, repeat(seq('.', field('member', $._word)))),
    reply: ($) => seq(field('outcome', $._word), optional(choice($._literal, $.list, $.record, $.variant_reference, field('variant', $._word)))),
    expect: ($) => prec.right(seq('expect', choice($.expect_end, $.expect_deny, $.expect_verdict, $._condition))),
    expect_end: ($) => prec.right(seq('end', field('name', $._word), optional($.gives))),
    expect_deny: ($) => seq('deny', optional(field('rule', $._word)), optional(seq('instead', $.act, optional($.arguments)))),
    expect_verdict: ($) => seq(choice('allow', 'limited', 'escalate'), optional(field('rule', $._word))),

    // ── Words and literals ────────────────────────────────────────────────
    word: () => /[a-z][a-z0-9_]*/,
    quoted_word: () => /`[a-z][a-z0-9_]*`/,
    _word: ($) => choice($.word, $.quoted_word, alias(choice(
      // Words of the language that are names where nothing else can stand.
      'claim', 'absent', 'happened', 'permanent', 'transient', 'indeterminate',
    ), $.word)),
    type_name: () => /[A-Z][A-Za-z0-9_]*/,

    _literal: ($) => choice($.string, $.instant, $.date, $.time, $.duration, $.decimal, $.integer, $.boolean),
    boolean: () => choice('true', 'false'),
    integer: () => /-?[0-9](_?[0-9])*/,
    decimal: () => /-?[0-9](_?[0-9])*\.[0-9]+/,
    duration: () => /[0-9](_?[0-9])*(ms|s|m|h|d)/,
    time: () => /[0-9]{2}:[0-9]{2}(:[0-9]{2})?/,
    date: () => /[0-9]{4}-[0-9]{2}-[0-9]{2}/,
    instant: () => /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z/,
    string: ($) => seq('"', repeat(choice($.string_text, $.escape, $.hole)), token.immediate('"')),
    string_text: () => token.immediate(prec(1, /[^"\\{}\n]+/)),
    escape: () => token.immediate(/\\(["\\nt]|u\{[0-9A-Fa-f]{1,6}\})|\{\{|\}\}/),
    hole: ($) => seq(token.immediate('{'), $.path, '}'),
    regex: () => /\/([^\/\\\n]|\\[^\n])([^\/\\\n]|\\[^\n])*\//,
  },
});
