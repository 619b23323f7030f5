"""Settings from YAML files."""
