"""The dialect told a second time, in the plainest way: nodes in memory, and nothing that knows how SQL would do it.

Written from the rules of the dialect alone and without looking at the engine, so that the two can be compared on
operations that nobody thought of (tests/integration/gateway/engine/test_random_operations.py).

* `schema`: types, fields and relations of a service, and their text; `models` makes random ones
* `asked`: an operation as a value; `spelled` writes it as text and variables, in one of its many disguises, and
  `varied` sends the same text with other variables
* `values`, `memory`: what is stored; `reading`, `changing`, `evaluator`: what an operation means
* `contents`, `questions`, `changes`: random values, reads and mutations
* `trial`, `judging`: the comparison; `telling`, `smaller`: its smallest failure; `tally`: its histogram
* `run`: many services; `python -m tests.support.naive.run` for as long as one likes
"""
