"""A service with real data, ready to be called.

`music-store` is its folder, `rows` the data as mutations, `load` sends them, `setting_up` makes the service, a project,
a client and keys, and has it all loaded.
"""
