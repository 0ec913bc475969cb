"""What anybody can check alone: canonical JSON, the Merkle tree, signed heads and the arithmetic of a bill.

Standard library only and pure, so that a client verifies his bill and his history on a machine without the suite.
In order of flow: `canonical` (one value, one text), `merkle` (many leaves, one root), `ed25519` and `notes` (who said
so), `verify` (a bundle or an export, judged offline), `rating` (quantities and prices to amounts).
"""
