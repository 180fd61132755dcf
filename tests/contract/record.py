"""Record the corpus: our own generated messages with the verdicts of Elexon's files.

``python -m tests.contract.record [COUNT]`` where the files are at hand (``DIP_SPEC_DIR``).
"""

from __future__ import annotations

import gzip
import sys
from dataclasses import asdict

import orjson

from .elexon import spec_directory
from .judged import CORPUS, VERSIONS, Corpus, Files


def main(count: int) -> None:
    CORPUS.mkdir(exist_ok=True)
    for version in VERSIONS:
        directory = spec_directory(version)
        assert directory is not None, f"no published files of {version}: set DIP_SPEC_DIR"
        lines = [orjson.dumps(asdict(one)) for one in Files(version, directory, count).judged()]
        path = Corpus(version).path
        path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n", mtime=0))
        print(f"{path}: {len(lines)} messages, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 900)
