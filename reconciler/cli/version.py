"""What `--version` says."""

from reconciler import __version__


def version_text() -> str:
    """Return version, interpreter and parser: without libyaml manifests are read about twenty times slower."""
    import platform  # noqa: PLC0415 -- only for this line

    import yaml  # noqa: PLC0415 -- only for this line

    parser = "libyaml" if yaml.__with_libyaml__ else "without libyaml, slow"
    return f"reconciler {__version__} (Python {platform.python_version()}, PyYAML {yaml.__version__} {parser})"
