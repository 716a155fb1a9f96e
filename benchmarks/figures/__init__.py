"""The chart that README.md shows; matplotlib draws it, and is imported only then. The page draws its own charts."""
