"""Declarative, config-as-code reconciler for the administrators of Cisco Webex organizations.

`model` holds the nouns, every other package is a verb, and data flows one way; `docs/architecture.md` draws the map.
"""

__version__ = "0.1.0"
