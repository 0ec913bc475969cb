"""Data in and out, done: `desk` (turns, connections, facts), `exports`, `imports` and `drops`."""
