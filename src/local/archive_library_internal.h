/* libarchive's functions that are called here, loaded with the first of them (base/library.h says why). The types are the installed header's own. */
#ifndef LOCAL_ARCHIVE_LIBRARY_INTERNAL_H
#define LOCAL_ARCHIVE_LIBRARY_INTERNAL_H

#include <archive.h>
#include <archive_entry.h>

#include "base/error.h"

#define ARCHIVE_FUNCTIONS(function)                                                                                                                  \
	function(entry_atime) function(entry_atime_is_set) function(entry_atime_nsec) function(entry_filetype) function(entry_gid)                   \
		function(entry_hardlink) function(entry_mtime) function(entry_mtime_nsec) function(entry_pathname) function(entry_perm)              \
			function(entry_rdevmajor) function(entry_rdevminor) function(entry_size) function(entry_symlink) function(entry_uid)         \
				function(entry_xattr_count) function(entry_xattr_next) function(entry_xattr_reset) function(error_string)            \
					function(read_data) function(read_data_block) function(read_free) function(read_new)                         \
						function(read_next_header) function(read_open) function(read_open_fd)                                \
							function(read_support_filter_all) function(read_support_filter_none)                         \
								function(read_support_format_empty) function(read_support_format_tar)                \
									function(set_error)

struct archive_library {
#define ARCHIVE_MEMBER(name) __typeof__(archive_##name) *name;
	ARCHIVE_FUNCTIONS(ARCHIVE_MEMBER)
#undef ARCHIVE_MEMBER
};

/* NULL with *err set when there is no libarchive. From any thread; never freed. */
const struct archive_library *archive_library(struct error *err);

#endif
