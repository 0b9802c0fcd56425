<?php

// php verify.php HEADER LIBRARY KEY < BODY

[, $header, $library, $keyFile] = $argv;
$kess = FFI::cdef(file_get_contents($header), $library);

$body = stream_get_contents(STDIN);
$key = $kess->new('kess_key *[1]');
$error = $kess->new('kess_error[1]');
$room = $kess->kess_canonical_bound(strlen($body));
$out = $kess->new("uint8_t[$room]");
$size = $kess->new('size_t[1]');
$size[0] = $room;
$status = $kess->kess_public_key_load_file($key, $keyFile, 0, $error);
if ($status === $kess->KESS_OK) {
    $status = $kess->kess_verify_document($key[0], $out, $size, $body, strlen($body), null, $error);
    $kess->kess_key_free($key[0]);
}
if ($status !== $kess->KESS_OK) {
    fwrite(STDERR, 'refused: ' . $kess->kess_status_message($status) . "\n");
    exit(1);
}
// Read values from these bytes only, never from the body.
echo FFI::string($out, $size[0]);
