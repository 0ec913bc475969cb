"""billing counts: sealed batches of calls to usage by minute, usage and rate plans to draft invoices."""
