"""Data in and out: what files of an environment's data look like, and what may come in from them (C 1.6, G 13).

In order of flow: `rights` (who may), `shape` (types, fields and relations as files name them), `reading` (statements
that write them out), `values` (one value judged as the API would), `piece` (a piece of a file as nodes and edges, and
what is wrong with it), `lines` and `sheets` (read from NDJSON and CSV), `transfer` (how far an import is), `writing`
(statements that check and store a piece), `emptying` (statements that take data away).
"""
