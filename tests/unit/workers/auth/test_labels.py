from __future__ import annotations

import pytest

from covey.errors import InvalidRequest
from covey.workers.auth.labels import check_label


@pytest.mark.parametrize(
    ("text", "label"), [("", ""), ("  Firefox ", "Firefox"), ("Zoë's 📱", "Zoë's 📱"), ("x" * 100,) * 2]
)
def test_a_label_is_taken_without_the_space_around_it(text: str, label: str) -> None:
    assert check_label(text, param="label") == label


@pytest.mark.parametrize("text", ["x" * 101, "a\tb", "a\0", "\u202eevil", "\ud800", " " * 1_000_000])
def test_a_label_that_is_too_long_or_cannot_be_shown_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_label(text, param="name")
    assert caught.value.param == "name"


def test_a_label_may_have_to_be_there() -> None:
    with pytest.raises(InvalidRequest):
        check_label("  ", param="name", shortest=1)
