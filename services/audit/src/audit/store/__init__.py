"""What audit remembers.

`history` is the byte copy with its leaves, tiles and signed heads; `who` is who is meant by an id, and where things
belong; `sheets` reads the lines of the log.
"""
