"""The static report site."""
