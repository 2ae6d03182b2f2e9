"""Fakes and factories that users may import too."""
