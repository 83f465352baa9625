"""The table of hostile situations: what a learner's files, machine, network or server may do to the command.

A file has the situations of one kind in its `SITUATIONS`; `test_hostile.py` runs each through the real command. A new
one is one line, where need be with a function that arranges it.
"""
