"""Plumbing that every service stands on; it knows no business word.

In order of flow: `errors`, `ids`, `clock`, `settings` and `logs`; `events` (envelope) and `sealing`; `log` (append and
load on JetStream), `commands` (decide and append once), `blobs`; `db` and `projection` (read models); `rpc`, `graphs`
and `http` (answers); `service` (the one start-up); `bootstrap` and `devstack` (standing the whole thing up).
"""
