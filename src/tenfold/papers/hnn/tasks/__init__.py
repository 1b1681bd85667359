"""What the methods are trained and tested on."""
