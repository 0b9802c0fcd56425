#!/bin/sh
# How tests/vectors/keys was made, once, with the openssl command (and one file
# with ssh-keygen). The stored signatures belong to these keys: do not run it
# again without need. It refuses to replace a key.
set -eu

cd "$(dirname "$0")/keys"
if [ -e rsa-2048.pem ]; then
    echo "the keys exist already" >&2
    exit 1
fi

rsa() { # name, bits, further options
    name=$1
    bits=$2
    shift 2
    openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits" "$@" \
        -out "$name.pem"
}

rsa rsa-2048 2048
rsa rsa-3072 3072
rsa rsa-4096 4096
rsa other-2048 2048

# Other forms of rsa-2048.
key=rsa-2048.pem
password=pass:'correct horse'
openssl rsa -in $key -traditional -out rsa-2048.pkcs1.pem
openssl rsa -in $key -traditional -outform DER -out rsa-2048.pkcs1.der
openssl pkcs8 -in $key -topk8 -nocrypt -outform DER -out rsa-2048.pkcs8.der
openssl pkcs8 -in $key -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 \
    -passout "$password" -out rsa-2048.encrypted.pem
openssl pkcs8 -in $key -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 \
    -passout "$password" -outform DER -out rsa-2048.encrypted.der
openssl rsa -in $key -traditional -aes128 -passout "$password" \
    -out rsa-2048.legacy-encrypted.pem
openssl rsa -in $key -pubout -outform DER -out rsa-2048.pub.der
openssl rsa -in $key -RSAPublicKey_out -out rsa-2048.pub.pkcs1.pem
openssl rsa -in $key -RSAPublicKey_out -outform DER -out rsa-2048.pub.pkcs1.der
openssl req -new -key $key -subj "/CN=kesspay test key only" -out rsa-2048.csr.pem
openssl x509 -req -in rsa-2048.csr.pem -signkey $key -days 36500 \
    -out rsa-2048.cert.pem
openssl x509 -in rsa-2048.cert.pem -outform DER -out rsa-2048.cert.der
cp rsa-2048.pkcs1.pem rsa-2048.openssh.pem
chmod 600 rsa-2048.openssh.pem
ssh-keygen -q -p -P '' -N '' -C 'test key only' -f rsa-2048.openssh.pem

# Keys that must be refused.
rsa rsa-1024 1024
rsa rsa-2048-e3 2048 -pkeyopt rsa_keygen_pubexp:3
openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 \
    -out rsa-pss-2048.pem
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
    -out ec-p256.pem
openssl genpkey -quiet -algorithm ED25519 -out ed25519.pem
openssl genpkey -quiet -algorithm X25519 -out x25519.pem

for name in rsa-2048 rsa-3072 rsa-4096 other-2048 rsa-1024 rsa-2048-e3 \
    rsa-pss-2048 ec-p256 ed25519 x25519; do
    openssl pkey -in "$name.pem" -pubout -out "$name.pub.pem"
done
chmod 644 ./*
