"""What the registry answers: Ariadne resolvers over its part of the control API.

`context` is what a resolver has at hand, `loading` batches children, `nodes` makes rows into nodes; `people`, `tokens`,
`projects`, `keys`, `services` and `instances` answer their group; `schema` puts them together.
"""
