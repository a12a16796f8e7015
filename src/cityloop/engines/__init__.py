"""One file or folder per outside simulator; found by `registry`, imported only when a model is opened."""
