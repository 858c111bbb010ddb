"""The Language Server Protocol: the only room that speaks it.

`documents` and `positions` hold what the editor has open, without any framework; `sync` applies its notifications.
`frames` cuts the stream into messages, `decode` reads what clients leave open, `wire` answers every message, `prewarm`
takes the waiting out of the first ones, and `stdio` is the process around it all.
"""
