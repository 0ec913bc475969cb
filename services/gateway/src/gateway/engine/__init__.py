"""The compiler of the data API: text in, SQL that writes the answer out (DESIGN 4). Pure.

For the shell, everything it needs is imported from here:

    engine = Engine(prepare(model, sha), bytes_max=..., limits=...)   # one per environment; prepare() is slow: by sha
    call = engine.call(Request(text, operation, variables)) # Call | Refusal; cached by text and by shape of variables
    if isinstance(call, Refusal): body = refuse(call, dialect, request_id)
    results = []                                            # one per root, in order
    for root in call.roots:
        # constant: nothing to run                          results.append(settled(root))
        # read:     fetchval(statement.sql, *statement.values(call.variables, fresh)) of its one statement;
        #                                                   results.append(value)             (str or None)
        # write:    run its statements in order in one transaction, looking at nothing between; the last one answers,
        #           as a read does. A single statement is a transaction of its own.
        # an SQL error in either: SQLSTATE OBJECTION -> engine.judge(root, message, call.variables) -> Failure | Again
        #           any other -> engine.explain(sqlstate, constraint, detail) -> Failure | Again | None (= unexpected)
    each result is appended as fitting(results, result, engine.limits.response_bytes)
    body = finish(call, results, dialect, request_id)       # bytes of {"data":...,"errors":[...]}

`Fresh(at=clock.now(), ids=...)` carries `root.ids` new node ids made by `ids.node_id(...)`. A result is the JSON text
(str), None for a null field, or a Failure. `Again.MOVED` (also from SQLSTATE 42703, 42P01, 23502 on a stale model):
load the newest model, compile the request again, run once more; `Again.RETRY`: run the root again, at most three times.
`dialect` is `http` (`extensions.code`) or `simple` (`code`, `requestId` beside the message, G 7.1).
A long text, or one with introspection, can take long the first time (`slow(text)` says so): call it in a thread.

The stages, each reading only what stands before it:

* `failure`, `ids`, `cache`, `call`, `source`: refusals and codes; node ids; a bounded LRU; what comes out; where the
  values of parameters come from
* `schema`: Model -> the generated GraphQL schema
* `operation`: text and variables -> one validated, flattened, bounded operation; values know their source
* `plan`: operation + Model -> trees: a read, a write of one or many nodes, or two of them of which one will run
* `sql`: plan -> statements that return the answer as JSON text
* `answer`: rows, SQL errors and failures -> the body's bytes
* `compiler`: the one file that runs the stages, with its caches
"""

from gateway.engine.answer import OBJECTION, Dialect, Result, finish, fitting, refuse, settled, timed_out, unexpected
from gateway.engine.call import Again, Call, Fresh, Request, Root, Statement
from gateway.engine.compiler import INTROSPECTION, Engine, Prepared, introspects, prepare, slow
from gateway.engine.failure import Failure, Refusal
from gateway.engine.operation.document import digest

__all__ = [
    "INTROSPECTION",
    "OBJECTION",
    "Again",
    "Call",
    "Dialect",
    "Engine",
    "Failure",
    "Fresh",
    "Prepared",
    "Refusal",
    "Request",
    "Result",
    "Root",
    "Statement",
    "digest",
    "finish",
    "fitting",
    "introspects",
    "prepare",
    "refuse",
    "settled",
    "slow",
    "timed_out",
    "unexpected",
]
