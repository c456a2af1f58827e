#!/bin/sh
# The program of the tiny image. The kernel drops SIGTERM for a PID 1 that has no handler, and httpd has none:
# so the shell stays PID 1, hears the signal, and takes httpd down with it.
/usr/local/sbin/httpd -f -p 8000 -h /srv/www &
server=$!
trap 'kill $server; exit 143' TERM INT
echo "app.sh: listening on port 8000, with PID $$"
wait $server
