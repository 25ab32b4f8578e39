"""Builds the function package: a reproducible archive of the sources and the locked dependencies.

package    build() and the class Package
template   reads the runtime from the template
runtimes   the Python runtimes of Function Compute, and local interpreters of the same version
lock       reads requirements/function.txt for one runtime
wheels     the locked wheels, downloaded once and verified every time
manifest   which files of sources and wheels are shipped
compile    runs archive.py with an interpreter of the runtime's version
archive    writes a directory into an archive; a script, run by the interpreter whose bytecode it writes
progress   shows the progress of a build
"""
