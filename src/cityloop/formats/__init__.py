"""Outside forms of data: tables on disk, their stamps, numbers and registers, as observations in inside units."""
