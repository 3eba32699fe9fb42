# A 1 GiB blob fetched over TLS, one and eight at once.

gigabyte_serve
use_tls
gigabyte_measure 1 1 ", TLS"
gigabyte_measure 8 1 ", TLS"
