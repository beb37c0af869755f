"""MCAP files: what lies in them and where, Foxglove's and ROS 2's pictures, and what a killed writer left.

Imports nothing of this room but its ground floor and `sensors.sources`; needs gilmok[record]."""
