"""What crosses a border between services: data, and the pure rules over it.

In order of flow: `model` (the meaning of a schema), `plural` and `moments` (how names and times are written in it and
in calls), `access` (who may do what), `names` (ids and names that several services derive alike), one module of events
per publisher (`registry`, `provisioner`, `billing`, `audit`), `calls` (sealed metering batches) and `uses` (tokens that
were accepted).
"""
