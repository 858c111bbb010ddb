"""A server that misbehaves, for tests of the demo's deadlines: `silent` never answers, `dies` ends with a last word."""

import sys

if sys.argv[1] == "dies":
    sys.stderr.write("warming up\nno such model\n")
    sys.exit(3)
sys.stdin.buffer.read()
