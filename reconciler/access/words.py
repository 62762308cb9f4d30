"""One sentence for each reason, the same in every report."""

from reconciler.access.values import Kind, Reason
from reconciler.catalog import Catalog, Evidence
from reconciler.catalog.matrix import Cell
from reconciler.model.instants import format_instant


def sentence(reason: Reason, catalog: Catalog) -> str:
    """Return *reason* in words: role, matrix cell and its evidence, restriction, grant and its end.

    Names of grants come from manifests; everything else is the catalog's. Neither is escaped here.
    """
    if reason.kind is Kind.CELL and reason.cell is not None:
        return _cell(reason, reason.cell)
    settings = ", ".join(catalog.restricted_settings[setting].label for setting in reason.settings)
    role = _role(reason)
    return {
        Kind.RESTRICTION: f"restricted mode leaves {reason.access.value} of {settings}",
        Kind.LEFT_OPEN: f"{settings} is declared open; Control Hub itself knows no exemption",
        Kind.CAP_UNKNOWN: "restricted mode is on; whether it reaches this holder is not established"
        + (f": {settings}" if settings else ""),
        Kind.OUT_OF_SCOPE: f"{role} is bound to other customers",
        Kind.SCOPE_UNKNOWN: f"{role} may be bound to other customers, its customers are not managed",
        Kind.UNDESCRIBED: f"no article says what {role} gives here",
        Kind.UNRECORDED: "the administrators of the organization are not recorded",
    }[reason.kind]


def _cell(reason: Reason, cell: Cell) -> str:
    known = "not established" if cell.evidence is Evidence.UNKNOWN else f"{cell.evidence.value} {', '.join(cell.sources)}"
    confidence = f", confidence {cell.confidence.value}" if cell.confidence else ""
    text = f"{_role(reason)}: {reason.access.value} in {reason.matrix} ({known}{confidence})"
    # What was inferred says more than the printed note on the same point.
    note = f"inferred: {reason.inferred}" if reason.inferred else cell.note
    return f"{text}; {note}" if note else text


def _role(reason: Reason) -> str:
    text = reason.role or ""
    if reason.held_in is not None:
        text += f" of {reason.held_in}"
    if reason.elevation is not None:
        text += f" (grant {reason.elevation.grant} until {format_instant(reason.elevation.until)})"
    return text
