"""Decisions of the door, without a socket, a clock or a log.

In order of flow: `bodies` (what a caller sent), `directory` (who may be calling, what runs where), `admission` (may he
call here), `merge`, `limits`, `split` and `join` (one control graph out of five owners), `outcomes` (which class a call
falls into), `journal` and `batches` (the write-ahead log of calls and what is sealed from it), `uses` (tokens that were
accepted), `bulk` (all data of an environment, out and in).
"""
