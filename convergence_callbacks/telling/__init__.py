"""Numbers in, words out: the one voice in which decisions, forecasts and settings are reported."""
