"""Documents that are sent to the control API only to look at a declaration, or to make it so."""

from __future__ import annotations

from typing import Final

PROJECT: Final = """
query DeclaredProject($project: String!, $organisation: ID) {
  project(slug: $project, organisation: $organisation) {
    id slug name description restricted approvals
    environmentNames { dev stage prod }
    instances {
      id
      service { slug organisation { slug } }
      environments { id name version access }
      requests { environment version state }
    }
    clients { id name email currency timeZone }
    keys { id name kind revoked expiresAt client { id } }
  }
}"""

CAPS: Final = """
query DeclaredCaps($dev: ID!, $stage: ID!, $prod: ID!) {
  dev: environmentLimits(environment: $dev) { caps { callsPerSecond callsPerDay databaseMegabytes } }
  stage: environmentLimits(environment: $stage) { caps { callsPerSecond callsPerDay databaseMegabytes } }
  prod: environmentLimits(environment: $prod) { caps { callsPerSecond callsPerDay databaseMegabytes } }
}"""

PEOPLE: Final = """
query DeclaredPeople($project: ID!, $offset: Int!) {
  user2projects(project: $project, pagination: { limit: 500, offset: $offset }) { id role user { id username } }
}"""

AROUND: Final = """
query DeclaredAround($project: ID!) {
  invitations(project: $project) { id email status client { id } user { id } }
  webhooks(project: $project) { id url types description disabled }
}"""

SERVICES: Final = """
query OfferedServices($slug: String!) {
  services(filters: [{ field: "slug", value: $slug }], pagination: { limit: 500, offset: 0 }) {
    id slug publishedVersion retired organisation { slug } versions { name publishedAt }
  }
}"""

USERS: Final = """
query NamedUsers($name: String!) {
  users(filters: [{ field: "username", value: $name, op: EQ }]) { id username }
}"""

PLACES: Final = """
query PlacesOfInstance($instance: ID!) { instance(id: $instance) { environments { id name } } }"""

SET_ACCESS: Final = """
mutation SetAccess($environment: ID!, $mode: AccessMode!) {
  setAccess(environment: $environment, mode: $mode) { id name access }
}"""

ADD_PERSON: Final = """
mutation AddPerson($project: ID!, $user: ID!, $role: Role!) {
  addUserToProject(projectID: $project, userID: $user, role: $role) { id role }
}"""

CHANGE_PERSON: Final = """
mutation ChangePerson($grant: ID!, $role: Role!) { updateUserProjectRole(id: $grant, role: $role) { id role } }"""

REMOVE_PERSON: Final = """
mutation RemovePerson($grant: ID!) { removeUserFromProject(id: $grant) }"""
