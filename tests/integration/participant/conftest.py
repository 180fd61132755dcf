import pytest

from tests.integration.participant.rig import Identities, mint


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return mint(tmp_path_factory.mktemp("identities"))
