"""The child of test_hostile_yaml: reads the given paths twice, the second time on a small stack, and prints what it found.

usage: reading.py MEMORY_LIMIT_BYTES PATH...
"""

import json
import resource
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reconciler import manifests

STACK = 512 * 1024


def read(paths: list[str]) -> dict[str, object]:
    began = time.process_time()
    with manifests.read(manifests.survey(paths)) as fleet:
        found = [[finding.rule, finding.range.start.line if finding.range else None] for finding in fleet.findings]
        return {"findings": found, "seconds": time.process_time() - began, "organizations": fleet.organizations, "files": len(fleet.files)}


def main() -> None:
    limit, paths = int(sys.argv[1]), sys.argv[2:]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    results = [read(paths)]
    if "-" not in paths:
        threading.stack_size(STACK)
        thread = threading.Thread(target=lambda: results.append(read(paths)))
        thread.start()
        thread.join()
    json.dump({"results": results, "peak_kib": peak()}, sys.stdout)


def peak() -> int:
    """Return the most memory that this program had, in KiB. On Linux `ru_maxrss` counts what had the process before it was this program."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
