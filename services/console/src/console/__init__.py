"""The `mortise` command: Mortise from a terminal. It knows the public HTTP API and the `proof` package, nothing else.

In order of flow: `__main__` starts, `cli` names the commands, `commands` has one module for each group of them. They
use `client` and `documents` (the control API), `waiting` (until a deployment has ended), `home` (who is signed in),
`folder` (a service on disk), `screen` (what is printed) and `failures` (how a command ends badly). `demo` is a service
with real data, and what loads it.
"""
