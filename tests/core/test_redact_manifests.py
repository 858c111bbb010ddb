"""core.redact: the values of Kubernetes secrets."""

import json

import pytest

from hybrid_lsp.core.redact import Rules, redact, restore

RULES, _ = Rules.of()
MANIFESTS = {
    "below code": ("czNjcjN0LWRhdGE=", "def load(\n    data: Buffer\n): ...\n\nkind: Secret\ndata:\n  tls.bin: {}\n"),
    "long": ("czNjcjN0" * 700, "kind: Secret\ndata:\n  tls.bin: {}\n"),
    "far down": ("czNjcjN0LWRhdGE=", "kind: Secret\ndata:\n" + "  a: eHh4\n" * 3000 + "  tls.bin: {}\n"),
    "plain": ("s3cr3t!of&ours", "stringData:\n  connection: {}\nkind: Secret\n"),
    "of a list": ("czNjcjN0LWRhdGE=", "items:\n  - kind: Secret\n    data:\n      tls.bin: {}\n"),
}
"""A secret, and a manifest around it."""
JSON = {"apiVersion": "v1", "data": {"tls.bin": "czNjcjN0LWRhdGE="}, "kind": "Secret", "metadata": {"name": "harmless"}}


@pytest.mark.parametrize("name", sorted(MANIFESTS))
def test_the_values_of_a_manifest_are_found(name: str) -> None:
    """Whatever stands above, however long and far down a value is, and base64 or not."""
    secret, manifest = MANIFESTS[name]

    assert secret not in redact(manifest.format(secret), RULES).text


@pytest.mark.parametrize(
    "line", ["  # tls.bin: czNjcjN0LWRhdGE=", "#   tls.bin: czNjcjN0LWRhdGE=", '  tls.bin: "czNjcjN0LWRhdGE="']
)
def test_an_entry_of_a_manifest_is_found_though_it_alone_is_commented_out(line: str) -> None:
    """Where the manifest is in use and one of its values is not, that value is a secret all the same."""
    assert "czNjcjN0" not in redact(f"kind: Secret\ndata:\n{line}\n  b: VFlQRTk5eHg0Mg==\n", RULES).text


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(JSON),
        json.dumps(JSON, indent=2),
        json.dumps(JSON, separators=(",", ":")),
        json.dumps(json.dumps(JSON)),
        json.dumps(dict(reversed(JSON.items()))),
        f"metadata:\n  annotations:\n    last-applied: |\n      {json.dumps(JSON)}\n",
    ],
)
def test_a_manifest_in_json_is_one(written: str) -> None:
    """Of a Secret in JSON, also within a string or an annotation, the values do not leave, and all else does."""
    redacted = redact(written, RULES)

    assert [found.kind for found in redacted.found] == ["KUBERNETES_SECRET"]
    assert "harmless" in redacted.text
    assert restore(redacted.text, redacted) == written


def test_what_is_no_secret_is_left_in_json() -> None:
    """Data of another kind, before or after a Secret, is none."""
    other = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"mode": "production"}}

    assert "production" in redact(json.dumps({"items": [JSON, other]}), RULES).text
    assert redact(json.dumps(other), RULES).found == ()
