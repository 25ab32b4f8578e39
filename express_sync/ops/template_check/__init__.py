"""Checks a ROS template against the specification of its resource types before anything is deployed; offline.

`checker.check` is the entrance. What it finds wrong would fail, or mean something else, in the cloud; finding nothing
does not prove that a deployment succeeds. `ros_spec.json` is the specification, `make spec` builds it anew.
"""
