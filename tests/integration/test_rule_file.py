from pathlib import Path

import pytest

from leadboost.errors import ConfigError
from leadboost.store.rule_file import TomlRuleFile


async def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    file = TomlRuleFile(path)

    assert await file.read() == ()
    assert await file.read() is None
    path.write_text('[[rules]]\nname = "x"\nkind = "runway"\ndays = 3\n')
    assert [rule.name for rule in await file.read() or ()] == ["x"]
    path.unlink()
    assert await file.read() == ()


@pytest.mark.parametrize("content", [b"rules = [", b"\xff\xfe", b"x = 1", b"#" * 1_000_001])
async def test_a_damaged_file_is_told_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(content)
    file = TomlRuleFile(path)

    with pytest.raises(ConfigError):
        await file.read()
    assert await file.read() is None
