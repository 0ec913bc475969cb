"""A small client of PostgreSQL for prepared statements: text parameters in, one text column out, many at once.

A wire is one connection that keeps a queue of who is to be answered, so that questions are sent without waiting for
the answers before them. Each question is a transaction of its own: one statement, or several that stand or fall
together.

* `messages`, `values`, `prepared`: bytes of the protocol, text forms of values, which statements a connection knows.
  Pure.
* `outcomes`: what becomes of a question.
* `wire`: the asyncio protocol.
* `opening`: a connection opened by asyncpg, whose part is everything up to the first question (addresses, TLS,
  authentication, settings), and taken over.
"""
