"""How a policy answers: one function a kind of question, each with its rule and its sentence."""

import re
from typing import Protocol

from hybrid_lsp.core.job import POLICY_KEY, Task
from hybrid_lsp.core.policy.hosts import Fault, covers, read_host, read_url, shown
from hybrid_lsp.core.policy.paths import excluded_by_globs, is_secret_path, leads_out
from hybrid_lsp.core.policy.questions import Ask, Decision, Leave, Question, Reach, Send, Use

_SERVER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Lists(Protocol):
    """What a policy names."""

    @property
    def cloud_apis(self) -> frozenset[str]:
        """Hosts of model vendors."""
        ...

    @property
    def domains(self) -> frozenset[str]:
        """Other hosts."""
        ...

    @property
    def mcp_servers(self) -> frozenset[str]:
        """Names of MCP servers."""
        ...

    @property
    def tasks(self) -> frozenset[str]:
        """Kinds of task, by their keys."""
        ...

    @property
    def excluded(self) -> tuple[str, ...]:
        """Globs of files."""
        ...


def judge(lists: Lists, question: Question) -> Decision:
    """Answer a question from these lists. Never raises."""
    match question:
        case Leave():
            return _leave(lists, question.task)
        case Ask():
            return _ask(lists, question.host)
        case Reach():
            return _reach(lists, question.url)
        case Use():
            return _use(lists, question.server)
        case Send():
            return _send(lists, question)


def is_server_name(text: str) -> bool:
    """Say whether a text can be the name of an MCP server."""
    return bool(_SERVER_NAME.fullmatch(text))


def _leave(lists: Lists, task: Task) -> Decision:
    key = POLICY_KEY.get(task)
    if key is None:
        return _no("allowed_for_cloud", "There is no such kind of task; `hybrid-lsp whitelist show` lists them.")
    rule = f"allowed_for_cloud.{key}"
    if key == POLICY_KEY[Task.INLINE]:
        return _no(rule, "Ghost text never leaves this machine, whatever the settings; a model on it writes it.")
    if key in lists.tasks:
        return _yes(rule, f"whitelist.json allows {key} to be sent to a cloud model.")
    return _no(rule, f"whitelist.json keeps {key} on this machine; {_add(f'allowed_for_cloud {key}')}")


def _ask(lists: Lists, text: str) -> Decision:
    host = read_host(text)
    if isinstance(host, Fault):
        return _no(host.rule, host.sentence)
    if name := covers(lists.cloud_apis, host):
        return _yes(f"cloud_apis.{name}", f"whitelist.json names {shown(name)} among the model vendors.")
    sentence = f"whitelist.json does not name {shown(host)} among the model vendors (cloud_apis)"
    return _no("cloud_apis", f"{sentence}; {_add(f'cloud_apis {host}')}")


def _reach(lists: Lists, text: str) -> Decision:
    host = read_url(text)
    if isinstance(host, Fault):
        return _no(host.rule, host.sentence)
    if name := covers(lists.domains, host):
        return _yes(f"domains.{name}", f"whitelist.json names {shown(name)} among the domains.")
    if covers(lists.cloud_apis, host):
        sentence = f"whitelist.json names {shown(host)} for models only (cloud_apis), not among the domains"
    else:
        sentence = f"whitelist.json does not name {shown(host)} among the domains"
    return _no("domains", f"{sentence}; {_add(f'domains {host}')}")


def _use(lists: Lists, server: str) -> Decision:
    if server in lists.mcp_servers:
        return _yes(f"mcp_servers.{server}", f"whitelist.json names {server} among the MCP servers.")
    if not is_server_name(server):
        return _no("mcp_servers", "whitelist.json does not name an MCP server so written; write its name, as memory.")
    sentence = f"whitelist.json does not name {server} among the MCP servers"
    return _no("mcp_servers", f"{sentence}; {_add(f'mcp_servers {server}')}")


def _send(lists: Lists, question: Send) -> Decision:
    path, ignore_file = question.path, question.ignored_by.partition(":")[0].rpartition("/")[2]
    if leads_out(path):
        return _no("paths.outside", "Only files inside the workspace folder are sent; open the folder that holds it.")
    if is_secret_path(path):
        return _no("paths.secret", "The file's name is one that secrets have, and such files never leave; rename it.")
    if excluded_by_globs(path, lists.excluded):
        return _no("paths.excluded", "The settings exclude the file; take its pattern out of config.toml to send it.")
    if ignore_file == ".hybridignore":
        return _no("paths.hybridignore", "A .hybridignore excludes the file; take its line out to send it.")
    if ignore_file:
        sentence = (
            "git ignores the file, and what git ignores never leaves; take its line out of .gitignore to send it."
        )
        return _no("paths.gitignore", sentence)
    return _yes("paths", "Nothing excludes the file.")


def _add(what: str) -> str:
    return f"`hybrid-lsp whitelist add {what}` in a terminal changes that."


def _yes(rule: str, sentence: str) -> Decision:
    return Decision(allowed=True, rule=rule, sentence=sentence)


def _no(rule: str, sentence: str) -> Decision:
    return Decision(allowed=False, rule=rule, sentence=sentence)
