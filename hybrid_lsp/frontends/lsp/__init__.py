"""The Language Server Protocol: the only room that speaks it.

`documents` and `positions` hold what the editor has open, without any framework. `sync` applies the editor's
notifications to them. `wire` answers every message, `stdio` is the process around it.
"""
