"""Everything precious in one directory, and back again: `python -m common.backup` (DESIGN 1, docs/how-to/backup.md).

In order of flow: `manifest` is the table of contents and `files` the directory with it, written and checked; `frames`
is the event log as a file; `streams` copies streams out and in; `facts` says what the log knows of each environment;
`calls` copies write-ahead logs; `dumps` runs pg_dump and pg_restore; `databases` copies environments and the vault;
`site` says where the servers are, and starts them; `taking` makes a backup, `restoring` fills an empty stack; `tree`
checks audit's byte copy and `copies` brings the event log back from it; `__main__` reads the command line.
"""
