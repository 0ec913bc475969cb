"""What audit decides, without touching anything.

In order of flow: `leaves` (a stored message to the bytes that are hashed), `tiles` (leaf hashes to complete tiles and
roots), `heads` (when to sign, and what), `proofs` (bundles for the offline verifier), `check` (everything derived
again, first difference named), `search` (filters and cursors). Of the log: `lines` (calls and facts to lines) and
`looking` (which lines fit, in which words).
"""
