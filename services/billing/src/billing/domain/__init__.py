"""What billing decides, without touching anything.

In order of flow: `meters` (a batch of calls to sums by minute), `subscriptions` (which plan is in force when),
`periods` (a month in a time zone), `invoices` (plans and usage to a document).
"""
