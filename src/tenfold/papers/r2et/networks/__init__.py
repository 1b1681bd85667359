"""Networks as functions of stacked parameters: M models of one architecture are evaluated in one call."""
