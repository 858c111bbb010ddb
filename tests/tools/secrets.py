"""Secrets that open nothing, made from parts by a seeded generator, so that no file here holds one that looks real."""

import base64
import json
import string
from collections.abc import Callable, Iterator
from random import Random

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
LOWER_HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
BASE32 = string.ascii_uppercase + "234567"
URL_SAFE = LETTERS_AND_DIGITS + "-_"

SHAPES: dict[str, tuple[str, ...]] = {
    "anthropic": ("sk-", "ant-", "api03-", "u93", "AA"),
    "openai": ("sk-", "a48"),
    "openai project": ("sk-", "proj-", "u120"),
    "openai service": ("sk-", "svcacct-", "u80"),
    "openrouter": ("sk-", "or-v1-", "h64"),
    "google key": ("AI", "za", "u35"),
    "google client": ("GOC", "SPX-", "u28"),
    "google access": ("ya", "29.", "u120"),
    "aws id": ("AK", "IA", "b16"),
    "aws temporary id": ("AS", "IA", "b16"),
    "github classic": ("gh", "p_", "a36"),
    "github oauth": ("gh", "o_", "a36"),
    "github server": ("gh", "s_", "a36"),
    "github fine": ("github", "_pat_", "a22", "_", "a59"),
    "gitlab": ("gl", "pat-", "u20"),
    "gitlab runner": ("gl", "rt-", "u20"),
    "slack bot": ("xo", "xb-", "d12", "-", "d12", "-", "a24"),
    "slack app": ("xa", "pp-1-", "U11", "-", "d13", "-", "h64"),
    "stripe live": ("sk_", "live_", "a24"),
    "stripe restricted": ("rk_", "live_", "a24"),
    "stripe webhook": ("wh", "sec_", "a32"),
    "twilio key": ("S", "K", "h32"),
    "twilio account": ("A", "C", "h32"),
    "sendgrid": ("S", "G.", "u22", ".", "u43"),
    "mailgun": ("ke", "y-", "h32"),
    "mailchimp": ("h32", "-u", "s7"),
    "npm": ("np", "m_", "a36"),
    "pypi": ("py", "pi-AgEIcHlwaS5vcmc", "u120"),
    "hugging face": ("h", "f_", "a34"),
    "databricks": ("da", "pi", "h32"),
    "digitalocean": ("dop", "_v1_", "h64"),
    "shopify": ("sh", "pat_", "h32"),
    "square": ("sq0", "atp-", "u22"),
    "telegram": ("d9", ":A", "A", "u33"),
    "azure client": ("a3", "8", "Q~", "a34"),
    "vault": ("hv", "s.", "u90"),
    "terraform": ("a14", ".atlas", "v1.", "u67"),
    "docker": ("dckr", "_pat_", "u27"),
    "linear": ("lin", "_api_", "a40"),
    "notion": ("nt", "n_", "a46"),
    "figma": ("fi", "gd_", "u40"),
    "postman": ("PM", "AK-", "h24", "-", "h34"),
    "new relic": ("NR", "AK-", "U27"),
    "grafana": ("gl", "sa_", "a32", "_", "h8"),
    "sentry": ("sn", "trys_", "a80"),
    "age": ("AGE-", "SECRET-KEY-1", "U58"),
    "groq": ("gs", "k_", "a52"),
    "airtable": ("p", "at", "a14", ".", "h64"),
    "doppler": ("dp.", "pt.", "a43"),
    "planetscale": ("pscale", "_tkn_", "u43"),
}
"""What each kind is made of: literal parts, and an alphabet's letter with a length."""

_ALPHABETS = {"a": LETTERS_AND_DIGITS, "u": URL_SAFE, "h": LOWER_HEX, "d": string.digits, "b": BASE32, "U": UPPER}
_VALUE_CARRIERS = (
    'key = "{}"',
    "client = Client('{}', timeout=3)",
    "# do not commit: {}",
    "// left here by mistake: {} (remove)",
    '{{"a": 1, "value": "{}"}}',
    "error: 401 for {} at line 12",
    "Please explain why {} is refused.",
    "src/config/{}/settings.py",
    "KEY={}",
    "  - {}",
    '<string name="k">{}</string>',
    "printf(`{}`);",
    'text = "line\\n{}\\n"',
    "https://example.org/?q=%20{}",
    "let k = b'{}';",
    "größer als “{}”",
)
_NAMED_CARRIERS = (
    '{name} = "{value}"',
    "{name}: str = '{value}'",
    'const {name} = "{value}";',
    'String {name} = "{value}";',
    '{name} := "{value}"',
    '"{name}": "{value}",',
    "'{name}' => '{value}',",
    '<add key="{name}" value="{value}"/>',
    "<{name}>{value}</{name}>",
    "export {name}={value}",
    '  env["{name}"] = "{value}"',
    "run --{name}={value} now",
    '{{\\"{name}\\": \\"{value}\\"}}',
    "- name: {name}\n  value: {value}",
)
NAMES = ("password", "DB_PASSWORD", "api_key", "client_secret", "accessToken", "SECRET_KEY", "auth_token", "passwd")


def of_shape(parts: tuple[str, ...], random: Random) -> str:
    """Return one secret of a shape."""
    return "".join(_part(part, random) for part in parts)


def _part(part: str, random: Random) -> str:
    alphabet = _ALPHABETS.get(part[0])
    return "".join(random.choices(alphabet, k=int(part[1:]))) if alphabet and part[1:].isdigit() else part


def vendor_texts(seed: int, each: int) -> Iterator[tuple[str, str, str]]:
    """Yield `(kind, secret, text)`: secrets of a known form, in code, comments, messages, paths, questions."""
    random = Random(seed)
    for kind, parts in SHAPES.items():
        for carrier in random.sample(_VALUE_CARRIERS, k=each):
            secret = of_shape(parts, random)
            yield kind, secret, carrier.format(secret)


def named_texts(seed: int) -> Iterator[tuple[str, str, str]]:
    """Yield `(kind, secret, text)`: values without any form, given to a name, in many languages."""
    random = Random(seed)
    for carrier in _NAMED_CARRIERS:
        for name in NAMES:
            secret = "".join(random.choices(LETTERS_AND_DIGITS, k=random.randint(16, 40))) + "7"
            yield f"named {name}", secret, carrier.format(name=name, value=secret)


def pem(random: Random, kind: str = "RSA ") -> str:
    """Return a private key block of no key."""
    body = base64.b64encode(random.randbytes(600)).decode()
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {kind}PRIVATE " + "KEY-----", *lines, f"-----END {kind}PRIVATE " + "KEY-----"))


def jwt(random: Random) -> str:
    """Return a signed token that nobody signed."""
    parts = (
        json.dumps({"alg": "HS256", "typ": "JWT"}).encode(),
        json.dumps({"sub": "1"}).encode(),
        random.randbytes(32),
    )
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _basic(random: Random) -> str:
    return base64.b64encode(f"me:{of_shape(('a12',), random)}".encode()).decode()


WIRES: dict[str, tuple[Callable[[Random], str], str]] = {
    "pem": (pem, 'KEY = """{}"""\nprint(1)'),
    "pem openssh": (lambda random: pem(random, "OPENSSH "), "{}\n"),
    "pem plain": (lambda random: pem(random, ""), "cert:\n{}\nnext: 1\n"),
    "pem pgp": (lambda random: pem(random, "").replace("KEY-----", "KEY BLOCK-----"), "{}"),
    "pem on one line": (lambda random: pem(random).replace("\n", "\\n"), '{{"private_key": "{}", "x": 1}}'),
    "pem in a comment": (lambda random: pem(random).replace("\n", "\n# "), "# {}\n"),
    "pem in strings": (lambda random: pem(random).replace("\n", '\\n"\n    "'), 'k = (\n    "{}"\n)'),
    "jwt": (jwt, "fetch(u, '{}')"),
    "bearer": (lambda random: of_shape(("a40",), random), 'headers = {{"Authorization": "Bearer {}"}}'),
    "basic": (_basic, "Authorization: Basic {}"),
    "authorization": (lambda random: of_shape(("a32",), random), "Authorization: token {}"),
    "cookie": (lambda random: of_shape(("a32",), random), "Cookie: theme=dark; sessionid={}; lang=en"),
    "set-cookie": (lambda random: of_shape(("a32",), random), "Set-Cookie: PHPSESSID={}; Path=/"),
    "url": (lambda random: of_shape(("a14",), random), "postgresql://app:{}@db.internal:5432/main"),
    "url word": (lambda _random: "sword" + "fishing", "amqp://worker:{}@queue/vhost"),
    "query": (lambda random: of_shape(("a32",), random), "GET https://api.example.org/v1?page=2&access_token={}&x=1"),
    "azure storage": (lambda random: of_shape(("a86",), random) + "==", "AccountName=x;AccountKey={};EndpointSuffix=y"),
    "azure sas": (lambda random: of_shape(("a43",), random) + "%3D", "https://x.blob/c?sv=2022&sig={}&se=2"),
    "connection": (lambda random: of_shape(("a12",), random) + "!9", '"Server=db;User Id=sa;Password={};Encrypt=yes"'),
    "libpq": (lambda random: of_shape(("a12",), random) + "9", '"host=db user=app password={} dbname=main"'),
    "slack webhook": (
        lambda random: of_shape(("T", "U8", "/B", "U8", "/", "a24"), random),
        "https://hooks.slack" + ".com/services/{}",
    ),
    "discord webhook": (
        lambda random: of_shape(("d18", "/", "u68"), random),
        "https://discord" + ".com/api/webhooks/{}",
    ),
    "discord bot": (lambda random: of_shape(("M", "a23", ".", "a6", ".", "a38"), random), "bot.run('{}')"),
    "curl": (lambda random: of_shape(("a12",), random) + "8", "curl -s -u admin:{} https://example.org"),
    "sql": (lambda random: of_shape(("a12",), random) + "8", "CREATE USER app IDENTIFIED BY '{}';"),
    "netrc": (lambda random: of_shape(("a12",), random) + "8", "machine example.org login me password {}"),
    "putty": (lambda random: base64.b64encode(random.randbytes(48)).decode(), "Private-Lines: 1\n{}\nPrivate-MAC: 00"),
    "jwk": (lambda random: of_shape(("u43",), random), '{{"kty": "EC", "x": "abc", "d": "{}"}}'),
    "kubernetes": (
        lambda random: base64.b64encode(random.randbytes(15)).decode(),
        "kind: Secret\nmetadata:\n  name: x\ndata:\n  tls.bin: {}\n",
    ),
    "aws pair": (
        lambda random: base64.b64encode(random.randbytes(30)).decode(),
        "boto3.client('s3', '" + "AKIA" + "QWERTYUIOPASDF23', '{}')",
    ),
    "mentioned": (lambda random: of_shape(("a30", "7"), random), "// the production token is {}, ask Ann"),
    "in two parts": (
        lambda random: of_shape(("a30",), random) + '7" + "k4' + of_shape(("a20",), random),
        'token = "{}"',
    ),
}
"""Secrets that are told by where they stand: how one is made, and the text around it."""


def wire_texts(seed: int) -> Iterator[tuple[str, str, str]]:
    """Yield `(kind, secret, text)`, three of each."""
    random = Random(seed)
    for kind, (make, carrier) in WIRES.items():
        for _ in range(3):
            secret = make(random)
            yield kind, secret, carrier.format(secret)


def pieces(secret: str, size: int = 8) -> set[str]:
    """Return every stretch of a secret, so long that it would give it away, that is not in the marker of a block."""
    runs = [run for line in secret.replace("\\n", "\n").split("\n") for run in line.split('" + "') if "KEY" not in line]
    return {run[i : i + size] for run in runs for i in range(len(run) - size + 1)}
