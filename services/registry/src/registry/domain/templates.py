"""The schema a new service begins with: version 0.0.1 (C 1.4.1)."""

from __future__ import annotations

from typing import Final

HELLO: Final = """"Somebody who says hello. Replace this with your own types, then push."
type Greeting @model {
  id: ID! @isUnique
  createdAt: DateTime!
  updatedAt: DateTime!
  "Who is greeted."
  name: String! @isUnique
  message: String! @defaultValue(value: "Hello")
  mood: Mood @defaultValue(value: "CHEERFUL")
}

enum Mood {
  CHEERFUL
  CALM
}
"""
