"""The plan that the tests of the observatory share."""

import pytest

from glitch_explorer.observatory.plan import Plan, make_plan
from tests.fixtures.observatory import FULL


@pytest.fixture(scope="session")
def plan() -> Plan:
    """Return the plan of the default run; copy it, do not change it."""
    return make_plan(**FULL)
