"""Dash pieces that several pages use; each module builds components from plain types and holds no state."""
