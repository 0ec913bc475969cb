"""What billing remembers: who and what there is, plans, invoices, and usage by minute.

`learning` keeps the first three from the log, `counting` the usage from CALLS, `tables` says how they lie there and
`questions` answers from them.
"""
