"""Which files a pattern names: a walk that comes to an end, whatever somebody has put into the folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

MOST_VISITED = 20_000
"""Names in folders, for all patterns of a sheet."""
WILD = frozenset("*?[")


class TooManyFiles(Exception):
    """More than MOST_VISITED."""


@dataclass(slots=True)
class Walk:
    """The folders that the patterns of one sheet go through."""

    visited: int = 0

    def matches(self, folder: Path, pattern: str) -> Iterator[Path]:
        """The files below `folder` that `pattern` names, sorted. A wildcard goes through no link to a folder.

        Raises TooManyFiles, and OSError where a folder cannot be read.
        """
        first, _, rest = pattern.strip("/").partition("/")
        if not WILD & set(first):
            found = [folder / first]
        else:
            found = [folder / name for name in self._names(folder, bool(rest)) if fnmatchcase(name, first)]
        for path in found:
            if not rest:
                yield path
            elif path.is_dir():
                yield from self.matches(path, rest)

    def _names(self, folder: Path, only_folders: bool) -> list[str]:
        names: list[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                self.visited += 1
                if self.visited > MOST_VISITED:
                    raise TooManyFiles
                if not only_folders or entry.is_dir(follow_symlinks=False):
                    names.append(entry.name)
        return sorted(names)


def leads_out(path: Path, folders: Iterable[Path]) -> bool:
    """Whether `path`, links followed, lies in none of `folders`, nor where derivgen was started."""
    real = Path(os.path.realpath(path))
    return not any(real.is_relative_to(os.path.realpath(one)) for one in (*folders, Path.cwd()))
