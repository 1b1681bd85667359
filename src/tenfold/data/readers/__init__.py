"""Readers: each turns a source's files into arrays; `config/datasets.yaml` names them as `<module>.<function>`."""
