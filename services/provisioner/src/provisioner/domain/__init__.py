"""What the provisioner decides, without touching anything.

`environments` is the life of one environment as facts; `layout` what a Model looks like in a database; `data` what
happens to the values of a field; `diff` what a deployment changes, graded; `versions` the same over versions that were
skipped; `checks` what has to be counted before; `both` the two layouts and what they do not tell; `gentle` what is
prepared when tables are large; `actions` what a step can do; `migration` the ordered steps; `ddl` their statements,
with `preparing` for those beside the switch; `plan` the document that is kept of all this; `trash` what it puts
into the trash; `fitting` what an earlier Model demands of data written since, `judging` the statements that find out,
`undo` the plan back; `restoring` brings one thing back from the trash; `birth` what every environment's database has
before its first deployment.
"""
