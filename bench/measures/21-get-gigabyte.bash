# A 1 GiB blob fetched, one and eight at once; nginx sends the same file. One at once fetches four in a row, since one alone is a fifth of a second.

gigabyte_serve
gigabyte_measure 1 4 ""
gigabyte_measure 8 1 ""
