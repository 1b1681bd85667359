"""Readers: each turns the files of a source into plain arrays. Named in `config/datasets.yaml` as `<module>.<function>`."""
