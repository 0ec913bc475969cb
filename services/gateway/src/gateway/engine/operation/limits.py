"""How large one operation may be. Each limit is checked before the work it would cause."""

from __future__ import annotations

from typing import Final

TEXT_CHARACTERS_MAX: Final = 1_000_000
TOKENS_MAX: Final = 20_000
"""200 creates of 20 arguments with literals fit, 10 000 aliases do not."""
DEPTH_MAX: Final = 20
ROOTS_MAX: Final = 250
FIELDS_MAX: Final = 5_000
"""Fields of the operation after fragments are flattened."""
ERRORS_MAX: Final = 20
"""Validation stops after so many problems."""
INPUT_DEPTH_MAX: Final = 20
INPUT_OBJECTS_MAX: Final = 2_000
"""Objects in all variables together: each is a condition or a node in the statement."""
