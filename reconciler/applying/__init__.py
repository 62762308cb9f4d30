"""The one door through which anything changes: a plan is verified against the state, performed, and journalled.

Every command that writes (apply, sweep, state forget, and what comes later) makes a plan and goes through here.
Belongs here: locks, verification, performing, records. Does not belong here: how the plan came about, wording, reading the clock.
"""

from reconciler.applying.clock import FlooredClock
from reconciler.applying.door import apply_plan
from reconciler.applying.run import Run, record_of
from reconciler.applying.sweeping import end_due
from reconciler.applying.verification import earlier_run, new_errors, verify

__all__ = ["FlooredClock", "Run", "apply_plan", "earlier_run", "end_due", "new_errors", "record_of", "verify"]
