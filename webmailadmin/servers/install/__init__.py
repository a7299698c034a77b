"""Sets up the mail servers and the services on a Debian machine, and takes it all back.

`facts.py` looks at the machine, `refusals.py` says what stands against it, `plan.py` lists the
steps; each step (`steps.py`) can tell what is, and put back what was. `work.py` takes them,
`checks.py` sees whether mail works afterwards.
"""
