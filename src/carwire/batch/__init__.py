"""VINs by the million: what a decode depends on is decoded once, the rest is taking columns. Arrow in, Arrow out."""
