"""Cloud Storage Gateway (sgw 2018-05-11), as far as express synchronization groups need it.

`app` reads HTTP and delivers responses, `dispatcher` runs calls with admission, `faults` and `operations` on the
`groups`, `responses` writes the bodies, `admin` is the admin API.
"""
