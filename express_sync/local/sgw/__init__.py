"""Cloud Storage Gateway (sgw 2018-05-11), as far as express synchronization groups need it.

`app` composes: `call` reads the HTTP request, `gateway` and `signature` decide who may come in, `operations`
runs it against the `groups`, `faults` bends what happens, `replies` writes the answer, `control` is the
tests' own door.
"""
