"""Expressions: nodes of index and matrix notation, their shapes, walking through them, plain text."""
