"""Where jobs and bulk work run: on this machine, or on a cluster that is there."""
