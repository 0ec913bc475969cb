"""Calls: the only public door.

In order of flow: `api` (a request taken apart, and its answer), `domain` (what may be, decided without I/O), `store`
(the directory as rows), `engine` (the compiler of the data API), `execute` (connections, models, calls, their record).
"""
