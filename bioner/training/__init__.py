"""Training: a configuration in, a model folder out."""
