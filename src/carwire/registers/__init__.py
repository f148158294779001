"""Files of registers and catalogues: opened whatever they are packed in, read row by row, described by formats."""
