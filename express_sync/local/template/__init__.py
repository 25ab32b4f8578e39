"""Reads `template.yml`, the ROS template that is deployed, into what the local cloud has to run."""
