"""derivgen: worked derivation sheets from problem files, every step named, every step checked."""

__version__ = "0.1.0"
