"""Importable helpers of the tests; fixtures are in conftest."""
