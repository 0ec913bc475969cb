"""The whole of Mortise on one machine, for people and for tests: `python -m common.devstack --data DIR` (DESIGN 7).

In order of flow: `home` is the data directory with what is kept in it; `processes` starts, watches and ends one
process; `servers` knows how nats-server and PostgreSQL are started; `services` knows what each service is told;
`supervisor` starts everything in order, restarts what dies and stops everything; `__main__` reads the command line.

Standard library only, one thread, no event loop: the one thing that must never die is kept simple.
"""
