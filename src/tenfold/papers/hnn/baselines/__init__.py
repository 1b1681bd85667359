"""The compared methods. All have the width, depth, dropout and head of HNN."""
