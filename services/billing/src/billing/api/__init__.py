"""billing's part of the control API, for those who may see the project.

`desk` is what every resolver needs, `plans` answers rate plans and usage, `bills` invoices and payouts, `shown` makes
what is found into what the API says.
"""

from __future__ import annotations

from ariadne import MutationType, QueryType

from billing.api.bills import Bills
from billing.api.desk import Desk
from billing.api.plans import Plans
from common.graphs import Graph, load_schema
from common.service import Runtime

__all__ = ["graph"]


def graph(runtime: Runtime) -> Graph:
    """The resolvers over a running service."""
    desk = Desk(runtime)
    plans, bills = Plans(desk), Bills(desk)
    query, mutation = QueryType(), MutationType()
    query.set_field("ratePlan", plans.rate_plan)
    query.set_field("ratePlans", plans.rate_plans)
    query.set_field("platformPlan", plans.platform_plan)
    query.set_field("usage", plans.usage)
    query.set_field("invoice", bills.invoice)
    query.set_field("invoices", bills.invoices)
    query.set_field("invoiceFile", bills.invoice_file)
    query.set_field("payout", bills.payout)
    mutation.set_field("setRatePlan", plans.set_rate_plan)
    mutation.set_field("setPlatformPlan", plans.set_platform_plan)
    mutation.set_field("finaliseInvoice", bills.finalise_invoice)
    return Graph(load_schema("billing", query, mutation), list(runtime.runners.values()))
