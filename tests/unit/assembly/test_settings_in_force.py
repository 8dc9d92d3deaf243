from __future__ import annotations

from pathlib import Path

import msgspec

from covey.assembly.settings_in_force import origin_of, settings_in_force
from covey.protocol.settings import SettingInForce
from covey.settings import MASK, load, origins_of


def in_force(file: Path, environment: dict[str, str], overrides: dict[str, str]) -> dict[str, SettingInForce]:
    settings = load(file=file, environment=environment, overrides=overrides)
    origins = origins_of(file=file, environment=environment, overrides=overrides)
    return {item.path: item for item in settings_in_force(settings, origins)}


def test_every_setting_tells_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "covey.toml"
    file.write_text(
        '[bridge]\nport = 9000\nhost = "127.0.0.1"\n[[engines.openai]]\nname = "x"\nbase_url = "http://x/v1"\n'
    )
    items = in_force(file, {"COVEY__BRIDGE__HOST": "127.0.0.2"}, {"log.level": "debug"})
    assert (items["bridge.port"].value, items["bridge.port"].origin) == (9000, "file")
    assert (items["bridge.host"].value, items["bridge.host"].origin) == ("127.0.0.2", "environment")
    assert (items["log.level"].value, items["log.level"].origin) == ("debug", "argument")
    assert items["node.drain_timeout_s"].origin == "default"
    assert items["engines.openai[0].base_url"].origin == "file"


def test_secrets_are_masked_and_missing_ones_are_seen_to_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "covey.toml"
    file.write_text('[[engines.openai]]\nname = "one"\nbase_url = "http://x/v1"\napi_key = "plover-7"\n'
                    '[[engines.openai]]\nname = "two"\nbase_url = "http://y/v1"\n')  # fmt: skip
    items = in_force(file, {}, {})
    assert items["engines.openai[0].api_key"].value == MASK
    assert items["engines.openai[0].api_key"].secret
    assert items["engines.openai[1].api_key"].value == ""
    assert b"plover-7" not in msgspec.json.encode(list(items.values()))


def test_every_setting_says_what_it_means(tmp_path: Path) -> None:
    file = tmp_path / "covey.toml"
    file.write_text("")
    items = in_force(file, {}, {})
    assert len(items) > 80
    assert [path for path, item in items.items() if not item.about] == []


def test_the_origin_of_a_part_is_that_of_the_whole() -> None:
    assert origin_of("engines.openai[0].name", {"engines.openai": "argument"}) == "argument"
    assert origin_of("engines.openai[0].name", {"engines": "file"}) == "file"
    assert origin_of("engines.openaix", {"engines.openai": "argument"}) == "default"
