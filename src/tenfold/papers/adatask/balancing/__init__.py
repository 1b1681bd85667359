"""Balancing methods: how K losses or their gradients are weighed before an optimizer takes a step with them."""
