"""Problem and sheet files of strangers: what each does to `yaml.load`, and that it is refused here with its place."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from derivgen.build.sheets import find_sheets, load
from derivgen.errors import ProblemError
from derivgen.problem import patterns

PART = "parts:\n  - text: a\n"
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(16))
MERGED = "a: &a {title: T}\nparts: [{text: a}]\n<<: *a\n"
CALLED = '!!python/object/apply:subprocess.getoutput ["echo owned"]'


def _raises(kind: type[Exception]) -> Callable[[str], bool]:
    def proof(content: str) -> bool:
        try:
            yaml.safe_load(content)
        except kind as error:
            return not isinstance(error, yaml.YAMLError)
        return False

    return proof


# name, file, what YAML makes of it without defence, the message here, the line
ATTACKS: list[tuple[str, str, Callable[[str], bool] | None, str, int]] = [
    ("aliases that multiply", LAUGHS + PART, lambda c: len(str(yaml.safe_load(c))) > 10**6, "anchors (&name)", 1),
    ("a circle", "title: &a [*a]\n" + PART, lambda c: _is_circle(yaml.safe_load(c)["title"]), "aliases (*name)", 1),
    ("merging", MERGED, lambda c: yaml.safe_load(c)["title"] == "T", "aliases (*name)", 3),
    (
        "running a program",
        f"title: {CALLED}\n" + PART,
        lambda c: "owned" in yaml.unsafe_load(c)["title"],
        "tags (!name)",
        1,
    ),
    (
        "running it by a tag of its own",
        f"%TAG ! tag:yaml.org,2002:python/\n---\ntitle: {CALLED.replace('!!python/', '!')}\n" + PART,
        lambda c: "owned" in yaml.unsafe_load(c)["title"],
        "tags (!name)",
        3,
    ),
    (
        "a function",
        "title: !!python/name:os.system\n" + PART,
        lambda c: yaml.unsafe_load(c)["title"] is os.system,
        "tags",
        1,
    ),
    ("bytes", "title: !!binary aGk=\n" + PART, lambda c: yaml.safe_load(c)["title"] == b"hi", "tags (!name)", 1),
    ("a set", "title: !!set {a, b}\n" + PART, lambda c: yaml.safe_load(c)["title"] == {"a", "b"}, "tags (!name)", 1),
    (
        "a key twice",
        "title: T\ntitle: U\n" + PART,
        lambda c: yaml.safe_load(c)["title"] == "U",
        "`title` stands twice",
        2,
    ),
    (
        "a large number",
        f"title: T\npoints: {'9' * 10_000}\n" + PART,
        _raises(ValueError),
        "there is no field `points`",
        2,
    ),
    ("a wrong date", "title: T\ndates: 2001-99-99\n" + PART, _raises(ValueError), "there is no field `dates`", 2),
    ("deep lists", "title: " + "[" * 5_000, None, "nested too deep, at most 20", 1),
    ("deep fields", "title: " + "{a: " * 5_000, None, "nested too deep, at most 20", 1),
    ("deep items", "title:\n" + "- " * 5_000, None, "nested too deep, at most 20", 2),
    ("many keys", "".join(f"k{n}: 1\n" for n in range(90_000)), None, "at most 2000 fields or items", 2001),
    ("many items", "title: [" + "a, " * 300_000 + "]\n", None, "at most 2000 fields or items", 1),
    ("many lists", "title: T\nparts:\n" + ("- [" + "a, " * 1_900 + "]\n") * 40, None, "too many fields", 13),
    ("a long text", f"title: {'x' * 900_000}\n" + PART, None, "this text is too long, at most 20000", 1),
    ("a long key", "x" * 900_000 + ": a\n", None, "this is not YAML", 1),
    ("several documents", f"title: T\n{PART}---\ntitle: U\n{PART}", None, "more than one document", 4),
    ("an open quote", "title: 'T\n" + "x\n" * 400_000, None, "this is not YAML", 400_002),
    ("a zero byte", "title: T\0\n" + PART, None, "the character U+0000", 1),
    (
        "backwards",
        "title: T\u202eT\n" + PART,
        lambda c: "\u202e" in yaml.safe_load(c)["title"],
        "the character U+202E",
        1,
    ),
    ("a list as a key", "title: T\n? [a]\n: b\n" + PART, None, "the name of a field is a word", 2),
]


def _is_circle(value: list[object]) -> bool:
    return value[0] is value


def _written(folder: Path, content: str | bytes, name: str = "problem.yaml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


PROVED = [(row[0], row[1], row[2]) for row in ATTACKS if row[2] is not None]


@pytest.mark.parametrize(("content", "proof"), [row[1:] for row in PROVED], ids=[row[0] for row in PROVED])
def test_without_defence(content: str, proof: Callable[[str], bool]) -> None:
    assert proof(content)


@pytest.mark.parametrize(
    ("content", "message", "line"), [(row[1], *row[3:]) for row in ATTACKS], ids=[row[0] for row in ATTACKS]
)
def test_it_is_refused_with_its_place(tmp_path: Path, content: str, message: str, line: int) -> None:
    began = time.process_time()
    with pytest.raises(ProblemError) as raised:
        load(_written(tmp_path, content))
    assert time.process_time() - began < 2
    found = [one for one in raised.value.complaints if message in one.message]
    assert found and found[0].place is not None and found[0].place.line == line, str(raised.value)[:1000]
    assert len(str(raised.value)) < 20_000


# a text, and what YAML makes of it by itself
TYPES: list[tuple[str, object]] = [
    ("no", False),
    ("on", True),
    ("010", 8),
    ("12:30:45", 45045),
    ("1_000", 1000),
    ("2001-01-01", date(2001, 1, 1)),
    ("~", None),
    ("0x1F", 31),
    (".inf", float("inf")),
]


@pytest.mark.parametrize(("written", "made"), TYPES, ids=[row[0] for row in TYPES])
def test_a_text_stays_a_text(tmp_path: Path, written: str, made: object) -> None:
    content = f"title: {written}\n{PART}"
    assert yaml.safe_load(content)["title"] == made
    assert load(_written(tmp_path, content))[1][0].title == written


BYTES: list[tuple[str, bytes, str]] = [
    ("UTF-16", ("title: T\n" + PART).encode("utf-16"), "line 1 is not UTF-8"),
    ("Latin-1", ("title: Té\n" + PART).encode("latin-1"), "line 1 is not UTF-8"),
    ("half a character", b"title: T\nsource: \xed\xa0\x80\n", "line 2 is not UTF-8"),
    ("an overlong slash", b"title: \xc0\xaf\n", "line 1 is not UTF-8"),
    ("two megabytes", b"title: " + b"x" * 2_000_000, "the file is too large"),
]


@pytest.mark.parametrize(("content", "message"), [row[1:] for row in BYTES], ids=[row[0] for row in BYTES])
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        load(_written(tmp_path, content))


def test_what_is_no_ordinary_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    # the name of a socket may have some hundred characters, a path of pytest has more
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket.yaml")
    finally:
        os.chdir(before)
    for name in ("fifo.yaml", "zero.yaml", "socket.yaml", "loop.yaml", "folder.yaml"):
        began = time.perf_counter()
        with pytest.raises(ProblemError, match="no ordinary file|not an ordinary file|no such file|is a folder"):
            load(tmp_path / name)
        assert time.perf_counter() - began < 1
    assert find_sheets((tmp_path,)) == ()
    with pytest.raises(ProblemError, match="neither a file nor a folder"):
        find_sheets((Path("/dev/zero"),))


def test_links_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "course"
    folder.mkdir()
    _written(tmp_path, "password: 1234\n", "secret.yaml")
    (folder / "problem.yaml").symlink_to(tmp_path / "secret.yaml")
    assert [one.read_text() for one in folder.rglob("*.yaml")] == ["password: 1234\n"]
    with pytest.raises(ProblemError, match="this link leads out of") as raised:
        find_sheets((folder,))
    assert "1234" not in str(raised.value)


# what `problems` names, and the message
SHEETS = [
    ("../secret.yaml", "secret.yaml lies outside the folder of the sheet"),
    ("../*.yaml", "secret.yaml lies outside the folder of the sheet"),
    ("link.yaml", "link.yaml lies outside the folder of the sheet"),
    ("links/*.yaml", "secret.yaml lies outside the folder of the sheet"),
    ("/etc/passwd", "a problem is named by its path from this file"),
    ("/etc/*", "a problem is named by its path from this file"),
    ("'**/*.yaml'", r"`\*\*` is not supported"),
    ("'*/*/*/*/*/*/*/*/*/*/*/*.yaml'", "no problem file matches"),
    ("'many/*/*.yaml'", "goes through too many files, at most 500"),
    ("'[.yaml'", "no problem file matches"),
    ("'*\\0.yaml'", "no problem file matches"),
    ("sheet.yaml", "this is a sheet, not a problem"),
    ("fifo.yaml", "fifo.yaml is not there"),
]


@pytest.mark.parametrize(("named", "message"), SHEETS, ids=[row[0] for row in SHEETS])
def test_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, message: str) -> None:
    folder = tmp_path / "course"
    (folder / "many").mkdir(parents=True)
    _written(tmp_path, "password: 1234\n", "secret.yaml")
    os.mkfifo(folder / "fifo.yaml")
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "links").symlink_to(tmp_path)
    # ten names for the folder in itself: 10 ** 11 ways through eleven folders
    for number in range(10):
        (folder / f"self{number}").symlink_to(folder)
    for number in range(1_000 if "many" in named else 0):
        (folder / "many" / str(number)).touch()
    monkeypatch.setattr(patterns, "MOST_VISITED", 500)
    monkeypatch.setattr("derivgen.problem.sheets.MOST_VISITED", 500)
    sheet = _written(folder, f"title: T\nproblems: [{named}]\n", "sheet.yaml")
    began = time.perf_counter()
    with pytest.raises(ProblemError, match=message) as raised:
        load(sheet)
    assert time.perf_counter() - began < 2
    assert "1234" not in str(raised.value)


def test_a_sheet_may_name_what_is_below_where_derivgen_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sheets", "problems"):
        (tmp_path / name).mkdir()
    problem = _written(tmp_path / "problems", f"title: T\n{PART}")
    sheet = _written(tmp_path / "sheets", "title: T\nproblems: ['../problems/*.yaml']\n", "sheet.yaml")
    with pytest.raises(ProblemError, match="lies outside"):
        load(sheet)
    monkeypatch.chdir(tmp_path)
    assert load(sheet)[0].problems[0].resolve() == problem
