"""core.policy: what may leave, read strictly."""

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_lsp.core.job import POLICY_KEY, Task
from hybrid_lsp.core.policy import (
    SAFEST,
    Ask,
    Decision,
    Leave,
    Policy,
    Question,
    Reach,
    Send,
    Use,
    is_secret_path,
    parse_policy,
    policy_text,
)

SHIPPED = (Path(__file__).parents[2] / "whitelist.json").read_text(encoding="utf-8")


def test_the_shipped_whitelist_is_read_whole() -> None:
    """The whitelist.json of the sketch gives exactly what it says."""
    policy, problems = parse_policy(SHIPPED, "whitelist.json")

    assert problems == ()
    assert policy.cloud_apis == {"openai.com", "anthropic.com", "googleapis.com"}
    assert policy.domains == {"github.com", "stackoverflow.com", "docs.microsoft.com"}
    assert policy.mcp_servers == {"memory", "sequential-thinking", "context7", "filesystem", "git"}
    assert {task for task in Task if policy.decide(Leave(task)).allowed} == {
        Task.EXPLAIN,
        Task.FIX,
        Task.REVIEW,
        Task.REFACTOR,
    }


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
    ('{"domains": ["*.x.com"]}', '"domains[0]" is "*.x.com"; the list takes host names, as openai.com, without scheme, port '
                                 "or path. It has a * in it; a name stands for all below it: write x.com for *.x.com."),
    ('{"domains": ["com"]}', "It is a single word, which names a whole ending or nothing; write x.com for com."),
    ('{"domains": ["co.uk"]}', "It is an ending under which anybody has names; write the whole name, as example.co.uk."),
    ('{"domains": ["straße.de"]}', "It cannot be written in ASCII and back; write its `xn--` form in lower case."),
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

    assert not policy.decide(Leave(Task.INLINE)).allowed
    assert not problems or policy == SAFEST


names = st.frozensets(st.sampled_from(["a.com", "b.com", "x.a.com", "y.x.a.com", "x.b.com"]))
policies = st.builds(
    Policy,
    cloud_apis=names,
    domains=names,
    mcp_servers=st.frozensets(st.sampled_from(["memory", "git", "context7"])),
    tasks=st.frozensets(st.sampled_from(list(POLICY_KEY.values()))),
    excluded=st.lists(st.sampled_from(["a", "b/*", "*.py"])).map(tuple),
)
hosts = st.sampled_from(["a.com", "x.a.com", "z.y.x.a.com", "b.com", "ab.com", "c.com", "A.COM."]) | st.text(
    max_size=12
)
questions: st.SearchStrategy[Question] = st.one_of(
    st.sampled_from(list(Task)).map(Leave),
    hosts.map(Ask),
    hosts.map(lambda host: Reach(f"https://{host}/")),
    st.text(max_size=30).map(Reach),
    st.sampled_from(["memory", "git", "context7", "other"]).map(Use),
    st.builds(
        Send,
        st.sampled_from(["a", "a/x.c", "b/x.c", "x.py", "x.c", ".env"]) | st.text(max_size=12),
        ignored_by=st.sampled_from(["", "", ".gitignore", "b/.hybridignore:1"]),
    ),
)


@given(policies, policies, st.lists(questions, max_size=8))
def test_a_second_policy_only_narrows(first: Policy, second: Policy, asked: list[Question]) -> None:
    """What the user and the workspace allow together is what each allows alone, in whichever order."""
    both = first.narrowed_by(second)

    assert both == second.narrowed_by(first)
    for one in (first, second):
        assert both.narrowed_by(one) == both
        assert both.is_narrower_or_equal(one)
    for question in asked:
        assert both.decide(question).allowed is all(one.decide(question).allowed for one in (first, second))


@given(policies, policies, st.lists(questions, max_size=8))
def test_what_is_narrower_allows_nothing_more(first: Policy, second: Policy, asked: list[Question]) -> None:
    """`is_narrower_or_equal` is never wrong about a single question."""
    if first.is_narrower_or_equal(second):
        for question in asked:
            assert second.decide(question).allowed or not first.decide(question).allowed
    assert SAFEST.is_narrower_or_equal(second) is (not second.excluded)
    assert first.is_narrower_or_equal(first)


@given(policies, questions)
def test_every_question_has_an_answer_for_people(policy: Policy, question: Question) -> None:
    """Any text at all is answered, with a rule and a sentence that nothing invisible came into; twice the same."""
    decision = policy.decide(question)

    assert decision.rule
    assert decision.sentence.isprintable()
    assert decision.sentence.endswith(".")
    assert len(decision.sentence) < 1000
    assert policy.decide(question) is decision
    assert Policy(**lists_of(policy)).decide(question) == decision
    assert not decision.allowed or isinstance(question, Send) or "whitelist.json" in decision.sentence


def lists_of(policy: Policy) -> dict[str, frozenset[str] | tuple[str, ...]]:
    """What a policy is made of, so that another can be made of the same."""
    fields = ("cloud_apis", "domains", "mcp_servers", "tasks", "excluded")
    return {name: getattr(policy, name) for name in fields}


@given(policies, policies)
def test_a_fingerprint_tells_policies_apart(first: Policy, second: Policy) -> None:
    """Equal policies have equal fingerprints, different ones different; it is short, and the same in every process."""
    assert (first.fingerprint == second.fingerprint) is (first == second)
    assert len(first.fingerprint) == 16


def test_fingerprints_do_not_mix_the_lists() -> None:
    """The same name in another list is another policy, and an exclusion counts however it was given."""
    name = frozenset({"a.com"})
    distinct = [Policy(cloud_apis=name), Policy(domains=name), Policy(mcp_servers=name), Policy(excluded=("a.com",))]

    assert len({policy.fingerprint for policy in distinct}) == 4
    assert Policy(excluded=("b", "a", "b")) == Policy(excluded=("a", "b")) == SAFEST.excluding(["b"]).excluding(["a"])


@given(policies.map(lambda policy: Policy(**{**lists_of(policy), "excluded": ()})))
def test_a_policy_written_down_is_read_back(policy: Policy) -> None:
    """All but permission for ghost text, which no file can give."""
    told, problems = parse_policy(policy_text(policy), "whitelist.json")
    readable = Policy(**{**lists_of(policy), "tasks": policy.tasks - {POLICY_KEY[Task.INLINE]}})

    assert problems == ()
    assert told == readable


def test_no_more_is_remembered_than_is_useful() -> None:
    """Thousands of different questions do not fill the memory; the answers stay right."""
    policy = Policy(domains=frozenset({"a.com"}))
    for i in range(3000):
        assert policy.decide(Reach(f"https://{i}.a.com/")).allowed

    assert len(policy._memory.answers) <= 1024


def test_a_policy_names_the_way_out() -> None:
    """A refusal says which list does not name what, and the command that changes it."""
    policy = Policy(cloud_apis=frozenset({"openai.com"}))

    assert policy.decide(Reach("https://api.openai.com/v1")) == Decision(
        allowed=False,
        rule="domains",
        sentence="whitelist.json names api.openai.com for models only (cloud_apis), not among the domains; "
        "`hybrid-lsp whitelist add domains api.openai.com` in a terminal changes that.",
    )
    assert "`hybrid-lsp whitelist add allowed_for_cloud code_review`" in policy.decide(Leave(Task.REVIEW)).sentence


VECTORS = json.loads((Path(__file__).parent / "policy_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("kind", "text", "allowed", "rule"), VECTORS["cases"])
def test_the_vectors_that_every_front_end_answers_alike(kind: str, text: str, allowed: bool, rule: str) -> None:
    """Each case of the table is decided as it says, by the rule that it names."""
    policy, problems = parse_policy(json.dumps(VECTORS["whitelist"]), "whitelist.json")
    policy = policy.excluding(VECTORS["excluded"])
    kind, _, ignored_by = kind.partition(" by ")
    makers = {"leave": lambda text: Leave(Task(text)), "ask": Ask, "reach": Reach, "use": Use,
              "send": lambda text: Send(text, ignored_by=ignored_by)}  # fmt: skip
    decision = policy.decide(makers[kind](text))

    assert problems == ()
    assert (decision.allowed, decision.rule) == (allowed, rule)


SECRET = [".env", ".env.local", "config/prod.env", "a/.ssh/config", "id_rsa", "ID_RSA.pub", "server.PEM", "tls/site.key",
          "credentials.json", "my_secrets.yaml", "Secret/notes.txt", ".netrc", ".npmrc", "infra/main.tfvars", ".aws/config",
          r"a\b\.env"]  # fmt: skip
OPEN = ["main.py", "env.py", "src/environment.ts", "keyboard.py", "tokens.py", "monkey.go", "key.rs", "README.md", ""]


@pytest.mark.parametrize(("path", "secret"), [*product(SECRET, [True]), *product(OPEN, [False])])
def test_secret_files_are_known_by_name(path: str, secret: bool) -> None:
    """Environment files, keys and credentials are secret wherever they lie; ordinary source is not."""
    assert is_secret_path(path) is secret
