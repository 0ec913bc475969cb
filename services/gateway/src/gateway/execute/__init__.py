"""What the door does: connections, models, calls and their record.

`connections` (one budget over all environments' databases), `environments` (models loaded and compiled before they
serve), `calls` (a compiled operation run), `wal` and `meter` (every call recorded before it is answered, and sent in
sealed batches), `lookup` (the directory, caught up when it does not know somebody), `owners` (asking the services).
"""
