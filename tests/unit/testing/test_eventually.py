from __future__ import annotations

import pytest

from covey.testing.eventually import eventually


async def test_the_first_true_answer_is_returned() -> None:
    answers = iter([0, None, "", 7, 8])
    assert await eventually(lambda: next(answers)) == 7


async def test_an_assertion_that_holds_later_is_waited_for() -> None:
    seen = 0

    async def check() -> bool:
        nonlocal seen
        seen += 1
        assert seen == 3
        return True

    assert await eventually(check)


async def test_what_never_comes_fails_with_the_last_answer() -> None:
    with pytest.raises(AssertionError, match="still 0 after"):
        await eventually(lambda: 0, timeout_s=0.01)


async def test_the_last_failed_assertion_is_the_one_raised() -> None:
    def check() -> bool:
        raise AssertionError("three are missing")

    with pytest.raises(AssertionError, match="three are missing"):
        await eventually(check, timeout_s=0.01)


async def test_another_error_is_not_waited_out() -> None:
    def check() -> bool:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await eventually(check)
