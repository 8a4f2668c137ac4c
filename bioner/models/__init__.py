"""Models on disk: the catalogue of folders, their cards, the encoders they start from."""
