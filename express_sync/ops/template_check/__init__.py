"""Checks a ROS template offline against the specification of its resource types.

`checker.check` returns the faults with which a deployment would fail or differ from what was meant. A template without
findings may still fail to deploy. `ros_spec.json` is the specification; `make spec` writes it.
"""
