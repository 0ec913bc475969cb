"""What must stand before a service can start, made once and safely again: `python -m common.bootstrap`.

In order of flow: `accounts` says who exists and what each may publish, subscribe to and log in to (data, standard
library only); `streams` makes the streams and buckets on NATS; `databases` makes database, roles, schemas and vault on
PostgreSQL; `__main__` waits for both servers, checks their versions and does it all.
"""
