"""Settings for what a person asks for, out of a config.toml."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.budget import month_of
from hybrid_lsp.core.catalog import Role
from hybrid_lsp.core.job import Task
from hybrid_lsp.core.profile import PERFORMANCE
from hybrid_lsp.settings import Config, read_config
from hybrid_lsp.settings.asking import OtherVendor
from hybrid_lsp.settings.zone import SystemZone

START = datetime(1990, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone itself
WHOLE = """
profile = "performance"
[budget]
monthly_usd = 12.5
time_zone = "Europe/Berlin"
baseline = "gpt-4-turbo"
[ledger]
url = "postgresql://user:word@db.lan/spend"
keep_days = 90
[cache]
enabled = false
redis_url = "redis://:word@127.0.0.1/0"
[models]
set = "sketch"
fast = ["codellama:13b", "qwen3.5:4b"]
premium = "claude-3-opus"
[vendors.other]
url = "https://api.example.com/v1"
key_env = "OTHER_KEY"
[prices."my-model"]
input_usd = 1
[evidence]
folders = ["/src/shop"]
[network]
proxy = "http://user:word@proxy.lan:3128"
[privacy]
never_leave = ["legal/**"]
redact = ["ACME-[0-9]+"]
[routing.cloud_from]
fix = 0.7
[routing.local_first]
fix = true
"""


def read(tmp_path: Path, text: str) -> Config:
    """Read a config.toml with this text."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path, {})


def test_every_setting_of_the_file_is_in_force(tmp_path: Path) -> None:
    """What stands in the file is what holds, and nothing of it is a problem."""
    config = read(tmp_path, WHOLE)
    asking = config.asking
    assert config.problems == ()
    assert (asking.profile, asking.limit_usd, str(asking.zone)) == (PERFORMANCE, Decimal("12.5"), "Europe/Berlin")
    assert (asking.ledger_url, asking.keep_days) == ("postgresql://user:word@db.lan/spend", 90)
    assert (asking.cache_enabled, asking.redis_url) == (False, "redis://:word@127.0.0.1/0")
    assert (asking.model_set, asking.baseline) == ("sketch", "gpt-4-turbo")
    assert asking.roles == {Role.FAST: ("codellama:13b", "qwen3.5:4b"), Role.PREMIUM: "claude-3-opus"}
    assert (asking.evidence_folders, asking.proxy) == ((Path("/src/shop"),), "http://user:word@proxy.lan:3128")
    assert asking.vendors == (OtherVendor(name="other", url="https://api.example.com/v1", key_env="OTHER_KEY"),)
    assert asking.prices == {"my-model": {"input_usd": 1}}
    assert (asking.never_leave, asking.patterns) == (("legal/**",), ("ACME-[0-9]+",))
    assert (asking.profile_for(Task.FIX).cloud_from, asking.profile_for(Task.FIX).local_first) == (0.7, True)
    assert asking.profile_for(Task.REVIEW) is PERFORMANCE


def test_a_password_in_an_url_is_not_in_the_text_of_a_config(tmp_path: Path) -> None:
    """What is logged of a config shows no password."""
    assert "word@" not in repr(read(tmp_path, WHOLE))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('profile = "fast"', "profile"),
        ("profile = 3", "profile"),
        ("[budget]\nmonthly_usd = -1", "budget.monthly_usd"),
        ("[budget]\nmonthly_usd = true", "budget.monthly_usd"),
        ("[budget]\nmonthly_usd = nan", "budget.monthly_usd"),
        ('[budget]\nmonthly_usd = "much"', "budget.monthly_usd"),
        ('[budget]\ntime_zone = "Mars/Base"', "budget.time_zone"),
        ('[budget]\ntime_zone = "../../etc/passwd"', "budget.time_zone"),
        ("[budget]\nweekly_usd = 3", "budget.weekly_usd"),
        ("[ledger]\nkeep_days = 3", "ledger.keep_days"),
        ("[ledger]\nkeep_days = true", "ledger.keep_days"),
        ("ledger = 3", "ledger"),
        ('[models]\nset = "all"', "models.set"),
        ("[models]\nfast = 3", "models.fast"),
        ('[models]\nmedium = "x"', "models.medium"),
        ("[routing.cloud_from]\nfix = 1.5", "routing.cloud_from.fix"),
        ("[routing.cloud_from]\ninline = 0.1", "routing.cloud_from.inline"),
        ("[routing.local_first]\nfix = 1", "routing.local_first.fix"),
        ("[routing]\nlocal = 3", "routing.local"),
        ("[privacy]\nredact = [3]", "privacy.redact"),
        ("[evidence]\nfolders = 3", "evidence.folders"),
        ("[network]\nproxy = 3", "network.proxy"),
        ("prices = 3", "prices"),
        ("vendors = 3", "vendors"),
        ("[vendors.other]\nurl = 3\nkey_env = 'K'", "vendors.other.url"),
        ("[vendors.other]\nkey_env = 'K'", "vendors.other"),
        ("[vendors.other]\nurl = 'https://a.example'", "vendors.other"),
        ("[vendors.openai]\nurl = 'https://a.example'\nkey_env = 'K'", "vendors.openai"),
        ("[vendors.'a/b']\nurl = 'https://a.example'\nkey_env = 'K'", "vendors.a/b"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_the_default_holds(tmp_path: Path, text: str, key: str) -> None:
    """A key that is wrong or unknown is named, and changes nothing."""
    config = read(tmp_path, text)
    assert [problem.key for problem in config.problems] == [key]
    assert config.asking.profile_for(Task.FIX) == Config().asking.profile
    assert replace(config.asking, local_first={}) == Config().asking


def test_money_is_read_as_it_is_written(tmp_path: Path) -> None:
    """A budget of 0.1 is exactly ten cents, however it is spelled."""
    for text in ("0.1", '"0.1"', "0.10"):
        assert read(tmp_path, f"[budget]\nmonthly_usd = {text}").asking.limit_usd == Decimal("0.1")


def test_a_budget_of_nothing_is_a_budget(tmp_path: Path) -> None:
    """0 means 0, not the profile's."""
    assert read(tmp_path, "[budget]\nmonthly_usd = 0").asking.limit_usd == 0


@given(st.datetimes(min_value=START, max_value=START.replace(year=2037), timezones=st.just(UTC)))
def test_the_machine_s_own_zone_is_what_its_clock_says(moment: datetime) -> None:
    """Our zone and the C library agree on every moment's local time, and a month begins at its midnight."""
    local = moment.astimezone(SystemZone())
    assert tuple(local.timetuple()[:6]) == time.localtime(moment.timestamp())[:6]
    month = month_of(local)
    assert month.starts <= local < month.ends
    assert (month.starts.day, month.starts.hour, month.ends.day) == (1, 0, 1)
