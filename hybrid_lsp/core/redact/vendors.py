"""Keys that their makers gave a form of their own: a table of what each begins with and how it goes on.

From what vendors publish about their keys. Each entry is looked for by its needle, a plain search; only where that is
found is the pattern tried, and every pattern is bounded. So the cost grows with the text and nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from hybrid_lsp.core.redact.hits import Hit, compiled, is_open_left, is_open_right, matches, places

_MIN_DISTINCT = 6
"""Fewer different characters than this are not a key but a row of `x`."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the keys of one kind look."""

    kind: str
    needles: str
    """What they hold literally, separated by blanks."""
    body: str
    """What follows the needle; a group in it is the secret, else all from `left` on is."""
    left: str = ""
    """What stands before the needle and belongs to the key, written back to front: it is read from the needle on."""
    must_have: str = ""
    """Lookaheads that must hold at the start of the body."""
    closed: bool = False
    """The length is fixed: no letter or digit may follow."""


_MIXED = r"(?=.*[a-z])(?=.*[0-9])(?=.*[A-Z])"
_ALPHA_AND_DIGIT = r"(?=.*[A-Za-z])(?=.*[0-9])"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PEM_IN_BASE64 = """
    LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBL
    LS0tLS1CRUdJTiBQUklWQVRFIEtF
    LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtF
    LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ
    LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURSBL
    LS0tLS1CRUdJTiBEU0EgUFJJVkFURSBL
"""
"""How private keys of all sorts begin where a file of them is written in base64, as Kubernetes does."""

FORMS: tuple[Form, ...] = (
    Form("ANTHROPIC_KEY", "sk-ant-", r"[A-Za-z0-9]{2,12}-[A-Za-z0-9_-]{20,256}"),
    Form("OPENROUTER_KEY", "sk-or-v1-", r"[0-9a-f]{64}"),
    Form("LANGFUSE_KEY", "sk-lf-", _UUID),
    Form("OPENAI_KEY", "sk-proj- sk-svcacct- sk-admin- sk-None-", r"[A-Za-z0-9_-]{20,256}"),
    Form("OPENAI_KEY", "sk-", r"[A-Za-z0-9_-]{20,256}", must_have=_MIXED),
    Form("SECRET_KEY", "sk-", r"[A-Za-z0-9]{32,64}", must_have=_ALPHA_AND_DIGIT),
    Form("GOOGLE_API_KEY", "AIza", r"[A-Za-z0-9_-]{35}"),
    Form("GOOGLE_API_KEY", "AQ.Ab", r"[A-Za-z0-9_-]{30,128}"),
    Form("GOOGLE_CLIENT_SECRET", "GOCSPX-", r"[A-Za-z0-9_-]{20,64}"),
    Form("GOOGLE_ACCESS_TOKEN", "ya29.", r"[A-Za-z0-9_-]{20,1024}"),
    Form("GOOGLE_REFRESH_TOKEN", "1//0", r"[A-Za-z0-9_-]{30,256}"),
    Form("AWS_KEY_ID", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}", must_have=r"(?!.*EXAMPLE)", closed=True),
    Form("AWS_SESSION_TOKEN", "FwoGZXIvYXdz IQoJb3JpZ2lu", r"[A-Za-z0-9/+=]{50,2000}"),
    Form("AWS_BEDROCK_KEY", "ABSKQmVkcm9ja0FQSUtleS", r"[A-Za-z0-9+/=]{40,256}"),
    Form("AWS_MWS_TOKEN", "amzn.mws.", _UUID),
    Form("AZURE_STORAGE_KEY", "AccountKey= SharedAccessKey= accountkey=", r"([A-Za-z0-9+/]{40,100}={0,2})"),
    Form("AZURE_KEY", "JQQJ99", r"[A-Za-z0-9]{20,40}", left=r"[A-Za-z0-9]{40,60}"),
    Form("AZURE_CLIENT_SECRET", "Q~", r"[A-Za-z0-9_~.-]{31,34}", left=r"[0-9][A-Za-z0-9_~.-]{3}"),
    Form("AZURE_SAS", "sig=", r"([A-Za-z0-9%+/=_-]{24,200})"),
    Form("SIGNED_URL", "Signature=", r"([A-Za-z0-9%+/=_-]{32,600})"),
    Form("GITHUB_TOKEN", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9_]{36,255}"),
    Form("GITHUB_TOKEN", "github_pat_", r"[A-Za-z0-9_]{22,255}"),
    Form(
        "GITLAB_TOKEN",
        "glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glsoat- glimt- glagent- gloas- glffct-",
        r"[A-Za-z0-9_.=-]{20,300}",
    ),
    Form("BITBUCKET_TOKEN", "ATBB", r"[A-Za-z0-9]{28,32}[A-Fa-f0-9]{4,8}", closed=True),
    Form("ATLASSIAN_TOKEN", "ATATT3 ATCTT3", r"[A-Za-z0-9_=-]{50,300}"),
    Form("SLACK_TOKEN", "xox", r"[abcdeoprs](?:\.xox[bp])?-[A-Za-z0-9%_-]{10,250}", must_have=r"(?=.*[0-9])"),
    Form("SLACK_TOKEN", "xapp-", r"[0-9]-[A-Za-z0-9-]{20,250}"),
    Form("SLACK_WEBHOOK", "hooks.slack.com/", r"(?:services|workflows|triggers)/([A-Za-z0-9+/_-]{20,120})"),
    Form("TEAMS_WEBHOOK", ".webhook.office.com/", r"webhookb2/([A-Za-z0-9@/_-]{40,400})"),
    Form("DISCORD_WEBHOOK", "/webhooks/", r"([0-9]{15,21}/[A-Za-z0-9_-]{50,100})"),
    Form(
        "TELEGRAM_TOKEN",
        ":AA",
        r"[A-Za-z0-9_-]{32,33}",
        left=r"[0-9]{8,10}(?![0-9])|[0-9]{8,10}(?=[0-9A-F]{2}%)",
        closed=True,
    ),
    Form("STRIPE_KEY", "sk_live_ rk_live_ sk_test_ rk_test_", r"[A-Za-z0-9]{16,255}"),
    Form("STRIPE_WEBHOOK", "whsec_", r"[A-Za-z0-9+/=]{24,128}"),
    Form("TWILIO_KEY", "SK AC", r"[0-9a-f]{32}", closed=True),
    Form("SENDGRID_KEY", "SG.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    Form("MAILGUN_KEY", "key-", r"[0-9a-f]{32}", closed=True),
    Form("MAILCHIMP_KEY", "-us", r"[0-9]{1,2}", left=r"[0-9a-f]{32}", closed=True),
    Form("BREVO_KEY", "xkeysib- xsmtpsib-", r"[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    Form("NPM_TOKEN", "npm_", r"[A-Za-z0-9]{36,64}"),
    Form("PYPI_TOKEN", "pypi-", r"[A-Za-z0-9_-]{50,400}"),
    Form("RUBYGEMS_KEY", "rubygems_", r"[0-9a-f]{48}"),
    Form("CLOJARS_TOKEN", "CLOJARS_", r"[0-9a-f]{60}"),
    Form("NUGET_KEY", "oy2", r"[a-z0-9]{43}", must_have=r"(?=.*[0-9])", closed=True),
    Form("HUGGINGFACE_TOKEN", "hf_ api_org_", r"[A-Za-z0-9]{30,64}"),
    Form("REPLICATE_TOKEN", "r8_", r"[A-Za-z0-9]{37,40}"),
    Form("GROQ_KEY", "gsk_", r"[A-Za-z0-9]{40,64}"),
    Form("XAI_KEY", "xai-", r"[A-Za-z0-9]{60,100}"),
    Form("PERPLEXITY_KEY", "pplx-", r"[A-Za-z0-9]{40,64}"),
    Form("LANGSMITH_KEY", "lsv2_pt_ lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    Form("TAVILY_KEY", "tvly-", r"[A-Za-z0-9-]{24,64}", must_have=_ALPHA_AND_DIGIT),
    Form("DATABRICKS_TOKEN", "dapi", r"[0-9a-f]{32}(?:-[0-9])?", closed=True),
    Form("DIGITALOCEAN_TOKEN", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}"),
    Form("SHOPIFY_TOKEN", "shpat_ shpss_ shpca_ shppa_", r"[0-9A-Fa-f]{32}"),
    Form("SQUARE_TOKEN", "sq0atp- sq0csp- sq0idp-", r"[A-Za-z0-9_-]{22,64}"),
    Form("META_TOKEN", "EAA", r"[A-Za-z0-9_-]{57,300}", must_have=_MIXED + r"(?!.*AA.*AA)"),
    Form("VAULT_TOKEN", "hvs. hvb. hvr.", r"[A-Za-z0-9_-]{24,300}"),
    Form("TERRAFORM_TOKEN", ".atlasv1.", r"[A-Za-z0-9_=-]{60,70}", left=r"[A-Za-z0-9]{14}"),
    Form("DOCKER_TOKEN", "dckr_pat_ dckr_oat_", r"[A-Za-z0-9_-]{24,64}"),
    Form("LINEAR_KEY", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,64}"),
    Form("NOTION_TOKEN", "ntn_", r"[A-Za-z0-9]{40,50}"),
    Form("NOTION_TOKEN", "secret_", r"[A-Za-z0-9]{43}", must_have=_MIXED, closed=True),
    Form("FIGMA_TOKEN", "figd_", r"[A-Za-z0-9_-]{36,80}"),
    Form("AIRTABLE_TOKEN", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    Form("POSTMAN_KEY", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    Form("NEWRELIC_KEY", "NRAK- NRII- NRJS- NRSP-", r"[A-Za-z0-9_-]{19,40}"),
    Form("GRAFANA_TOKEN", "glsa_", r"[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}"),
    Form("GRAFANA_TOKEN", "glc_", r"[A-Za-z0-9+/=]{32,400}"),
    Form("SENTRY_TOKEN", "sntrys_ sntryu_", r"[A-Za-z0-9+/=_]{40,400}"),
    Form("SENTRY_DSN", ".sentry.io/", r"[0-9]{1,20}", left=r"[a-z0-9.-]{1,40}@([0-9a-f]{32}(?::[0-9a-f]{32})?)"),
    Form("DYNATRACE_TOKEN", "dt0c01. dt0s16.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    Form("HEROKU_KEY", "HRKU-", r"[A-Za-z0-9_-]{36,80}"),
    Form("FLY_TOKEN", "fm1_ fm2_ fo1_", r"[A-Za-z0-9+/=_-]{40,1000}", must_have=_ALPHA_AND_DIGIT),
    Form("NETLIFY_TOKEN", "nfp_", r"[A-Za-z0-9]{36,48}"),
    Form("PLANETSCALE_TOKEN", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[A-Za-z0-9_.-]{32,80}"),
    Form("SUPABASE_KEY", "sbp_ sb_secret_", r"[A-Za-z0-9_-]{22,80}", must_have=_ALPHA_AND_DIGIT),
    Form("PULUMI_TOKEN", "pul-", r"[0-9a-f]{40}", closed=True),
    Form("DOPPLER_TOKEN", "dp.pt. dp.st. dp.ct. dp.sa.", r"[A-Za-z0-9_.-]{40,80}"),
    Form("ONEPASSWORD_TOKEN", "ops_eyJ", r"[A-Za-z0-9+/=_-]{100,2000}"),
    Form(
        "PRIVATE_KEY",
        _PEM_IN_BASE64,
        r"[A-Za-z0-9+/=]{40,20000}(?:\r?\n[ \t]{0,20}[A-Za-z0-9+/=]{60,76}(?=\s|\Z)){0,400}",
    ),
    Form("AGE_KEY", "AGE-SECRET-KEY-1", r"[0-9A-Z]{50,70}"),
    Form("MAPBOX_TOKEN", "sk.eyJ", r"[A-Za-z0-9_-]{40,200}\.[A-Za-z0-9_-]{20,40}"),
    Form("PREFECT_KEY", "pnu_ pnb_", r"[A-Za-z0-9]{36}", closed=True),
    Form("TYPEFORM_TOKEN", "tfp_", r"[A-Za-z0-9_.-]{40,64}", must_have=_ALPHA_AND_DIGIT),
    Form("CONTENTFUL_TOKEN", "CFPAT-", r"[A-Za-z0-9_-]{40,64}"),
    Form("ARTIFACTORY_KEY", "AKCp cmVmdGtu", r"[A-Za-z0-9]{50,80}"),
)

_DISCORD_LEFT, _DISCORD_DOT, _DISCORD_RIGHT = (
    r"[A-Za-z0-9_-]{23,27}[MNO]", r"\.(?=[A-Za-z0-9_-]{6}\.)", r"[A-Za-z0-9_-]{27,45}",
)  # fmt: skip
_AWS_SECRET = r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
_AWS_NEAR = 200
_LONGEST_LEFT = 120
_LONGEST_NEEDLE = 40


def vendor_hits(text: str) -> Iterator[Hit]:
    """Yield every key in a form of its maker's."""
    yield from _begun(text)
    for form in FORMS:
        for needle in form.needles.split() if form.left else ():
            at = text.find(needle)
            while at >= 0:
                hit, after = _at_needle(text, form, at, at + len(needle))
                if hit is not None:
                    yield hit
                at = text.find(needle, after)
    yield from _discord_bots(text)
    yield from _aws_secrets(text)


def _begun(text: str) -> Iterator[Hit]:
    """Yield the keys that begin with their needle: all forms in one pass over the text."""
    needles = _needles()
    settled = [0] * len(FORMS)
    for match in matches(compiled(_any_of(tuple(needles))), text, _LONGEST_NEEDLE):
        at = match.start()
        # The longest of the needles that stand here says most.
        for length in range(len(match[0]), 1, -1):
            for number in needles.get(match[0][:length], ()):
                if at < settled[number]:
                    continue
                hit, settled[number] = _at_needle(text, FORMS[number], at, at + length)
                if hit is not None:
                    yield hit


@lru_cache(maxsize=1)
def _needles() -> dict[str, list[int]]:
    """Return which forms begin with which needle."""
    found: dict[str, list[int]] = {}
    for number, form in enumerate(FORMS):
        for needle in form.needles.split() if not form.left else ():
            found.setdefault(needle, []).append(number)
    return found


@lru_cache(maxsize=1)
def _any_of(words: tuple[str, ...]) -> str:
    """Return a pattern that matches the longest of the words that stands at a place.

    What the words begin with is shared: half the time of looking for each word by itself.
    """
    return _shared(words)


def _shared(words: tuple[str, ...]) -> str:
    by_first: dict[str, list[str]] = {}
    for word in filter(None, words):
        by_first.setdefault(word[0], []).append(word[1:])
    ways = [re.escape(first) + _shared(tuple(rest)) for first, rest in sorted(by_first.items())]
    return f"(?:{'|'.join(ways)}){'?' if '' in words else ''}" if ways else ""


def _at_needle(text: str, form: Form, at: int, after: int) -> tuple[Hit | None, int]:
    """Return what begins at one needle, if anything, and from where to look for the next."""
    left = compiled(form.left).match(text[max(0, at - _LONGEST_LEFT) : at][::-1]) if form.left else None
    since = at - left.end() if left is not None else at
    if (form.left and left is None) or not is_open_left(text, since):
        return None, after
    match = compiled(form.body).match(text, after)
    if match is None or (form.closed and not is_open_right(text, match.end())):
        return None, after
    # Of a run that is no key no part is one either: so a row of needles is read once, not once for each.
    if left is None and len(set(match[0])) < _MIN_DISTINCT:
        return None, match.end()
    if form.must_have and compiled(form.must_have).match(match[0]) is None:
        return None, match.end()
    return Hit(*_secret(match, left, at, since), form.kind, since), match.end()


def _secret(match: re.Match[str], left: re.Match[str] | None, at: int, since: int) -> tuple[int, int]:
    """Return where the secret stands: all from `since` on, or the group that is marked on either side of the needle."""
    if left is not None and left.re.groups:
        return at - left.end(1), at - left.start(1)
    return match.span(1) if match.re.groups else (since, match.end())


def _discord_bots(text: str) -> Iterator[Hit]:
    """Yield what has two dots six characters apart, and the right lengths on both sides."""
    done = 0
    for dot in matches(compiled(_DISCORD_DOT), text, 8):
        at = dot.start()
        left = compiled(_DISCORD_LEFT).match(text[max(done, at - _LONGEST_LEFT) : at][::-1])
        right = compiled(_DISCORD_RIGHT).match(text, at + 8)
        if left is None or right is None:
            continue
        start, done = at - left.end(), right.end()
        if is_open_left(text, start) and compiled(_MIXED).match(right[0]):
            yield Hit(start, done, "DISCORD_TOKEN", start)


def _aws_secrets(text: str) -> Iterator[Hit]:
    """Yield what is mixed and has forty characters, close to an access key id: its other half."""
    for needle in ("AKIA", "ASIA"):
        done = 0
        for at in places(text, needle):
            if at < done or compiled(r"[A-Z2-7]{16}").match(text, at + 4) is None:
                continue
            since, done = max(done, at - _AWS_NEAR), min(len(text), at + 2 * _AWS_NEAR)
            for match in compiled(_AWS_SECRET).finditer(text, since, done):
                if compiled(_MIXED).match(match[0]):
                    yield Hit(match.start(), match.end(), "AWS_SECRET", match.start())
