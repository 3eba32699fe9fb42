# An authority of the test's own, certificates by it, and nginx as the proxy that ends TLS in front of the registry.

# authority_make: $work/authority.crt and its key.
authority_make() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=naru-test-authority \
		-keyout "$work/authority.key" -out "$work/authority.crt" 2>"$work/openssl.log"
}

# certificate_make FILE SUBJECT-ALTERNATIVE-NAME: FILE.crt and FILE.key, signed by the authority.
certificate_make() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=naru-test -keyout "$1.key" -out "$1.csr" 2>>"$work/openssl.log"
	openssl x509 -req -in "$1.csr" -CA "$work/authority.crt" -CAkey "$work/authority.key" -set_serial "$RANDOM" -days 2 -out "$1.crt" \
		-extfile <(echo "subjectAltName=$2") 2>>"$work/openssl.log"
}

# certs_folder_make FOLDER HOST:PORT...: the authority for each of them, as docker, podman and naru look for it (certs.d).
certs_folder_make() {
	local folder=$1 host
	shift
	for host in "$@"; do
		mkdir -p "$folder/$host"
		cp "$work/authority.crt" "$folder/$host/ca.crt"
	done
}

# nginx_start UPSTREAM ADDRESS PORT CLIENTS-PORT: as docs/guide has it; on the second port it wants a certificate of the client, too.
nginx_start() {
	local program
	program=$(command -v nginx || echo /usr/sbin/nginx)
	[ -x "$program" ] || skip "nginx is not installed"
	mkdir -p "$work/nginx"
	cat >"$work/nginx/nginx.conf" <<-NGINX
		daemon off;
		pid $work/nginx/pid;
		error_log $work/nginx/error.log;
		user root;
		worker_processes 1;
		events { worker_connections 512; }
		http {
			access_log $work/nginx/access.log;
			client_body_temp_path $work/nginx/body;
			proxy_temp_path $work/nginx/proxy;
			fastcgi_temp_path $work/nginx/fastcgi;
			uwsgi_temp_path $work/nginx/uwsgi;
			scgi_temp_path $work/nginx/scgi;
			ssl_certificate $work/server.crt;
			ssl_certificate_key $work/server.key;
			ssl_client_certificate $work/authority.crt;
			client_max_body_size 0;
			proxy_http_version 1.1;
			proxy_request_buffering off;
			proxy_buffering off;
			proxy_read_timeout 900s;
			proxy_set_header Host \$http_host;
			proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto \$scheme;
			server {
				listen $2:$3 ssl;
				location / { proxy_pass http://$1; }
			}
			server {
				listen $2:$4 ssl;
				ssl_verify_client on;
				location / { proxy_pass http://$1; }
			}
		}
	NGINX
	process_start nginx "${host_enter[@]}" "$program" -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log"
	wait_for 10 host_answers "https://$2:$3/" || { cat "$work/nginx.log" "$work/nginx/error.log" >&2 && return 1; }
}
