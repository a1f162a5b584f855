"""The components: one actor each, reaching the outside only through ports and refs handed in."""
