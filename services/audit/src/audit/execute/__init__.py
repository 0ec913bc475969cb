"""What audit does to the world.

`history` signs, proves and checks; `lines` writes the log of calls and deployments, `looking` finds lines in it.
"""
