"""The files that a scenario is made of: its own, and the bases and step templates that it names.

Both are found by name: in the folders ``bases`` and ``steps`` beside the file that names them or beside its
theme folder, else among those that come with the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import yaml

from services.qualification.problems import Problem
from services.qualification.step_templates import template_problems
from services.qualification.yaml_lines import Located, read_yaml

Kind = Literal["bases", "steps"]
KINDS: tuple[Kind, ...] = ("bases", "steps")
WORDS: dict[Kind, str] = {"bases": "base", "steps": "step template"}


class Sources:
    """Reads every file once, and remembers which bases and step templates were named."""

    def __init__(self, shipped: Path) -> None:
        self._shipped = shipped
        self._read: dict[Path, Located] = {}
        self._listed: dict[Path, dict[str, Path]] = {}
        self._templates: dict[Path, list[Problem]] = {}
        self._named: set[Path] = set()

    def read(self, path: Path) -> Located:
        """The document of a file; one that cannot be read has no data and one problem."""
        if path not in self._read:
            self._read[path] = _read(path)
        return self._read[path]

    def template(self, path: Path) -> tuple[Located, list[Problem]]:
        """A step template, and what is wrong with it."""
        if path not in self._templates:
            self._templates[path] = list(template_problems(self.read(path)))
        return self.read(path), self._templates[path]

    def find(self, kind: Kind, name: str, asker: Path) -> Path | None:
        """The file of the base or step template that ``asker`` calls ``name``."""
        folders = map(self._files, self._folders(kind, asker))
        found = next((files[name] for files in folders if name in files), None)
        if found:
            self._named.add(found)
        return found

    def unknown(self, kind: Kind, name: object, asker: Path) -> str:
        """What to tell somebody who called something that is not there by this name."""
        known = sorted({name for folder in self._folders(kind, asker) for name in self._files(folder)})
        near = get_close_matches(str(name), known)
        advice = f"Is {' or '.join(near)} meant?" if near else f"There are: {', '.join(known) or 'none'}."
        return f"There is no {WORDS[kind]} {name}. {advice}"

    def unused(self, folder: Path) -> Iterator[tuple[Kind, Path]]:
        """The bases and step templates of a folder of scenarios that nothing has named so far."""
        for kind in KINDS:
            for path in self._files(folder.absolute() / kind).values():
                if path not in self._named:
                    yield kind, path

    def _files(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listed:
            self._listed[folder] = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        return self._listed[folder]

    def _folders(self, kind: Kind, asker: Path) -> tuple[Path, ...]:
        own = asker.absolute().parent
        return own / kind, own.parent / kind, self._shipped / kind


@contextmanager
def shipped_sources() -> Iterator[tuple[Path, Sources]]:
    """The folder of the scenarios that come with the product, and a reader that knows it."""
    with as_file(files("scenarios")) as folder:
        yield folder, Sources(folder)


def shown(path: Path) -> str:
    """A path as a reader expects it: from the working directory, where it lies below that."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _read(path: Path) -> Located:
    try:
        return read_yaml(path.read_text("utf-8"), shown(path))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        text = getattr(error, "problem", None) or getattr(error, "strerror", None) or str(error)
        line = mark.line + 1 if mark else 1
        problem = Problem(shown(path), line, "", f"The file cannot be read: {text}.")
        return Located(None, {"": (shown(path), line)}, [problem])
