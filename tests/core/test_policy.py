"""core.policy: what may leave, read strictly."""

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import POLICY_KEY, Task
from hybrid_lsp.core.policy import SAFEST, Policy, is_secret_path, parse_policy

SHIPPED = (Path(__file__).parents[2] / "whitelist.json").read_text(encoding="utf-8")


def test_the_shipped_whitelist_is_read_whole() -> None:
    """The whitelist.json of the sketch gives exactly what it says."""
    policy, problems = parse_policy(SHIPPED, "whitelist.json")

    assert problems == ()
    assert policy.cloud_apis == {"openai.com", "anthropic.com", "googleapis.com"}
    assert policy.domains == {"github.com", "stackoverflow.com", "docs.microsoft.com"}
    assert policy.mcp_servers == {"memory", "sequential-thinking", "context7", "filesystem", "git"}
    assert {task for task in Task if policy.may_leave(task)} == {Task.EXPLAIN, Task.FIX, Task.REVIEW, Task.REFACTOR}


BROKEN = [
    ("{", "whitelist.json is not valid JSON (Expecting property name enclosed in double quotes)."),
    ("[]", "whitelist.json must be a JSON object with the keys cloud_apis, domains, mcp_servers and allowed_for_cloud, "
           "not a list."),
    ("null", "not null."),
    ("[" * 100_000, "nested too deeply"),
    ('{"apis": []}', 'whitelist.json: "apis" is not a key of a whitelist; allowed are cloud_apis, domains, mcp_servers '
                     "and allowed_for_cloud."),
    ('{"domains": [], "domains": []}', '"domains" stands there twice; keep one.'),
    ('{"domains": "github.com"}', '"domains" must be a list of host names, as openai.com, not a text.'),
    ('{"domains": [1]}', '"domains[0]" is a number; the list takes host names'),
    ('{"domains": ["github.com", "https://github.com/x"]}', '"domains[1]" is "https://github.com/x"; the list takes'),
    ('{"cloud_apis": ["openai.com:443"]}', '"cloud_apis[0]" is "openai.com:443"'),
    ('{"cloud_apis": ["me@openai.com"]}', '"cloud_apis[0]" is "me@openai.com"'),
    ('{"cloud_apis": ["127.0.0.1"]}', '"cloud_apis[0]" is "127.0.0.1"'),
    ('{"cloud_apis": ["*"]}', '"cloud_apis[0]" is "*"'),
    ('{"mcp_servers": ["a b"]}', '"mcp_servers[0]" is "a b"; the list takes server names'),
    ('{"allowed_for_cloud": []}', '"allowed_for_cloud" must be an object of true and false, not a list.'),
    ('{"allowed_for_cloud": {"reviews": true}}', '"allowed_for_cloud.reviews" is not a kind of task; allowed are '),
    ('{"allowed_for_cloud": {"code_review": "yes"}}', '"allowed_for_cloud.code_review" must be true or false, not a text.'),
    ('{"allowed_for_cloud": {"code_review": 1}}', '"allowed_for_cloud.code_review" must be true or false, not a number.'),
    ('{"allowed_for_cloud": {"inline_completion": true}}', '"allowed_for_cloud.inline_completion" cannot be true: ghost text '
                                                          "never leaves this machine, whatever the settings; set it to false."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), BROKEN)
def test_anything_wrong_is_one_sentence_and_allows_nothing(text: str, sentence: str) -> None:
    """A fault names the file, the key and what is allowed, and the policy is the safest until it is mended."""
    policy, problems = parse_policy(text, "whitelist.json")

    assert policy == SAFEST
    assert len(problems) == 1
    assert sentence in problems[0].sentence
    assert problems[0].sentence.endswith("Nothing leaves this machine until it is mended.")


def test_a_problem_points_at_its_key() -> None:
    """The line and column are those of the key, so that an editor can underline it."""
    _, (problem,) = parse_policy('{\n  "domains": [],\n  "bogus": 1\n}', "whitelist.json")

    assert (problem.key, problem.line, problem.column) == ("bogus", 2, 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["openai.com", "memory"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["domains", "cloud_apis", "allowed_for_cloud", *POLICY_KEY.values()]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_file_lets_ghost_text_leave(content: object) -> None:
    """Whatever a whitelist says, it is read without an error and never allows an inline completion to leave."""
    policy, problems = parse_policy(json.dumps(content), "whitelist.json")

    assert not policy.may_leave(Task.INLINE)
    assert not problems or policy == SAFEST


names = st.frozensets(st.sampled_from(["a.com", "b.com", "c.com"]))
policies = st.builds(
    Policy,
    cloud_apis=names,
    domains=names,
    mcp_servers=names,
    tasks=st.frozensets(st.sampled_from(list(POLICY_KEY.values()))),
)


@given(policies, policies)
def test_a_second_policy_only_narrows(first: Policy, second: Policy) -> None:
    """What the user and the workspace allow together, each allows alone."""
    both = first.narrowed_by(second)

    assert both == second.narrowed_by(first)
    for one in (first, second):
        assert both.narrowed_by(one) == both
        assert all(one.may_leave(task) for task in Task if both.may_leave(task))


SECRET = [".env", ".env.local", "config/prod.env", "a/.ssh/config", "id_rsa", "ID_RSA.pub", "server.PEM", "tls/site.key",
          "credentials.json", "my_secrets.yaml", "Secret/notes.txt", ".netrc", ".npmrc", "infra/main.tfvars", ".aws/config",
          r"a\b\.env"]  # fmt: skip
OPEN = ["main.py", "env.py", "src/environment.ts", "keyboard.py", "tokens.py", "monkey.go", "key.rs", "README.md", ""]


@pytest.mark.parametrize(("path", "secret"), [*product(SECRET, [True]), *product(OPEN, [False])])
def test_secret_files_are_known_by_name(path: str, secret: bool) -> None:
    """Environment files, keys and credentials are secret wherever they lie; ordinary source is not."""
    assert is_secret_path(path) is secret
