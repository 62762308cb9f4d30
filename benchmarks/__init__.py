"""What the tool costs, beside the floors under it and beside other tools that plan from files; `docs/performance.md` shows the results.

Belongs here: fleets of manifests, whole processes, figures. Does not belong here: anything of the package except its command line.
"""
