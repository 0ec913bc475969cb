"""What the provisioner does to databases, and nothing about why.

`cluster` makes and removes the databases and roles of environments; `passwords` writes what the server keeps of a
password; `migrate` carries out a plan, or counts what it would meet; `leftovers` finds what an interrupted plan has
left; `trash` looks into the trash and judges what fits; `deploy` does all that one environment needs next; `undoing`
tells what an undo would do; `yard` lists, restores and empties.
"""
