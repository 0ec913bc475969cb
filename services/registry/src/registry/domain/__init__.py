"""What the registry decides, as values and functions: no I/O, no clock, no chance.

In order of use: `wording` (what people may write), the aggregates `organisations`, `users`, `sessions`, `tokens`,
`projects`, `grants`, `clients`, `services`, `instances`, `keys`, `access`, what a schema text means (`sdl`, `naming`,
`values`, `diff`, `versions`, `templates`), how a push is judged (`pushes`), who may do what (`rights`), and how often
somebody may guess a password (`throttle`). Every aggregate has the same shape: a frozen state, `fold`, `evolve`, and
verbs that return a fact, or None when it is already so, or raise Refused.
"""
