"""What the integration tests stand on: servers of their own, free ports, what /proc tells of a process tree."""
