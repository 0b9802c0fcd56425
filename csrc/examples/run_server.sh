#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The server and its client, run as a reader would.
#
#     run_server.sh FOLDER_OF_THE_EXAMPLES WORK_FOLDER
set -eu

programs=$1
work=$(mktemp -d "$2/server.XXXXXX")
socket=$work/socket
openssl genrsa -out "$work/private.pem" 2048 2>/dev/null
openssl rsa -in "$work/private.pem" -pubout -out "$work/public.pem" 2>/dev/null
printf '{"amount": 0.50, "id": "T-1"}' >"$work/good.json"
printf '{"amount": 1e400}' >"$work/bad.json"

"$programs/example_server" "$work/private.pem" "$socket" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
tries=0
while [ ! -S "$socket" ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "the server does not listen"; exit 1; }
    sleep 0.05
done

for _ in 1 2; do
    "$programs/example_client" "$socket" <"$work/good.json" >"$work/body.json"
    canonical=$("$programs/example_verify" "$work/public.pem" <"$work/body.json")
    [ "$canonical" = '{"amount":0.5,"id":"T-1"}' ] || { echo "$canonical"; exit 1; }
done
answer=$("$programs/example_client" "$socket" <"$work/bad.json")
[ "$answer" = 'error a number that is not finite at byte 11' ] \
    || { echo "$answer"; exit 1; }

kill $server
wait $server
[ ! -e "$socket" ] || { echo "the socket was left"; exit 1; }
