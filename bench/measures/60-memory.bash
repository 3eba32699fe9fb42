# The highest resident memory of both registries, after all that this run asked of them so far.

highest() {
	awk '/^VmHWM:/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"
}
row "highest resident memory so far" MB "$(highest "$(process_pid registry)")" docker-registry "$(highest "$(process_pid peer-registry)")"
