"""What a use case is asked for, free of options and their spelling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from reconciler.catalog import Catalog
from reconciler.model.policy import Acknowledgements, Policy
from reconciler.model.protocols import Clock, Holder, Watch, unwatched
from reconciler.model.results import FleetPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Manifests, and what of them is meant.

    Attributes:
        paths: files, directories, or `-`.
        organizations: limit what is planned to these; empty means all.
        labels: limit what is planned to organizations with all of these labels.
        allow_empty: no input at all is meant.
        recheck: every manifest is read and judged, whatever earlier runs found out.
        full_access: the plan says of organizations that are created, too, who gets which permission.
        base: the revision or directory whose manifests tell what changed; only that is planned. None plans everything.
        state: URL of the stored state.
        must_exist: a missing state is an error.
        target: name of the target.
        actor: who answers for the changes, None when nobody was named.
        watch: sees long work go by.
    """

    catalog: Catalog
    paths: tuple[str, ...] = ()
    organizations: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    allow_empty: bool = False
    recheck: bool = False
    full_access: bool = False
    policy: Policy = field(default_factory=Policy)
    acknowledged: Acknowledgements = field(default_factory=Acknowledgements)
    base: str | None = None
    state: str = ""
    must_exist: bool = False
    target: str = "none"
    actor: str | None = None
    watch: Watch = unwatched


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What a writing use case needs beside the request.

    Attributes:
        run: the run's id.
        stopping: the signal that asked the run to end, None while it may go on.
        progress: told the name of each organization that is through.
    """

    run: str
    holder: Holder
    clock: Clock
    lock_timeout: timedelta
    stopping: Callable[[], int | None]
    progress: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How the plan of an apply from paths is approved.

    Attributes:
        expect: the hash of the one plan that is approved, None when any plan may be.
        ask: shows the plan and answers whether to go on; raises `DeclinedError` for a no.
        again: whether a plan that the state has left behind may be made anew without asking again.
    """

    expect: str | None
    ask: Callable[[FleetPlan], None]
    again: bool
