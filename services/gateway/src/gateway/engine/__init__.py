"""The compiler of the data API: text in, SQL that writes the answer out (DESIGN 4). Pure.

For the shell, everything it needs is imported from here:

    engine = Engine(prepare(model, sha), bytes_max=...)     # one per environment; prepare() is slow, share it by sha
    call = engine.call(Request(text, operation, variables)) # Call | Refusal; cached by text and by shape of variables
    if isinstance(call, Refusal): body = refuse(call, dialect, request_id)
    results = []                                            # one per root, in order
    for root in call.roots:
        # constant: nothing to run                          results.append(settled(root))
        # read:     fetchval(statement.sql, *statement.values(call.variables, fresh)) of its one statement;
        #                                                   results.append(value)             (str or None)
        # write:    in one transaction (not needed around a single statement: what objects has written nothing);
        #           for each statement: run it; `nothing` -> go on, else
        #           outcome = judge(statement, row, call.variables)   None: go on · Failure: roll back, the result
        #                                                   Again.MOVED / Again.RETRY: roll back, see below
        #                                                   Answered(text): commit, `text` is the result (str or None)
        # an SQL error in either: engine.explain(sqlstate, constraint, detail) -> Failure | Again | None (= unexpected)
    body = finish(call, results, dialect, request_id)       # bytes of {"data":...,"errors":[...]}

`Fresh(at=clock.now(), ids=...)` carries `root.ids` new node ids made by `ids.node_id(...)`. A result is the JSON text
(str), None for a null field, or a Failure. `Again.MOVED` (also from SQLSTATE 42703, 42P01, 23502 on a stale model):
load the newest model, compile the request again, run once more; `Again.RETRY`: run the root again, at most three times.
`dialect` is `http` (`extensions.code`) or `simple` (`code`, `requestId` beside the message, G 7.1).
A text with introspection can take long the first time (`introspects(text)` says so): call it in a thread.

The stages, each reading only what stands before it:

* `failure`, `ids`, `cache`, `call`, `source`: refusals and codes; node ids; a bounded LRU; what comes out; where the
  values of parameters come from
* `schema`: Model -> the generated GraphQL schema
* `operation`: text and variables -> one validated, flattened, bounded operation; values know their source
* `plan`: operation + Model -> Read | Insert | Update | Delete trees
* `sql`: plan -> statements that return the answer as JSON text
* `answer`: rows, SQL errors and failures -> the body's bytes
* `compiler`: the one file that runs the stages, with its caches
"""

from gateway.engine.answer import Answered, Dialect, Result, finish, judge, refuse, settled, timed_out, unexpected
from gateway.engine.call import Again, Call, Fresh, Request, Root, Statement
from gateway.engine.compiler import Engine, Prepared, introspects, prepare
from gateway.engine.failure import Failure, Refusal

__all__ = [
    "Again",
    "Answered",
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
    "finish",
    "introspects",
    "judge",
    "prepare",
    "refuse",
    "settled",
    "timed_out",
    "unexpected",
]
