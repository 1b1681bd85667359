"""The labelling page: a person in the place of the oracle. Sessions on disk, a thread that learns, what is shown."""
