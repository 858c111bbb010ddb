"""Texts that nobody writes, made of what the rules for secrets look for: each was slow once, or could be."""

import random
import string

_LETTERS = string.ascii_letters + string.digits
_PEM = "-----BEGIN PRIVATE " + "KEY-----"
ROWS: dict[str, str] = {
    "a name, then signs of comments": "pass=;;;;;;;;;;;;",
    "a name, then pairs": "passwd=a=b;a=b;a=b",
    "headers in a header": "authorization:=",
    "headers in a URL": "://authorization",
    "a header, then one sign": "authorization=" + "_" * 40,
    "names in a value": "password:",
    "names in a value, arrows": "pass=>",
    "options in an option": " -pw=,-pw=,-pw=,-pw=,-pw=,-pw=,-pw=,-pw=,-pw=,-pw=,-pw=,-pw=",
    "registry tokens": "_authToken=;",
    "strings side by side": "passwords' '",
    "names before one string": "token-pw-pw-pw-pw" + '"' + "a" * 500 + '" ',
    "strings that are not ended": 'password="',
    "escapes": 'token = "\\',
    "keys beside names": "accessTokenAKIA" + "QWERTYUIOPASDF23",
    "keys in another's row": "SharedAccessKey=db_pass",
    "ends of keys": "JQQJ99",
    "ends of keys, numbered": "-us1",
    "starts of keys": "sk-",
    "names": "pw ",
    "names, joined": "a_token_b-",
    "spaced": "password  :  ",
    "tokens in a run": "eyJ-",
    "tokens in runs": "eyJ-" * 150 + ".",
    "keys' first lines": _PEM + "\n",
    "keys' first lines as headers": "Abc: " + _PEM + "\n",
    "lines of base64": "A" * 64 + "\n",
    "manifests": "kind: Secret\n",
    "manifests in JSON": '"kind":"Secret","data":{',
    "sections of a manifest": "data:\nkind: Secret\n  a: ",
    "names above values": "password:\n",
    "names before a string in parentheses": "password = (\n",
    "JSON keys": '"kty"',
    "cookies": "cookie: " + "a" * 4000,
    "addresses": "://a:",
    "command lines": "curl -u a:->",
    "one letter": "M",
    "placeholders": "REDACTED_A_1_",
    "joined strings": 'token="abc1" + ',
    "keys' last lines": "\n-----END PRIVATE " + "KEY-----",
    "key numbers": "AKIA",
    "session cookies": "cookie: a=",
    "dashes": "-",
    "slashes": "/////",
    "half placeholders": "REDACTED_",
    "comments": "# a\n",
    "comments in comments": "# # // -- # # > > #\n",
    "comments that are empty": "#\n\n",
    "names in comments": "# password =\n",
    "blank lines between comments": "#" + " \n" * 200,
    "blanks": " " * 79 + "\n",
    "names in columns": "password" + " " * 60,
    "commands": "mysql ",
    "commands with arguments": "mysql -u -p'a ",
    "commands and pipes": "echo a| echo b|",
    "commands that sign in": "login -p ",
    "records": 'name = "password"\n',
    "records with values": 'name = "password"\nvalue = "a" ',
    "records on one line": '{name: "token", ',
    "calls": "password = f('a', ",
    "fallbacks": "token = a or ''",
    "expressions": "secret = a ? b : c || '",
    "sign-ins": "login('a', 'b",
    "sections": "jwt:\n  key: ",
    "quoted words": "password = q(abc",
    "double brackets": "password = [[abcd",
    "pairs of a log": "x token=abcdefgh1234567890 ",
    "elements": '<a key="password">',
    "columns": "INSERT INTO t (password) VALUES ('a'), ",
    "columns in columns": "INTO t (password) VALUES ('",
    "columns of lines": "COPY t (password) FROM stdin;\na\tb\n",
    "answers of a log": " token: abcd1234efgh5678",
}
"""What is repeated."""
FILLED: dict[str, str] = {
    "secrets": "password = '*'\n",
    "secrets, and names": "*SharedAccessKey=db_pass",
    "secrets, and keys": ":AA:AA:AA:AA:AA:AA" + "AKIA" + "QWERTYUIOPASDF23*",
    "secrets, and registry tokens": "*_authToken=_authToken=_authToken=",
    "secrets, and half strings": "pass**='",
    "secrets in headers": "Bearer *",
    "secrets in command lines": "curl -u a:* -u*",
    "random words": "** ",
}
"""What is repeated with other random letters each time, one row of them for each star."""


def crafted(name: str, chars: int) -> str:
    """Return one of the texts, with so many characters."""
    if name in ROWS:
        return (ROWS[name] * (chars // len(ROWS[name]) + 1))[:chars]
    source = random.Random(name)
    written: list[str] = []
    length = 0
    while length < chars:
        parts = FILLED[name].split("*")
        text = "".join(
            part + "".join(source.choices(_LETTERS, k=source.choice((8, 10, 18, 30)))) for part in parts[:-1]
        )
        written.append(text + parts[-1])
        length += len(written[-1])
    return "".join(written)[:chars]
