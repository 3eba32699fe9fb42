# The last page of 10,000 repositories, one client asking again and again. docker-registry has its 400,000 small files and folders in memory: on a disk
# their removal can take longer than all measures together.

repositories=10000
seeded_start catalog repositories $repositories
mkdir "$work/peer-catalog"
mount -t tmpfs tmpfs "$work/peer-catalog"
peer=127.0.0.1:$(port_free)
peer_start peer-catalog "$peer" "$work/peer-catalog"
address_of[docker-registry]=http://$peer pid_of[docker-registry]=$(process_pid peer-catalog)
"$load" WAIT "$peer" 1 20 /v2/
client_skopeo_push "$peer/bench/many:1"
bench/seed.py folders "$work/peer-catalog" $repositories

connections=1 turns "$rounds" catalog docker-registry -- asked "/v2/_catalog?n=100&last=bench/r$((repositories - 100))"
report "last page of $repositories repositories" p50_ms ms docker-registry:50
report "  server CPU a request (last page)" cpu_us us docker-registry
report --highest "  highest resident (last page)" peak_mb MB docker-registry:2
process_end catalog
process_end peer-catalog
umount "$work/peer-catalog"
rm -rf "$work/catalog"
