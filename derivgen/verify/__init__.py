"""Is each step true? Values of expressions at points, by code that shares nothing with the rules."""
