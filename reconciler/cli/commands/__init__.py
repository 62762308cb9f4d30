"""One file per command: options, one pipeline call, one report, one exit code.

The pipeline is imported when a command runs, not when the command line is built, so that `--help` stays quick.
"""
