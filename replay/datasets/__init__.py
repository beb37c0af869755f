"""One data set layout a file, read as its makers publish it."""
