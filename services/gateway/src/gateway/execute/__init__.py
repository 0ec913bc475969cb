"""What the door does: connections, models, calls and their record.

`connections` (one budget over all environments' databases), `pool` (those of one environment), `wire` (one of them,
asked by many at once), `environments` (models loaded and compiled before they serve), `calls` (a compiled operation
run), `wal` and `meter` (every call recorded before it is answered, and sent in sealed batches), `lookup` (the
directory, caught up when it does not know somebody), `owners` (asking the services), `bulk` (data in and out).
"""
