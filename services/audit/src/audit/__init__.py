"""audit remembers: a byte copy of every fact, the tree over them, signed heads, proofs and search."""
