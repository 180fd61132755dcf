from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from participant.authority import CertificateAuthority
from participant.identity import Identity
from tests.integration.qualification.bench import HOST, Bench, open_bench

OpenBench = Callable[[], AbstractAsyncContextManager[Bench]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.open(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def dip(authority: CertificateAuthority) -> Identity:
    certificate, key = authority.issue("1000000000")
    return Identity("1000000000", "DIP", "DIPX", "key of the DIP", HOST, certificate, key)


@pytest.fixture
def opened(tmp_path: Path, dip: Identity, authority: CertificateAuthority) -> OpenBench:
    """Opens the bench on this test's folder; a second time: a restart."""
    return lambda: open_bench(tmp_path, dip, authority)


@pytest.fixture
async def bench(opened: OpenBench) -> AsyncIterator[Bench]:
    async with opened() as bench:
        yield bench
