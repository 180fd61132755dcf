"""Reading the standard: finding its parts, comparing versions, and writing it down for others."""
