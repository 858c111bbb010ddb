"""Which of the tests here need something that a checkout does not install."""

from importlib.util import find_spec


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a part of a package that is not there itself
        return False


collect_ignore = [] if all(map(_is_there, ("openai", "anthropic", "google.genai"))) else ["test_official_clients.py"]
"""The vendors' own libraries: a second opinion on the doubles and on what we send. .ci/run installs them for it alone."""
