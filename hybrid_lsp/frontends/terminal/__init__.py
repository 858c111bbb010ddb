"""What a person asks for in a terminal: how the models of this machine do, and getting another.

`doctor` shows an examination, `models` lists and fetches; `ports` says what both want to be given, `paper` is what they
write on. Nobody here knows how to examine or to fetch: `cli` hands that in.
"""
