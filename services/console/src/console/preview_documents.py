"""What is asked of the control API about previews."""

from __future__ import annotations

from typing import Final

_PREVIEW = "id name source createdAt expiresAt masks { type field rule value } environment { id version access }"

CREATE_PREVIEW: Final = f"""
mutation CreatePreview($input: CreatePreviewInput!) {{ createPreview(input: $input) {{ {_PREVIEW} }} }}"""

PREVIEWS: Final = f"""
query Previews($project: String!) {{
  project(slug: $project) {{ instances {{ id service {{ slug }} previews {{ {_PREVIEW} }} }} }}
}}"""

EXTEND_PREVIEW: Final = f"""
mutation ExtendPreview($preview: ID!, $minutes: Int) {{
  extendPreview(id: $preview, leaseMinutes: $minutes) {{ {_PREVIEW} }}
}}"""

DELETE_PREVIEW: Final = """
mutation DeletePreview($preview: ID!) { deletePreview(id: $preview) }"""

ENVIRONMENT: Final = """
query Environment($environment: ID!) {
  environment(id: $environment) { id name state reason version endpoint }
}"""
