"""What the provisioner decides, without touching anything.

`environments` is the life of one environment as facts; `layout` what a Model looks like in a database; `data` what
happens to the values of a field; `diff` what a deployment changes, graded; `checks` what has to be counted before;
`migration` the ordered steps; `ddl` their statements; `plan` the document that is kept of all this; `birth` what every
environment's database has before its first deployment.
"""
