"""The run of one job: device, seeding, loop, checkpoint and resume, history."""
