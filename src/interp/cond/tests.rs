use super::*;
use crate::interp::Fixed;
use crate::model::{InputId, Policy};
use crate::source::Span;

fn policy() -> Policy {
    Policy {
        name: String::new(),
        doc: None,
        enums: vec![],
        records: vec![],
        inputs: vec![],
        roles: vec![],
        events: vec![],
        integrations: vec![],
        actions: vec![],
        facts: vec![],
        rules: vec![],
        unsure: Default::default(),
        flows: vec![],
        tests: vec![],
        complete: true,
    }
}

fn input(index: u32, ty: Type) -> Path {
    Path {
        root: Root::Input(InputId(index)),
        fields: vec![],
        ty,
        optional: true,
        text: String::new(),
        span: Span::default(),
    }
}

fn atom(kind: AtomKind) -> Cond {
    Cond::Atom(Atom {
        kind,
        span: Span::default(),
    })
}

fn say(cond: &Cond, inputs: &[Option<Const>]) -> Truth {
    let policy = policy();
    let world = Fixed {
        inputs: inputs.to_vec(),
        ..Fixed::default()
    };
    Interp::new(&policy).truth(&world, cond)
}

fn holds(index: u32) -> Cond {
    atom(AtomKind::Holds(Operand::Path(input(index, Type::Bool))))
}

const T: Option<Const> = Some(Const::Bool(true));
const F: Option<Const> = Some(Const::Bool(false));

#[test]
fn connectives_are_kleenes() {
    let and = Cond::And(vec![holds(0), holds(1)]);
    let or = Cond::Or(vec![holds(0), holds(1)]);
    let not = Cond::Not(Box::new(holds(0)));
    assert_eq!(say(&and, &[None, F]), Some(false));
    assert_eq!(say(&and, &[None, T]), None);
    assert_eq!(say(&and, &[T, T]), Some(true));
    assert_eq!(say(&or, &[None, T]), Some(true));
    assert_eq!(say(&or, &[None, F]), None);
    assert_eq!(say(&not, &[None]), None);
    assert_eq!(say(&Cond::And(vec![]), &[]), Some(true));
    assert_eq!(say(&Cond::Or(vec![]), &[]), Some(false));
}

#[test]
fn presence_is_always_decided() {
    let present = atom(AtomKind::Present(input(0, Type::Bool)));
    assert_eq!(say(&present, &[None]), Some(false));
    assert_eq!(say(&present, &[F]), Some(true));
}

fn cents() -> Type {
    Type::Decimal {
        scale: 2,
        min: 0,
        max: 10_000,
    }
}

fn int() -> Type {
    Type::Int { min: 0, max: 100 }
}

#[test]
fn numbers_compare_on_one_scale() {
    // Input 0 (cents) < input 1 (int) + 0.50
    let cond = atom(AtomKind::Compare {
        left: Operand::Path(input(0, cents())),
        op: CompareOp::Lt,
        right: Operand::Path(input(1, int())),
        offset: 50,
        scale: 2,
    });
    let of = |l, r| say(&cond, &[Some(Const::Number(l)), Some(Const::Number(r))]);
    assert_eq!(of(349, 3), Some(true));
    assert_eq!(of(350, 3), Some(false));
    assert_eq!(say(&cond, &[None, Some(Const::Number(3))]), None);
}

#[test]
fn lists_and_their_elements() {
    let list = input(
        0,
        Type::List {
            element: Box::new(int()),
            min: 0,
            max: 3,
        },
    );
    let element = Operand::Path(Path {
        root: Root::Element,
        ..input(0, int())
    });
    let above_two = atom(AtomKind::Compare {
        left: element,
        op: CompareOp::Gt,
        right: Operand::Const(Const::Number(2)),
        offset: 0,
        scale: 0,
    });
    let quantifier = |every| {
        atom(AtomKind::Quantifier {
            every,
            list: list.clone(),
            element: "n".to_owned(),
            body: Box::new(above_two.clone()),
        })
    };
    let contains = atom(AtomKind::Contains {
        list: list.clone(),
        element: Operand::Const(Const::Number(200)),
        scale: 2,
    });
    let of = |cond: &Cond, items: &[i64]| {
        let items = items.iter().map(|&n| Const::Number(n)).collect();
        say(cond, &[Some(Const::List(items))])
    };
    assert_eq!(of(&quantifier(false), &[1, 3]), Some(true));
    assert_eq!(of(&quantifier(false), &[]), Some(false));
    assert_eq!(of(&quantifier(true), &[3, 1]), Some(false));
    assert_eq!(of(&quantifier(true), &[]), Some(true));
    assert_eq!(say(&quantifier(true), &[None]), None);
    assert_eq!(of(&contains, &[1, 2]), Some(true));
    assert_eq!(of(&contains, &[1, 3]), Some(false));
}
