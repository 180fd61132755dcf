from __future__ import annotations

import inspect

from backbone import errors


def _raised() -> dict[str, type[object]]:
    return {n: c for n, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__}


def test_everything_derives_from_one_root() -> None:
    assert all(issubclass(error, errors.BackboneError) for error in _raised().values())


def test_the_tree_in_the_docstring_names_them_all() -> None:
    assert errors.__doc__ is not None
    named = {word for word in errors.__doc__.split() if word in _raised()}
    assert named == set(_raised())
