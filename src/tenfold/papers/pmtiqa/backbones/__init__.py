"""Convolutional networks whose four stages end at strides 4, 8, 16 and 32."""
