"""The commands, one module for each group: parse, ask the API, print."""
