"""dmf-spe: saddle-point-escaping stages of gradient descent in deep low-rank matrix factorization."""
