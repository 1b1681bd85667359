"""What is made of images: distortions and pseudo-scores, crops, statistics of natural scenes."""
