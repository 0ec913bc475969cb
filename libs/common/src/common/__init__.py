"""Plumbing that every service stands on; it knows no business word.

In order of flow: `errors`, `ids`, `clock`, `settings`, `logs` and `metrics`; `events` (envelope), `facts` (what may be
one), `claims` and `sealing`; `stream` and `reader` (JetStream), `log` (append and load), `commands` (decide and append
once), `blobs`; `db`, `readmodel`, `projection` and `rebuild` (read models); `rpc`, `graphs`, `http` and `operations`
(answers); `passwords` and `sql`, used beside the way; `service` (the one start-up); `bootstrap` and `devstack`
(standing the whole thing up).
"""
