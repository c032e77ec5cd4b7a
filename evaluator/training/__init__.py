"""Training small recognizers from one YAML file."""
