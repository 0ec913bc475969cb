"""What the registry does: load an aggregate, decide, append.

`deciding` is the one way of it; `people`, `projects`, `keys`, `services`, `pushes` and `instances` hold the commands of
their group, `operator` the first person of an installation. Who may give a command was settled before (`api`).
"""
