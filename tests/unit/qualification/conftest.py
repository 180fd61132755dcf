import pytest

from tests.unit.qualification.given import Story, binding


@pytest.fixture
def story() -> Story:
    """Nothing happened yet; the incoming supplier is the participant."""
    return Story(binding())
