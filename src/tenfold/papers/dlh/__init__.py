"""DLH: long-horizon video prediction using a dynamic latent hierarchy (Zakharov, Guo and Fountas, 2022)."""
