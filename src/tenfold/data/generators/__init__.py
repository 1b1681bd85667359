"""Generators: each writes a synthetic raw data set; `config/datasets.yaml` names them as `module:function`."""
