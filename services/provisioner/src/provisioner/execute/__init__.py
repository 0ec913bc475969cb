"""What the provisioner does to databases, and nothing about why.

`cluster` makes and removes the databases and roles of environments; `passwords` writes what the server keeps of a
password; `migrate` carries out a plan, or counts what it would meet; `leftovers` finds what an interrupted plan has
left; `deploy` does all that one environment needs next.
"""
