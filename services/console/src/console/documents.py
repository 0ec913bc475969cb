"""Every document that the command line sends to the control API."""

from __future__ import annotations

from typing import Final

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
    id slug name problem domain tags privateVersion publishedVersion rank organisation { slug }
  }
}"""

SERVICE: Final = """
query Service($service: ID!) {
  service(id: $service) {
    id slug name problem solution domain tags privateVersion publishedVersion
    organisation { id slug }
    environments { id name version access }
    keys { id name kind prefix revoked }
    versions { name notes createdAt changes { criticality kind path message } }
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

PREVIEW_PUSH: Final = """
query PreviewPush($service: ID!, $schema: String!, $version: String) {
  previewPush(service: $service, schema: $schema, version: $version) {
    version upToDate needsForce
    problems { line column type field code message }
    changes { criticality kind path message }
    messages { type action name description subDescriptions { type action name description } }
    losses { path rows }
    steps { number phase kind subject reason grade locks }
  }
}"""

PUSH_SERVICE: Final = """
mutation PushService($input: PushServiceInput!) {
  pushService(input: $input) { name notes changes { criticality kind path message } }
}"""

PROMOTE_SERVICE: Final = """
mutation PromoteService($service: ID!, $force: Boolean) { promoteService(id: $service, force: $force) { name } }"""

# --- what runs ----------------------------------------------------------------------------------------------------

ENVIRONMENTS: Final = """
query Environments($service: ID, $instance: ID) {
  environments(service: $service, instance: $instance) {
    id name state reason version declaredVersion endpoint
    deployments { id version status reason plan { number kind subject grade } }
  }
}"""

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
    id name slug description myRole restricted
    organisation { id slug }
    instances { id service { id slug name publishedVersion } environments { id name version access } }
    clients { id name email currency timeZone }
    keys { id name kind prefix revoked client { id name } }
  }
}"""

CREATE_PROJECT: Final = """
mutation CreateProject($input: CreateProjectInput!) {
  createProject(input: $input) { id name slug description }
}"""

ADD_SERVICE: Final = """
mutation AddService($project: ID!, $service: ID!) {
  addService(projectId: $project, serviceId: $service) { id service { id slug } environments { id name version } }
}"""

PROMOTE_INSTANCE: Final = """
mutation PromoteInstance($instance: ID!, $from: EnvironmentName!, $to: EnvironmentName!, $force: Boolean) {
  promoteInstance(id: $instance, from: $from, to: $to, force: $force) { id environments { id name version } }
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
query Invoice($project: ID!, $client: ID, $period: String) {
  invoice(project: $project, client: $client, period: $period) {
    id status clientName currency timeZone period from to subtotal calls cutoff
    lines { number code instance serviceName plan quantity unitPrice exact amount }
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

AUDIT_PROOF: Final = "query AuditProof($entry: ID!) { auditProof(id: $entry) { index size bundle } }"
