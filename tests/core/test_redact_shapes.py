"""core.redact: the ways in which files write a name and, further on, its secret."""

import pytest

from hybrid_lsp.core.redact import Rules, redact, restore

RULES, _ = Rules.of()
PASSWORD, TOKEN = "Blue-horse9", "k4Zt9XwP1mV7bN5cL2"
BELOW = [
    'variable "db_password" {{\n  type      = string\n  sensitive = true\n\n  default   = "{p}"\n}}\n', 'set {{\n  name  = "auth.password"\n  value = "{p}"\n}}\n',
    'resource "aws_ssm_parameter" "s" {{\n  name = "/x/api_key"\n  type = "SecureString"\n  value = "{t}"\n}}\n',
    '<property name="password">\n  <value>{p}</value>\n</property>\n',
    "<key>ApiKey</key>\n<string>{t}</string>\n", "jwt:\n  key: {t}\n", '"Jwt": {{\n  "Key": "{t}",\n  "Issuer": "x"\n}}\n',
    'kind: "Secret"\nstringData:\n  a: {p}\n', "kind: 'Secret'\nstringData:\n  a: {p}\n",
    "password: >-\n  {p}\nuser: x\n", "password: |\n    {p}\n", "  - db_password: |2-  # ours\n      {p}\n", "  api_key: |-\n    {t}\n",
    "password:\n  {p}\n", "password:   # of the database\n  {p}", "password: >+\r\n  {p}\r\nuser: x\r\n",
    'password = (\n    "{p}"\n)\n', "password: str = (\n    '{p}'\n)\n", 'connect(\n    password=(\n        "Blue-"\n        "{p}"\n    )\n)\n',
    "token = (\n  'k4Zt9XwP1mV7'\n  + '{t}'\n)\n", 'password = """\n{p}\n"""\n', "token = '''\\\n    {t}\n'''\n",
    "password = <<-EOT\n  {p}\n  EOT\n", "DB_PASSWORD=$(cat <<EOF\n{p}\nEOF\n)\n", "export API_TOKEN=\"$(cat <<-'END'\n\t{t}\n\tEND\n)\"\n",
    "cat > .env <<EOF\nDB_PASSWORD={p}\nAPI_TOKEN={t}\nEOF\n", "kubectl apply -f - <<'EOF' | tee x\npassword: {p}\nEOF\n",
    'password: str = "{p}"\n"""The password of the database."""\n', "password = '{p}'\n\n\"\"\"More about it.\"\"\"\n",
    'run --password "{p}" "another argument"',
]  # fmt: skip


def assert_taken_out(written: str) -> None:
    """Hold that neither secret is left, that something was taken out, and that all of it comes back."""
    redacted = redact(written, RULES)

    assert [secret for secret in (PASSWORD, TOKEN) if secret in redacted.text] == []
    assert redacted.found
    assert restore(redacted.text, redacted) == written


@pytest.mark.parametrize("sign", ["", "# "])
@pytest.mark.parametrize("text", BELOW)
def test_a_value_below_its_name_is_found(text: str, sign: str) -> None:
    """A value on a later line than its name does not leave, and neither does one with another string behind it."""
    written = "\n".join(sign + line for line in text.format(p=PASSWORD, t=TOKEN).split("\n"))
    assert_taken_out(written)


PASSING = [
    "INSERT INTO users (name, password, n) VALUES ('bob', '{p}', 1), ('eve', 'x{p}', 2);", "insert into `t` (`id`, `api_key`) values (1, '{t}')", "INSERT INTO t (at, password) VALUES (now(), N'{p}');",
    "COPY public.users (id, name, password) FROM stdin;\n1\tbob\t{p}\n2\teve\t\\N\n\\.\n", "COPY oauth (id, client_secret) FROM stdin;\n1\t{t}\n\\.\n",
    "env:\n  - name: API_TOKEN\n    # what for\n    value: {t}\n",
    '  password             = "{p}"', "  password_2           : '{p}'", "DB_PASSWORD        = {p}", "DB_PASSWORD := {p}", "DB_PASSWORD ?= {p}", 'ENV["DB_PASSWORD"] ||= "{p}"',
    "'PASSWORD': env('DB_PW', default='{p}'),", 'password = os.getenv("DB_PW") or "{p}"', 'password = config.get("db", "pw", fallback="{p}")', 'ENV.fetch("DB_PASSWORD") {{ "{p}" }}',
    'api_key = os.environ["X"] if "X" in os.environ else "{t}"', 'apiKey: process.env.X ?? "{t}"', 'token = is_live() ? live : "{t}"', '"password": {{{{ .Values.pw | default "{p}" }}}}',
    'parser.add_argument("--password", default="{p}")', 'props.put("password", "{p}");', 'std::env::set_var("DB_PASSWORD", "{p}");', 'viper.SetDefault("db.password", "{p}")',
    'page.fill("#password", "{p}")', 'Map.of("user", "x", "password", "{p}")', '"password" to "{p}"', 'check_password("{p}")', 'strcmp(password, "{p}")',
    'buildConfigField("String", "DB_PASSWORD", "\\"{p}\\"")', 'var jwtKey = []byte("{t}")', 'SECRET = bytes.fromhex("{t}")', '$Password = ConvertTo-SecureString "{p}" -AsPlainText',
    'const DBPassword string = "{p}"', 'Dim password As String = "{p}"', 'password?: string = "{p}"', 'static const char password[] = "{p}";', 'std::string password{{"{p}"}};',
    'public string Password {{ get; set; }} = "{p}";', "password = [[{p}]]", "my $password = q({p});", "WITH PASSWORD = N'{p}';", "IDENTIFIED WITH mysql_native_password BY '{p}';",
    "VALUES (1, 'smtp_password', '{p}');", "SET PASSWORD FOR x = PASSWORD('{p}');", 'I fill in "Password" with "{p}"', "fernet_key = '{t}'", '<machineKey decryptionKey="{t}"/>',
    "mysql -uroot -p{p} db", "mysqldump -u root -p'{p}' db", "docker login -u me -p {p} x.org", 'echo "{p}" | docker login -u me --password-stdin', "redis-cli -a {p} ping",
    'command: ["redis-server", "--requirepass", "{p}"]', "requirepass {p}", "openssl rsa -passin pass:{p} -in x", "smbclient //x/y -U bob%{p}", "kubectl create secret generic x --from-literal=a={p}",
    "helm install x --set auth.password={p},auth.a=1 y", "host1 ansible_user=root ansible_password={p} ansible_port=22", 'level=info msg="login" token={t} user=x', "INFO Using token: {t}",
    '"cache.example.org:6380,password={p},ssl=True"', "proxy_set_header X-Api-Key {t};", "fastcgi_param DB_PASSWORD {p};", "SetEnv API_KEY {t}", "set -gx API_TOKEN {t}", "local password={p}",
    '<string name="maps_api_key">{t}</string>', '<meta-data android:name="com.x.API_KEY" android:value="{t}"/>', 'server.login("me@example.org", "{p}")', "new PDO($dsn, 'root', '{p}');",
    'DriverManager.getConnection(url, "root", "{p}");', 'new NetworkCredential("me", "{p}")',
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
    assert_taken_out(written)


CLEAN = [
    "INSERT INTO users (name, password) VALUES ('bob1234x', NULL), (:name, :password);", "INSERT INTO users (name, email) VALUES ('password1', 'a1b2c3d4');", "INSERT INTO t (token_type, name) VALUES ('bearer2x', 'k9')",
    "'password' => 'required|string|min:8|confirmed',", '{"password": "Passwort"}', 'login("user@x.org", "password1")', 'token = tok or "unknown1"', 'name: TOKEN_NAME\nvalue: "eu-west-1a"',
    'password             = "required"', 'variable "db_password" {\n  type = string\n}\nvariable "other" {\n  default = "x86_64-a1b2"\n}\n',
    'password = get("name2") or "none"', 'token = request.headers.get("X-Api-Version-2", "v2")', 'token = kind ? "left" : "right"',
    'f("password", "utf8_decoder")', 'If a client, pass :data:`h11.CLIENT`.', "'ssh2_auth_password', 'ssh2_auth_pubkey_file',", 'password = prompt("Say it2")', 'password to "default"',
    "mysql -uroot -p$PASSWORD", "docker login -p ${{ secrets.TOKEN2 }}", 'echo "$PASSWORD2" | sudo -S ls', "mysql -p -h db1.example.org", 'login("user1", "page2")', "password = [[x]]", "INFO token: 12 of 40",
    "    call(user=user1, password=password2 )", "kind: SecretStore\ndata:\n  a: abcdefg1\n", '"App": {"Key": "name1"}',
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
