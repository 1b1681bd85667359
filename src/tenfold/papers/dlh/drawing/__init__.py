"""Tables, figures and films."""
