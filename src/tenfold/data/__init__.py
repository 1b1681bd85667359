"""Raw data: sources, checksums, readers and generators that several papers share."""
