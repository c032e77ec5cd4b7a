"""Doors beside the pages: HTTP routes for sound and pictures, downloads and the palette; and who may come in."""
