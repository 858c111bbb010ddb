"""core.policy.hosts: a name is what whoever connects will read, or it is refused."""

import ipaddress
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hybrid_lsp.core.policy import Ask, Fault, Policy, Reach, covers, read_entry, read_host, read_url

ALLOWED = Policy(domains=frozenset({"github.com"}), cloud_apis=frozenset({"github.com"}))
LABEL_CHARS = string.ascii_lowercase + string.digits
labels = st.text(LABEL_CHARS, min_size=1, max_size=12)


def may_reach(host: str) -> bool:
    """Whether the host of an address and the same host of a model vendor are allowed; they must agree."""
    reached = ALLOWED.decide(Reach(f"https://{host}/")).allowed
    assert reached is ALLOWED.decide(Ask(host)).allowed
    return reached


@given(st.text(LABEL_CHARS + "-", min_size=1, max_size=20))
def test_what_is_put_before_a_name_without_a_dot_is_another_name(prefix: str) -> None:
    """`evilgithub.com` is not `github.com`."""
    assert not may_reach(f"{prefix}github.com")
    assert not may_reach(f"github.com{prefix}")


@given(st.lists(labels, max_size=4))
def test_all_below_a_name_is_allowed(before: list[str]) -> None:
    """Whatever the labels in front of it."""
    assert may_reach(".".join([*before, "github.com"]))


@given(st.lists(labels, min_size=1, max_size=4))
def test_a_name_in_front_of_another_counts_for_nothing(after: list[str]) -> None:
    """`github.com.evil.org` belongs to whoever has `evil.org`."""
    host = ".".join(["github.com", *after])

    assert not may_reach(host) or host.endswith(".github.com")


@given(st.lists(st.booleans(), min_size=14, max_size=14), st.booleans())
def test_case_and_one_dot_at_the_end_do_not_matter(upper: list[bool], dot: bool) -> None:
    """As for the network."""
    host = "".join(c.upper() if up else c for c, up in zip("api.github.com", upper, strict=True))

    assert may_reach(f"{host}{'.' * dot}")
    assert not may_reach(f"{host}..")


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_user_name_is_never_allowed(before: str, after: str) -> None:
    """Wherever the `@` stands before the path."""
    authority = f"{before}@{after}".replace("/", "").replace("?", "").replace("#", "")

    assert not ALLOWED.decide(Reach(f"https://{authority}/")).allowed
    assert not ALLOWED.decide(Reach(f"https://{authority}github.com/")).allowed


@given(st.ip_addresses())
def test_a_number_is_no_name(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """In the usual notation or as one number in three bases, dotted in octal or hexadecimal."""
    number = int(address)
    spelled = [f"[{address}]", f"[::ffff:{number & 0xFF}.0.0.1]"]
    if address.version == 4:
        dotted = [number >> shift & 255 for shift in (24, 16, 8, 0)]
        spelled += [str(address), str(number), hex(number), f"0{number:o}"]
        spelled += [".".join(map(hex, dotted)), ".".join(f"0{part:o}" for part in dotted), f"{dotted[0]}.{dotted[1]}"]
    for host in spelled:
        assert read_url(f"https://{host}/") == read_host(host)
        assert isinstance(read_host(host), Fault)


@given(st.text(max_size=40))
@example("xn--")
@example("xn--\x80.com")
@example("a" * 64 + ".com")
@example("ä" * 63 + ".com")
@example("\ud800.com")
def test_any_text_is_a_plain_name_or_a_fault(text: str) -> None:
    """What is accepted is ASCII, lower-case, and is read as itself; everything else has a rule and a sentence."""
    for read in (read_host, read_entry, read_url):
        name = read(text)
        if isinstance(name, str):
            assert name.isascii()
            assert read_host(name) == name == name.lower()
        else:
            assert name.rule
            assert name.sentence.endswith(".")


@given(st.text(st.characters(min_codepoint=0x80, max_codepoint=0x2FFF), min_size=1, max_size=8))
def test_a_foreign_script_never_becomes_a_plain_name(label: str) -> None:
    """Look-alikes, wide letters and odd dots are refused or stay foreign: none of them is `github.com`."""
    for host in (f"{label}.com", f"g{label}thub.com", f"github{label}com", f"github.com{label}"):
        name = read_host(host)
        assert isinstance(name, Fault) or "xn--" in name
        assert not may_reach(host)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("☕.example.com", "xn--53h.example.com"),
        (" GitHub.com. ", "github.com"),
        ("bbc.co.uk", "bbc.co.uk"),
        ("t.co", "t.co"),
    ],
)
def test_what_an_entry_may_say(text: str, name: str) -> None:
    """Any script that can be written in ASCII and back, in any case, with spaces around it."""
    assert read_entry(text) == name


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("com", "host.single"), ("co.uk", "host.suffix"), ("com.au.", "host.suffix"), ("OR.jp", "host.suffix"),
        ("*.x.com", "host.wildcard"), ("*", "host.wildcard"), ("straße.de", "host.idna"), ("\u212aa.com", "host.idna"),
        ("x.com/", "host.bare"), ("a" * 250 + ".com", "host.long"), ("x.com:443", "host.port"),
        ("x.1", "host.number"),
    ],
)  # fmt: skip
def test_what_an_entry_may_not_say(text: str, rule: str) -> None:
    """Whole endings, patterns, and what is read differently by different programs."""
    fault = read_entry(text)

    assert isinstance(fault, Fault)
    assert fault.rule == rule


def test_a_name_is_as_long_as_the_network_allows() -> None:
    """253 characters, and an address 2048."""
    longest = ".".join(["a" * 63] * 3 + ["b" * 57, "com"])
    assert (len(longest), read_host(longest), read_host(f"{longest}.")) == (253, longest, longest)
    assert isinstance(read_host(f"a{longest}"), Fault)

    address = "https://github.com/".ljust(2048, "x")
    assert read_url(address) == "github.com"
    assert isinstance(read_url(f"{address}x"), Fault)


def test_the_nearest_name_above_is_told() -> None:
    """And the names may be any collection."""
    assert covers(["a.com", "x.a.com"], "y.x.a.com") == "x.a.com"
    assert covers(frozenset({"a.com"}), "b.com") == ""
