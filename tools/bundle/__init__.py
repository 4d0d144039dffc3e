"""Packs the lab into one archive for a room without internet."""
