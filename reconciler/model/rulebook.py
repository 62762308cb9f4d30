"""The rules as values, to be read by people: what each asks for, which statements stand behind it, and how each statement is kept."""

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.findings import Severity
from reconciler.model.sources import Source


class RuleKind(StrEnum):
    """What a rule is about, in the order in which rules are listed."""

    DECLARED = "declared"
    CHANGE = "change"
    ACTOR = "actor"
    BY_HAND = "by-hand"
    RAIL = "rail"
    STRUCTURE = "structure"
    NOTE = "note"
    FAILURE = "failure"


class Form(StrEnum):
    """How a statement can be kept: checked on input, by the way the product is built, or not at all because it is knowledge."""

    CHECK = "check"
    INVARIANT = "invariant"
    GUIDE = "guide"


class Standing(StrEnum):
    """How a statement is known: from an article, partly deduced, from a later or other text, or decided here."""

    STATED = "stated"
    PARTLY_INFERRED = "partly-inferred"
    REFERENCE = "reference"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Something that the product follows, and what keeps it.

    Attributes:
        text: what is stated; of a decision, the question.
        level: how much it weighs; None for a decision.
        form: None for a decision.
        sources: of a decision, the texts that differ or are silent.
        inferred: what of it is deduced.
        decision: the answer, where the texts leave a question open.
        about: of a decision, the ids of the statements that it is about.
        rules: ids of the rules that keep it.
        catalog: where it stands as a fact, `FILE#ENTRY.FIELD`.
        tests: `FILE::TEST`, where it holds by construction.
        reason: why nothing is checked, or why no more than that.
    """

    id: str
    text: str
    level: Severity | None = None
    form: Form | None = None
    sources: tuple[Source, ...] = ()
    inferred: str | None = None
    decision: str | None = None
    about: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    catalog: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def standing(self) -> Standing:
        """How it is known."""
        if self.decision is not None:
            return Standing.DECIDED
        if not any(source.rank == "article" for source in self.sources):
            return Standing.REFERENCE
        return Standing.STATED if self.inferred is None else Standing.PARTLY_INFERRED


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """One rule, as configured.

    Attributes:
        severity: that it has here; None when policy switches it off.
        default: the severity without any policy.
        fixed: policy changes nothing about it.
        summary: what it asks for, in a sentence.
        why: empty where the origin says it.
        said: what the rule itself says of its sources; empty where no text stands behind it.
        origin: where it comes from, when not from a statement alone; None otherwise.
        statements: those that it keeps, decisions included.
    """

    id: str
    kind: RuleKind
    severity: Severity | None
    default: Severity
    fixed: bool
    summary: str
    why: str = ""
    said: str = ""
    origin: str | None = None
    statements: tuple[Statement, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources of its statements, each once; those of a decision disagree, and are not the rule's."""
        stated = (statement for statement in self.statements if statement.standing is not Standing.DECIDED)
        return tuple(dict.fromkeys(source for statement in stated for source in statement.sources))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a rule finds in an example: a part of its message, and where.

    Attributes:
        place: `LINE:COLUMN` of the declared manifest; of what is done by hand, the address of the resource.
    """

    text: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Manifests in which a rule finds something, or just does not.

    Attributes:
        actor: who answers for the change, in examples about that.
        stored: the manifest of what was there before, in examples about changes; None where nothing was.
        declared: the manifest.
        expected: what is found in `declared`; empty in a good example.
    """

    name: str
    declared: str
    stored: str | None = None
    actor: str | None = None
    expected: tuple[Expected, ...] = ()
