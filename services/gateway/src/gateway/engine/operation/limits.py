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
ARGUMENT_VALUES_MAX: Final = 10_000
"""Values in all arguments of an operation together, counted wherever a variable is used: each is a piece of SQL."""
INPUT_DEPTH_MAX: Final = 20
INPUT_VALUES_MAX: Final = 10_000
"""Objects and members in all variables together; items of lists of scalars do not count."""
