"""The registry declares: people, services and versions, projects and instances, keys.

In order of flow: `api` answers operations, `execute` carries commands out, `domain` decides them, `store` remembers
what was decided; `handlers` does what nobody asks for, `__main__` starts it all.
"""
