"""Small local servers that speak the contracts of outside services, faults included.

They back the demo profile, the tests and the drills. Each binds to loopback on a free port.
"""
