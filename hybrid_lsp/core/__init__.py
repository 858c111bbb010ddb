"""The words of the house, as pure values and functions: no I/O, no clock, no logging, no framework.

A **Task** is what is asked. An **Excerpt** is the frozen text around the cursor. A **Suggestion** is ghost text that
may be shown. A **Policy** says what may leave the machine; `redact` knows a secret when it sees one; `trim` makes a
suggestion fit what stands around the cursor; `reuse` answers from what is already shown.
"""
