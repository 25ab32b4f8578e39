"""The function's package: what is shipped, from the sources and the lock to one archive that is always the same.

package    build(): the steps in order, and what may be said of the result
template   what the template says of the function
runtimes   the Pythons of Function Compute, and an interpreter of the same version on this machine
lock       requirements/function.txt, as far as it holds for one runtime
wheels     the pinned wheels, fetched once and verified every time
contents   which files of sources and wheels are shipped
assemble   a directory into an archive; a script, run by the interpreter whose bytecode it writes
"""
