"""Finds out who calls the portal: bearer tokens of the portal's own, and JWTs of an identity provider.

Start at `authenticator`. A browser gets its bearer token from a field of the page, or from the fragment of the address
that `express-sync up` prints, which is never sent to a server, and keeps it in sessionStorage. Cookies are not used, so
that a foreign page cannot make a browser send an identity.
"""
