"""What audit decides, without touching anything.

In order of flow: `leaves` (a stored message to the bytes that are hashed), `tiles` (leaf hashes to complete tiles and
roots), `heads` (when to sign, and what), `proofs` (bundles for the offline verifier), `check` (everything derived
again, first difference named), `search` (filters and cursors).
"""
