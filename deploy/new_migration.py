"""Write the migration that takes the tables to what the code declares now.

    .venv/bin/python deploy/new_migration.py "Runs remember who started them"

Read what it wrote before you commit it: a renamed column looks like one dropped and one added.
"""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from alembic import command
from alembic.script import ScriptDirectory

from backbone import migrations
from backbone.database import Database
from tests.all_tables import import_all_tables


def next_number() -> str:
    return f"{len(list(ScriptDirectory.from_config(migrations.config()).walk_revisions())) + 1:04d}"


def split_by_room(source: str) -> str:
    """One function per group of tables (``journal_…``, ``gateway_…``) instead of one long one."""
    tree = ast.parse(source)
    place = next(i for i, node in enumerate(tree.body) if getattr(node, "name", "") == "upgrade")
    upgrade = tree.body[place]
    assert isinstance(upgrade, ast.FunctionDef)
    groups: dict[str, list[ast.stmt]] = {}
    for statement in upgrade.body:
        table = next((n.value for n in ast.walk(statement) if _is_name(n)), "rest")
        groups.setdefault(f"_{table.partition('_')[0]}", []).append(statement)
    upgrade.body = list(ast.parse("\n".join(f"{name}()" for name in groups)).body)
    for name, body in reversed(groups.items()):
        function = ast.parse(f"def {name}() -> None: pass").body[0]
        assert isinstance(function, ast.FunctionDef)
        function.body = body
        tree.body.insert(place + 1, function)
    return ast.unparse(tree)


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value


async def generate(message: str) -> Path:
    """What Alembic makes of the difference between the last migration and the code."""
    with tempfile.TemporaryDirectory() as directory:
        database = await Database.open(f"sqlite+aiosqlite:///{directory}/empty.sqlite3")
        number = next_number()
        if number != "0001":
            await migrations.upgrade(database)
        async with database.begin() as connection:
            script = await connection.run_sync(
                lambda c: command.revision(
                    migrations.config(c), message, autogenerate=True, rev_id=f"v{number}"
                )
            )
        await database.close()
    return Path(script.path)


def main(message: str) -> None:
    import_all_tables()
    path = asyncio.run(generate(message))
    path.write_text(split_by_room(path.read_text()))
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "format", "-q", path], check=True)
    subprocess.run([*ruff, "check", "--fix", "-q", path], check=True)
    print(path.relative_to(Path.cwd()))


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or sys.exit(__doc__))
