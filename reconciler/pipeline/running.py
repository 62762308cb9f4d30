"""From what a use case was given to the run that the door takes."""

from reconciler.applying import Run
from reconciler.pipeline.request import Request, RunSettings
from reconciler.targets import TARGETS


def run_of(request: Request, settings: RunSettings) -> Run:
    """Return a run that asks no rules."""
    return Run(
        id=settings.run,
        operation=settings.holder.operation,
        actor=request.actor,
        holder=settings.holder,
        clock=settings.clock,
        target=TARGETS[request.target],
        catalog=request.catalog,
        lock_timeout=settings.lock_timeout,
        acknowledged=request.acknowledged,
        policy=request.policy,
        recheck=lambda _: (),
        judge=lambda before, after: (),
        stopping=settings.stopping,
        progress=settings.progress,
    )
