"""Every document that the command line sends to the control API."""

from __future__ import annotations

from typing import Final

from console import breaking

# --- people -------------------------------------------------------------------------------------------------------

SIGN_IN: Final = """
mutation SignIn($email: String!, $password: String!) {
  signIn(email: $email, password: $password) { token expiresAt user { username displayName email } }
}"""

SIGN_OUT: Final = "mutation SignOut { signOut }"

ME: Final = """
query Me { me { id username displayName email } organisations { id name slug myRole } }"""

# --- services -----------------------------------------------------------------------------------------------------

SERVICES: Final = """
query Services($search: String) {
  services(search: $search, pagination: { limit: 500, offset: 0 }) {
    id slug name problem domain tags privateVersion publishedVersion retired rank organisation { slug }
  }
}"""

SERVICE: Final = """
query Service($service: ID!) {
  service(id: $service) {
    id slug name problem solution domain tags privateVersion publishedVersion retired retiredReason
    organisation { id slug }
    environments { id name version access }
    keys { id name kind prefix revoked }
    versions { name notes createdAt changes { criticality kind path message } }
  }
}"""

VERSIONS: Final = """
query Versions($service: ID!) {
  service(id: $service) {
    id slug retired retiredReason privateVersion publishedVersion
    versions {
      name notes createdAt publishedAt
      pushedBy { username displayName }
      changes { criticality kind path message }
      runsOn { environment project { slug } instance }
    }
  }
}"""

VERSION_SCHEMA: Final = """
query VersionSchema($service: ID!, $version: String!) { version(service: $service, name: $version) { schema } }"""

CREATE_SERVICE: Final = """
mutation CreateService($input: CreateServiceInput!) {
  createService(input: $input) {
    service { id slug name privateVersion publishedVersion versions { name schema } }
    developerKey { secret key { id prefix } }
  }
}"""

PREVIEW_PUSH: Final = (
    """
query PreviewPush($service: ID!, $schema: String!, $version: String) {
  previewPush(service: $service, schema: $schema, version: $version) {
    version upToDate needsForce
    problems { line column type field code message }
    changes { criticality kind path message }
    messages { type action name description subDescriptions { type action name description } }
    losses { path rows } breaks { ...Breaking }
    steps { number phase kind subject reason grade locks }
  }
}"""
    + breaking.FRAGMENT
)

PUSH_SERVICE: Final = """
mutation PushService($input: PushServiceInput!) {
  pushService(input: $input) { name notes changes { criticality kind path message } }
}"""

PROMOTE_SERVICE: Final = """
mutation PromoteService($service: ID!, $force: Boolean) { promoteService(id: $service, force: $force) { name } }"""

RETIRE_SERVICE: Final = """
mutation RetireService($service: ID!, $reason: String) {
  retireService(id: $service, reason: $reason) { slug retired retiredReason }
}"""

REINSTATE_SERVICE: Final = """
mutation ReinstateService($service: ID!) { reinstateService(id: $service) { slug retired } }"""

REMOVE_SERVICE: Final = """
mutation RemoveService($service: ID!) { removeService(id: $service) }"""

# --- what runs ----------------------------------------------------------------------------------------------------

ENVIRONMENTS: Final = """
query Environments($service: ID, $instance: ID) {
  environments(service: $service, instance: $instance) {
    id name state reason version declaredVersion endpoint
    deployments { id version status reason plan { number kind subject grade } }
  }
}"""


def _limits(operation: str, field: str) -> str:
    """Ask for, or change, what an environment may have."""
    declared = "callsPerSecond callsPerDay databaseMegabytes"
    return f"""
{operation} {{
  {field} {{
    environment name ofKind {{ ...Numbers }} limits {{ ...Numbers }}
    granted {{ {declared} }} caps {{ {declared} }}
    usage {{ state calledAt callsToday limitedToday databaseMegabytes databaseFull }}
  }}
}}
fragment Numbers on Limits {{ {declared} burst sleepMinutes logDays }}"""


ENVIRONMENT_LIMITS: Final = _limits(
    "query EnvironmentLimits($environment: ID!)", "environmentLimits(environment: $environment)"
)

CAP_ENVIRONMENT: Final = _limits(
    "mutation CapEnvironment($environment: ID!, $input: LimitsInput!)",
    "capEnvironment(environment: $environment, input: $input)",
)

GRANT_ENVIRONMENT: Final = _limits(
    "mutation GrantEnvironment($environment: ID!, $input: LimitsInput!)",
    "grantEnvironment(environment: $environment, input: $input)",
)

# --- projects -----------------------------------------------------------------------------------------------------

PROJECTS: Final = """
query Projects {
  projects(pagination: { limit: 500, offset: 0 }) {
    id name slug description myRole organisation { slug } instances { id }
  }
}"""

PROJECT: Final = """
query Project($project: String!) {
  project(slug: $project) {
    id name slug description myRole restricted approvals
    environmentNames { dev stage prod }
    organisation { id slug }
    instances {
      id
      service { id slug name publishedVersion retired retiredReason }
      environments { id name version access }
      requests { id environment version forced state createdAt expiresAt reason requester { username } }
    }
    clients { id name email currency timeZone }
    keys { id name kind prefix revoked client { id name } }
  }
}"""

CREATE_PROJECT: Final = """
mutation CreateProject($input: CreateProjectInput!) {
  createProject(input: $input) { id name slug description }
}"""

UPDATE_PROJECT: Final = """
mutation UpdateProject($project: ID!, $input: UpdateProjectInput!) {
  updateProject(id: $project, input: $input) { id name slug description restricted }
}"""

CONFIGURE_PROJECT: Final = """
mutation ConfigureProject($project: ID!, $input: ConfigureProjectInput!) {
  configureProject(id: $project, input: $input) { id slug approvals environmentNames { dev stage prod } }
}"""

DELETE_PROJECT: Final = """
mutation DeleteProject($project: ID!) { deleteProject(id: $project) }"""

ADD_SERVICE: Final = """
mutation AddService($project: ID!, $service: ID!) {
  addService(projectId: $project, serviceId: $service) { id service { id slug } environments { id name version } }
}"""


def _previewed(query: str, field: str) -> str:
    """A dry run with all that it tells."""
    return f"""
query {query} {{
  {field} {{
    environment from version direction upToDate needsApproval needsForce skips
    passes {{ name notes }}
    changes {{ criticality kind path message }}
    problems {{ line column type field code message }}
    losses {{ path rows }} breaks {{ ...Breaking }}
    steps {{ number phase kind subject reason grade locks }}
  }}
}}{breaking.FRAGMENT}"""


def _declared(mutation: str, field: str) -> str:
    """A mutation that declares a version, or asks for it."""
    return f"""
mutation {mutation} {{
  {field} {{ id environments {{ id name version }} requests {{ id environment version state expiresAt }} }}
}}"""


PREVIEW_ROLL: Final = _previewed(
    "PreviewRoll($instance: ID!, $version: String!, $environment: EnvironmentName!)",
    "previewRoll(instance: $instance, version: $version, environment: $environment)",
)

PREVIEW_PROMOTION: Final = _previewed(
    "PreviewPromotion($instance: ID!, $from: EnvironmentName!, $to: EnvironmentName!)",
    "previewPromotion(instance: $instance, from: $from, to: $to)",
)

ROLL_INSTANCE: Final = _declared(
    "RollInstance($instance: ID!, $version: String!, $environment: EnvironmentName!, $force: Boolean)",
    "rollInstance(id: $instance, version: $version, environment: $environment, force: $force)",
)

PROMOTE_INSTANCE: Final = _declared(
    "PromoteInstance($instance: ID!, $from: EnvironmentName!, $to: EnvironmentName!, $force: Boolean)",
    "promoteInstance(id: $instance, from: $from, to: $to, force: $force)",
)

PREVIEW_UNDO: Final = """
query PreviewUndo($environment: ID!, $limit: Int!) {
  previewUndo(environment: $environment, limit: $limit) {
    environment from to version needsApproval token
    changes { criticality kind path message }
    returns { path rows }
    misfits { path what because rows entries { id other value } }
    steps { number phase kind subject reason grade locks }
  }
}"""

UNDO_DEPLOYMENT: Final = """
mutation UndoDeployment($environment: ID!, $token: String, $force: Boolean) {
  undoDeployment(environment: $environment, token: $token, force: $force) {
    environment { id name version } version request { id environment version state expiresAt }
  }
}"""

TRASH: Final = """
query Trash($environment: ID!) {
  trash(environment: $environment) { item path what rows bytes deployment version removedAt keptUntil }
}"""

RESTORE_TRASH: Final = """
mutation RestoreTrash($environment: ID!, $item: ID!) {
  restoreTrash(environment: $environment, item: $item) { item path restored left }
}"""

APPROVE_PROMOTION: Final = _declared("ApprovePromotion($request: ID!)", "approvePromotion(id: $request)")

REFUSE_PROMOTION: Final = """
mutation RefusePromotion($request: ID!, $reason: String) {
  refusePromotion(id: $request, reason: $reason) { id environment version state reason }
}"""

REMOVE_INSTANCE: Final = """
mutation RemoveInstance($instance: ID!) { removeInstance(id: $instance) }"""

ADD_CLIENT: Final = """
mutation AddClient($project: ID!, $input: AddClientInput!) {
  addClient(projectId: $project, input: $input) {
    client { id name email currency timeZone }
    clientKey { secret key { id prefix } }
  }
}"""

REMOVE_CLIENT: Final = """
mutation RemoveClient($client: ID!) { removeClient(id: $client) }"""

# --- keys ---------------------------------------------------------------------------------------------------------

CREATE_KEY: Final = """
mutation CreateKey($input: CreateKeyInput!) {
  createKey(input: $input) { secret key { id name kind prefix expiresAt client { id name } } }
}"""

ROTATE_KEY: Final = """
mutation RotateKey($key: ID!) { rotateKey(id: $key) { secret key { id name kind prefix expiresAt } } }"""

REVOKE_KEY: Final = """
mutation RevokeKey($key: ID!) { revokeKey(id: $key) { id name kind prefix revoked } }"""

# --- money --------------------------------------------------------------------------------------------------------

RATE_PLAN: Final = """
query RatePlan($instance: ID!) { ratePlan(instance: $instance) { id kind price currency client effectiveAt } }"""

RATE_PLANS: Final = """
query RatePlans($instance: ID!) { ratePlans(instance: $instance) { id kind price currency client effectiveAt } }"""

PLATFORM_PLAN: Final = "query PlatformPlan { platformPlan { id kind price currency effectiveAt } }"

SET_PLATFORM_PLAN: Final = """
mutation SetPlatformPlan($plan: PlatformPlanInput!) {
  setPlatformPlan(plan: $plan) { id kind price currency effectiveAt }
}"""

SET_RATE_PLAN: Final = """
mutation SetRatePlan($instance: ID!, $plan: RatePlanInput!) {
  setRatePlan(instance: $instance, plan: $plan) { id kind price currency client effectiveAt }
}"""

USAGE: Final = """
query Usage(
  $project: ID, $instance: ID, $service: ID, $environment: EnvironmentName, $grain: Grain
  $from: DateTime, $to: DateTime
) {
  usage(
    project: $project, instance: $instance, service: $service, environment: $environment, grain: $grain, from: $from,
    to: $to
  ) { environment environmentName instance client grain at class calls bytesIn bytesOut durationMs }
}"""

INVOICE: Final = """
query Invoice($project: ID!, $client: ID, $period: String, $currency: String, $taxRate: String) {
  invoice(project: $project, client: $client, period: $period, currency: $currency, taxRate: $taxRate) {
    id status number issuerName clientName currency timeZone period from to subtotal taxRate tax total calls cutoff
    issued due documentSha256 lines { number code instance serviceName plan quantity of unitPrice exact amount }
  }
}"""

INVOICES: Final = """
query Invoices($project: ID!, $period: String) {
  invoices(project: $project, period: $period) {
    id status number issuerName client clientName currency period subtotal tax total calls issued due
  }
}"""

FINALISE_INVOICE: Final = """
mutation FinaliseInvoice($project: ID!, $client: ID, $period: String!, $currency: String, $taxRate: String) {
  finaliseInvoice(project: $project, client: $client, period: $period, currency: $currency, taxRate: $taxRate) {
    id status number issuerName clientName currency timeZone period from to subtotal taxRate tax total calls cutoff
    issued due documentSha256 lines { number code instance serviceName plan quantity of unitPrice exact amount }
  }
}"""

INVOICE_FILE: Final = """
query InvoiceFile(
  $project: ID!, $client: ID, $period: String, $currency: String, $taxRate: String, $format: InvoiceFormat
) {
  invoiceFile(
    project: $project, client: $client, period: $period, currency: $currency, taxRate: $taxRate, format: $format
  ) { name mediaType content }
}"""

PAYOUT: Final = """
query Payout($organisation: ID!, $month: String) {
  payout(organisation: $organisation, month: $month) {
    organisation month currency gross share net invoices { number issuerName issued period gross share net }
  }
}"""

# --- history ------------------------------------------------------------------------------------------------------

AUDIT_ENTRIES: Final = """
query AuditEntries($filter: AuditFilter, $first: Int, $after: Cursor) {
  auditEntries(filter: $filter, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { node { id index type subject outcome time organisation actor { type id username } changes } }
  }
}"""

LOGS: Final = """
query Logs($environment: ID, $project: ID, $service: ID, $filter: LogFilter,
    $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  logs(environment: $environment, project: $project, service: $service, filter: $filter,
      first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { node {
      id time environment environmentName service serviceName class code version operation hash
      durationUs bytesIn bytesOut times credential keyPrefix client clientName
      what message deployment actor { type id username }
    } }
  }
}"""

AUDIT_PROOF: Final = "query AuditProof($entry: ID!) { auditProof(id: $entry) { index size bundle } }"

# --- organisations, invitations, webhooks -------------------------------------------------------------------------

ORGANISATIONS: Final = "query Organisations { organisations { id name slug myRole createdAt } }"

ORGANISATION: Final = """
query Organisation($organisation: ID!) {
  organisation(id: $organisation) {
    id name slug myRole members { role since user { id username email displayName } }
  }
}"""

CREATE_ORGANISATION: Final = """
mutation CreateOrganisation($name: String!, $slug: String) {
  createOrganisation(name: $name, slug: $slug) { id name slug myRole }
}"""

BILLING_DETAILS: Final = """
query BillingDetails($organisation: ID!) {
  billingDetails(organisation: $organisation) {
    legalName street postalCode city country taxId email currency timeZone updatedAt
  }
}"""

SET_BILLING_DETAILS: Final = """
mutation SetBillingDetails($organisation: ID!, $input: BillingDetailsInput!) {
  setBillingDetails(organisation: $organisation, input: $input) {
    legalName street postalCode city country taxId email currency timeZone updatedAt
  }
}"""

UPDATE_MEMBER_ROLE: Final = """
mutation UpdateMemberRole($organisation: ID!, $user: ID!, $role: OrganisationRole!) {
  updateMemberRole(organisation: $organisation, userID: $user, role: $role) { role user { id username } }
}"""

REMOVE_MEMBER: Final = """
mutation RemoveMember($organisation: ID!, $user: ID!) { removeMember(organisation: $organisation, userID: $user) }"""

INVITATIONS: Final = """
query Invitations($organisation: ID, $project: ID) {
  invitations(organisation: $organisation, project: $project) {
    id kind email status role createdAt sentAt expiresAt client { id name } invitedBy { username }
  }
}"""

INVITE_MEMBER: Final = """
mutation InviteMember($organisation: ID!, $email: String!, $role: OrganisationRole!) {
  inviteMember(organisation: $organisation, email: $email, role: $role) { id kind email status role expiresAt }
}"""

INVITE_CLIENT: Final = """
mutation InviteClient($project: ID!, $input: InviteClientInput!) {
  inviteClient(projectId: $project, input: $input) { id kind email status expiresAt client { id name } }
}"""

RESEND_INVITATION: Final = """
mutation ResendInvitation($invitation: ID!) {
  resendInvitation(id: $invitation) { id kind email status expiresAt }
}"""

WITHDRAW_INVITATION: Final = """
mutation WithdrawInvitation($invitation: ID!) { withdrawInvitation(id: $invitation) { id kind email status } }"""

ACCEPT_INVITATION: Final = """
mutation AcceptInvitation($token: String!, $input: AcceptInvitationInput) {
  acceptInvitation(token: $token, input: $input) {
    kind organisationName projectName user { id username email } clientKey { secret key { id prefix } }
  }
}"""

WEBHOOKS: Final = """
query Webhooks($organisation: ID, $project: ID) {
  webhooks(organisation: $organisation, project: $project) {
    id url types description disabled position failingSince nextAttemptAt
  }
}"""

WEBHOOK: Final = """
query Webhook($webhook: ID!, $first: Int) {
  webhook(id: $webhook) {
    id url types description disabled position failingSince nextAttemptAt
    attempts(first: $first) { at event type position attempt status error tookMs }
  }
}"""

ADD_WEBHOOK: Final = """
mutation AddWebhook($input: AddWebhookInput!) {
  addWebhook(input: $input) { secret webhook { id url types description position } }
}"""

UPDATE_WEBHOOK: Final = """
mutation UpdateWebhook($webhook: ID!, $input: UpdateWebhookInput!) {
  updateWebhook(id: $webhook, input: $input) { id url types description disabled position }
}"""

ROTATE_WEBHOOK: Final = """
mutation RotateWebhook($webhook: ID!) { rotateWebhookSecret(id: $webhook) { secret webhook { id url } } }"""

REPLAY_WEBHOOK: Final = """
mutation ReplayWebhook($webhook: ID!, $after: Int!) {
  replayWebhook(id: $webhook, after: $after) { id url position disabled }
}"""

ENABLE_WEBHOOK: Final = """
mutation EnableWebhook($webhook: ID!) { enableWebhook(id: $webhook) { id url disabled position } }"""

DISABLE_WEBHOOK: Final = """
mutation DisableWebhook($webhook: ID!) { disableWebhook(id: $webhook) { id url disabled position } }"""

REMOVE_WEBHOOK: Final = "mutation RemoveWebhook($webhook: ID!) { removeWebhook(id: $webhook) }"
