"""What the registry remembers: the read model of the log, and three things that are not in it.

`tables` and `projection` (with one module of appliers per group) keep the read model; `listing`, `visible` and `search`
build its queries; `people`, `projects`, `services` answer them; `uses` keeps when tokens were last accepted, `secrets`
password hashes, `guesses` failed sign-ins.
"""
