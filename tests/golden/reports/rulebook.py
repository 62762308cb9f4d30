"""Rules and statements for the tests of reports, calm or hostile."""

from dataclasses import replace

from reconciler.model.findings import Severity
from reconciler.model.results import Result, RuleOf, Rules, StatementOf
from reconciler.model.rulebook import Example, Expected, Form, RuleFacts, RuleKind, Statement
from reconciler.model.sources import Source

ARTICLE = Source(id="fs78p5", rank="article", title="Assign organization account roles", url="https://help.webex.com/article/fs78p5")
LAB = Source(id="compliance-labs", rank="reference", title="Lab guides on the compliance officer role")

MORE_THAN_ONE = Statement(
    id="R042",
    text="Even a small organization has more than one full administrator, so that one can be reached.",
    level=Severity.WARNING,
    form=Form.CHECK,
    sources=(ARTICLE,),
    inferred="temporary access does not count",
    rules=("few-full-administrators", "no-full-administrator"),
    catalog=("roles.yaml#full-administrator", "roles.yaml#assigners.full"),
    tests=("tests/unit/one.py::test_that_something_holds", "tests/unit/two.py::test_that_something_else_holds"),
    reason="nothing says who can be reached",
)
NOT_ONESELF = Statement(
    id="CO-R1",
    text="Nobody makes themselves compliance officer.",
    level=Severity.WARNING,
    form=Form.CHECK,
    sources=(LAB,),
    rules=("discouraged-self-assignment",),
)
WHICH = Statement(
    id="C25",
    text="One or more roles to anybody, and yet some exclude each other.",
    decision="Any set of roles, less the named exclusions.",
    about=("R042", "R050"),
    sources=(ARTICLE, LAB),
    rules=("few-full-administrators",),
)
FEW = RuleFacts(
    id="few-full-administrators",
    kind=RuleKind.DECLARED,
    severity=Severity.ERROR,
    default=Severity.WARNING,
    fixed=False,
    summary="An organization has at least two full administrators without an end.",
    why="one person can leave, lose a phone, or be on holiday.",
    said="fs78p5 (stated, R042): more than one, so that one is available.",
    statements=(MORE_THAN_ONE, WHICH),
)
NONE = replace(
    FEW,
    id="no-full-administrator",
    severity=Severity.ERROR,
    default=Severity.ERROR,
    fixed=True,
    summary="A declared list of administrators has at least one full administrator without an end.",
    origin="without one nobody can let anybody in again",
)
ONESELF = replace(
    FEW, id="discouraged-self-assignment", kind=RuleKind.ACTOR, severity=None, summary=NOT_ONESELF.text, statements=(NOT_ONESELF,)
)
BY_HAND = replace(
    FEW, id="first-sign-in", kind=RuleKind.BY_HAND, severity=Severity.WARNING, summary="Somebody signs in once.", statements=()
)
STRUCTURE = RuleFacts(
    id="yaml-null",
    kind=RuleKind.STRUCTURE,
    severity=Severity.ERROR,
    default=Severity.ERROR,
    fixed=True,
    summary="No value is null.",
    origin="nothing must not be confused with the default",
)

MANIFEST = """\
apiVersion: reconciler/v1
kind: Organization
metadata: {name: acme}
spec:
  type: customer
  administrators:
    - {email: alice@acme.example, roles: [full-administrator]}
"""
GOOD = Example(name="two", declared=MANIFEST + "    - {email: bob@acme.example, roles: [full-administrator]}\n")
BAD = Example(
    name="one", declared=MANIFEST, expected=(Expected(text="alice@acme.example is the only full administrator of acme", place="7:5"),)
)
OF_A_CHANGE = replace(BAD, stored=GOOD.declared, actor="alice@acme.example")


def lists_of_rules() -> dict[str, Result]:
    return {"default": Rules(rules=(NONE, BY_HAND, STRUCTURE)), "policy": Rules(rules=(NONE, FEW, ONESELF, BY_HAND, STRUCTURE))}


def single_rules(hostile: str) -> dict[str, Result]:
    example = Example(name=hostile, declared=hostile, stored=hostile, actor=hostile, expected=(Expected(text=hostile, place="1:1"),))
    return {
        "declared": RuleOf(rule=FEW, good=GOOD, bad=BAD),
        "fixed": RuleOf(rule=NONE, good=None, bad=BAD),
        "off": RuleOf(rule=ONESELF, good=None, bad=OF_A_CHANGE),
        "by-hand": RuleOf(rule=BY_HAND, good=None, bad=None),
        "structure": RuleOf(rule=STRUCTURE, good=None, bad=None),
        "hostile": RuleOf(rule=replace(FEW, summary=hostile, why=hostile, statements=()), good=example, bad=example),
    }


def single_statements(hostile: str) -> dict[str, Result]:
    return {
        "article": StatementOf(statement=MORE_THAN_ONE, rules=(FEW, NONE), decisions=(WHICH,)),
        "reference": StatementOf(statement=NOT_ONESELF, rules=(ONESELF,), decisions=()),
        "decision": StatementOf(statement=WHICH, rules=(FEW,), decisions=()),
        "hostile": StatementOf(statement=replace(WHICH, text=hostile, decision=hostile, reason=hostile), rules=(), decisions=()),
    }
