"""core.redact: the ways in which files write a name and, further on, its secret."""

import pytest

from hybrid_lsp.core.redact import Rules, redact, restore

RULES, _ = Rules.of()
PASSWORD, TOKEN = "Blue-horse9", "k4Zt9XwP1mV7bN5cL2"
BELOW = [
    "password: >-\n  {p}\nuser: x\n", "password: |\n    {p}\n", "  - db_password: |2-  # ours\n      {p}\n", "  api_key: |-\n    {t}\n",
    "password:\n  {p}\n", "password:   # of the database\n  {p}", "password: >+\r\n  {p}\r\nuser: x\r\n",
    'password = (\n    "{p}"\n)\n', "password: str = (\n    '{p}'\n)\n", 'connect(\n    password=(\n        "Blue-"\n        "{p}"\n    )\n)\n',
    "token = (\n  'k4Zt9XwP1mV7'\n  + '{t}'\n)\n", 'password = """\n{p}\n"""\n', "token = '''\\\n    {t}\n'''\n",
    "password = <<-EOT\n  {p}\n  EOT\n", "DB_PASSWORD=$(cat <<EOF\n{p}\nEOF\n)\n", "export API_TOKEN=\"$(cat <<-'END'\n\t{t}\n\tEND\n)\"\n",
    "cat > .env <<EOF\nDB_PASSWORD={p}\nAPI_TOKEN={t}\nEOF\n", "kubectl apply -f - <<'EOF' | tee x\npassword: {p}\nEOF\n",
    'password: str = "{p}"\n"""The password of the database."""\n', "password = '{p}'\n\n\"\"\"More about it.\"\"\"\n",
    'run --password "{p}" "another argument"',
]  # fmt: skip


@pytest.mark.parametrize("sign", ["", "# "])
@pytest.mark.parametrize("text", BELOW)
def test_a_value_below_its_name_is_found(text: str, sign: str) -> None:
    """A value on a later line than its name does not leave, and neither does one with another string behind it."""
    written = "\n".join(sign + line for line in text.format(p=PASSWORD, t=TOKEN).split("\n"))
    redacted = redact(written, RULES)

    assert [secret for secret in (PASSWORD, TOKEN) if secret in redacted.text] == []
    assert redacted.found
    assert restore(redacted.text, redacted) == written


PASSING = [
    '  - "DB_PASSWORD={p}"', 'environment: ["API_TOKEN={t}", "A=1"]', "DB_PASSWORD={p} python manage.py run", "ENV A=1 DB_PASSWORD={p}",
    "export A=1; export DB_PASSWORD={p}; ./run.sh", "export DB_PASSWORD={p} && ./run.sh", "docker run -e DB_PASSWORD={p} -p 80:80 image",
    "docker run --env API_TOKEN={t} image", 'set "DB_PASSWORD={p}"', "setx DB_PASSWORD {p}", 'RUN echo "token={t}" > x', "Password={p};User=x",
    'env = "A=1\\nDB_PASSWORD={p}\\nAPI_TOKEN={t}\\n"', '{{"env": "A=1\\nexport password={p}\\r\\nb=2"}}', "'user: a\\n  password: {p}\\nb: 2'",
    '"{{\\"env\\": \\"A=1\\\\nDB_PASSWORD={p}\\\\nB=2\\"}}"', "SECRET_KEY_BASE={t} rails server", "(cd x && A=1 API_KEY={t} ./run)",
    "[db]\n  password = hunter2x9k{t}\nuser = x", "password = {p}", "image: ${{DB_PASSWORD:-{p}}}", '@Value("${{db.password:{p}}}")', 'os.getenv("DB_PASSWORD", "{p}")',
    "os.environ.get('API_TOKEN', '{t}')", "os.environ.setdefault('DB_PASSWORD', '{p}')", "define('DB_PASSWORD', '{p}');", "curl --user bob:{p} https://x.org",
    "process.env.DB_PASSWORD || '{p}'", 'env.PASSWORD ?? "{p}"', "if x; then\n  export DB_PASSWORD={p}\nfi", "  export api_key={t}", "args: ['--db-password', '{p}']", 'run(["--api-key", "{t}"])',
    "password: SecretStr = SecretStr('{p}')", 'let password = String::from("{p}");', 'password <- "{p}"', "sshpass -p {p} ssh host", "sshpass -p '{p}' ssh host",
    'user.setPassword("{p}")', 'builder.password("{p}").build()', 'get(url, auth=("me", "{p}"))', "HTTPBasicAuth('me', '{p}')", "machine x.org login me password 'y{p}",
    '"machine example.org login me password {p}\\nmachine b"', 'x = "# password: {p}\\n# user: a\\n"',
]  # fmt: skip


@pytest.mark.parametrize("line", ["{}", "# {}", "    {}\n", "{}\r\ny = 1\n"])
@pytest.mark.parametrize("text", PASSING)
def test_a_value_in_passing_is_found(text: str, line: str) -> None:
    """A value that is given to a name in a command, in a list or in a string that holds a file does not leave."""
    written = line.format(text.format(p=PASSWORD, t=TOKEN))
    redacted = redact(written, RULES)

    assert [secret for secret in (PASSWORD, TOKEN) if secret in redacted.text] == []
    assert redacted.found
    assert restore(redacted.text, redacted) == written


CLEAN = [
    "password: |\n  What to say to the database.\n", "password:\n    validate(password2)\n", "if password:\n    something2\n",
    "token:\n  description\n", 'password = (\n    "Say what it is, "\n    "then press return."\n)\n', 'password = """\nSay it.\n"""\n',
    "PASSWORD=$(cat <<EOF\n$OTHER\nEOF\n)\n", "password: >-\n  {{ vault.password }}\n", 'password = ("user", "password")\n',
    "password = utf8value", "password = other_password2", "password: ${DB_PASSWORD:-password}", 'os.getenv("DB_PASSWORD", "password")', "password = password2 || x",
    'get_password("name2")', 'form.get("password", "field2")', "password = SecretStr('password')", 'auth=("user", "password")',
    "password = Secret(name2)", "    password=computed2\n", "PASSWORD=required python run", 'f"password={password1}"', '"password=%s" % password2', "print('token: ' + token1)", "f(SECRET_KEY=OTHER_KEY2)",
    'log("A=1\\npassword: missing\\n")', "PASSWORD=$PASSWORD2 ./run", '"token=$TOKEN1"', 'parse("password={0}")', "secret:\n  name: x\n",
    "password:\n  type: string\n", "passwords = [\n    'password',\n    'secret',\n]\n",
]  # fmt: skip


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_stands_near_a_name_is_left_alone(text: str) -> None:
    """Sentences, calls, templates, other names and nested keys are no secrets."""
    assert redact(text, RULES).text == text
