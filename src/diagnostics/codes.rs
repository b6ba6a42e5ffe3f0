//! The one registry of diagnostic codes. Each has a page in `docs/codes/`, which is the only
//! source of `failway explain`, of the reference, and of a test that runs the page's examples.

use super::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident $severity:ident $title:literal;)*) => {
        /// A diagnostic code: `FW`, its family's digit, and two digits more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as users see it, such as `FW301`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => stringify!($name),)* }
            }

            /// The severity that findings of this code have.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// A short title.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// The page: what it found, why it matters, a failing and a repaired example.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self { $(Code::$name => include_str!(concat!("../../docs/codes/", stringify!($name), ".md")),)* }
            }
        }
    };
}

// A code is never renumbered or reused. Order: by number.
codes! {
    // ── FW0: syntax ──────────────────────────────────────────────────────────
    FW001 Error "syntax error";
    FW002 Error "keyword as a name";
    FW003 Error "bad literal";
    FW004 Error "block not closed, or closed twice";
    FW005 Error "nested too deep";
    FW006 Error "written twice";
    FW007 Error "file too large";
    // ── FW1: names and types ─────────────────────────────────────────────────
    FW101 Error "unknown name";
    FW102 Error "name taken";
    FW103 Error "types don't fit";
    FW104 Error "wrong arguments";
    FW105 Error "no value left";
    FW106 Error "file that cannot be brought in";
    FW107 Error "outside the language of conditions";
    FW108 Error "ambiguous name";
    FW109 Error "name of a built-in outcome";
    FW110 Error "something is missing";
    FW111 Error "not an I-Regexp";
    FW112 Error "defined by itself";
    FW113 Error "value outside its type";
    FW114 Error "not shared by all targets";
    FW115 Error "policy header";
    FW116 Error "no targets";
    FW150 Error "undecided by what is absent";
    FW190 Warning "unused declaration";
    // ── FW2: the gate ────────────────────────────────────────────────────────
    FW201 Error "rule that can never fire";
    FW202 Error "action that no rule allows";
    FW203 Error "action that is never allowed";
    FW204 Error "rules that disagree";
    FW205 Warning "rule that never decides";
    FW206 Warning "rule covered by others";
    FW207 Error "permission that is always refused";
    FW208 Warning "test that is always true or always false";
    FW209 Warning "redundant part of a condition";
    FW210 Error "`instead` that may be refused";
    FW211 Error "source that can never succeed";
    FW212 Warning "write permitted without a word";
    FW213 Note "said in both forms";
    FW290 Error "too hard to decide";
    // ── FW3: the flow ────────────────────────────────────────────────────────
    FW301 Error "unhandled outcome";
    FW302 Error "undeclared outcome";
    FW303 Error "outcome handled twice";
    FW304 Error "state or end that cannot be reached";
    FW305 Error "cycle without a bound";
    FW306 Error "value used before it is bound";
    FW307 Error "retry of what cannot be retried";
    FW308 Warning "flow without a success";
    FW309 Error "flow that runs itself";
    FW310 Warning "handler for what cannot happen";
    FW311 Error "gap between guards";
    FW312 Error "guards that overlap";
    FW313 Error "unhandled event";
    FW314 Error "trap";
    FW390 Error "flow too hard to look through";
    // ── FW4: failure handling ────────────────────────────────────────────────
    FW401 Error "retry of a write that isn't safe to repeat";
    FW402 Error "call again while a write is in doubt";
    FW403 Error "write left in doubt at an end";
    FW404 Error "standing write left behind";
    FW405 Error "undo of what may not have happened";
    FW406 Error "key or arguments that change between attempts";
    FW407 Error "retries that outlast the key";
    FW408 Error "confirm or undo of the wrong kind";
    FW409 Error "confirm or undo that the gate may refuse";
    FW410 Error "lines of a confirm that overlap";
    FW411 Warning "fallback that breaks together with what it stands in for";
    FW412 Warning "approval that outlives the fact its rules need";
    FW413 Warning "retry without backoff";
    FW414 Warning "retries that multiply";
    // ── FW5: budgets ─────────────────────────────────────────────────────────
    FW501 Error "agent or question without bounds";
    FW502 Error "promise of time that some path breaks";
    FW503 Warning "net that is never reached";
    FW504 Warning "more load than an integration can take";
    FW505 Warning "approval that outlasts its flow";
    // ── FW6: constraints against flows ───────────────────────────────────────
    FW601 Error "step that is always refused";
    // ── FW8: allowances ──────────────────────────────────────────────────────
    FW801 Warning "allowance that does not count";
    FW802 Warning "allowance for nothing";
    FW803 Warning "allowance of what cannot be allowed";
    // ── FW9: style, for those who ask for it ─────────────────────────────────
    FW901 Warning "name that says nothing";
    FW902 Warning "no documentation";
    FW903 Warning "rule without a reason";
    FW904 Warning "declarations out of order";
}

impl Code {
    /// Finds a code by its text, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
