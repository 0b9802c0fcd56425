<?php

// What a call costs, and what it costs PHP alone: php tests/bench.php
// KESS_LIBRARY names libkess. The best round, in microseconds; a round takes a millisecond
// or two, so that some of them find an idle core on a busy machine. The documents
// are those of the folder KESS_BENCH, where it is set: see ../../measure.

declare(strict_types=1);

use Kess\PrivateKey;
use Kess\PublicKey;

require __DIR__ . '/../preload.php';

$folder = __DIR__ . '/../../../tests/vectors/keys';
$private = PrivateKey::fromFile("$folder/rsa-2048.pem");
$public = PublicKey::fromFile("$folder/rsa-2048.pub.pem");
$request = json_encode(['service' => 'create.unified.fundTransfer', 'out_trade_no' => 'T-2024-000017', 'receiver_id' => '85512345678', 'sender_name' => 'Sok Dara', 'amount' => 0.5, 'currency' => 'USD', 'note' => str_repeat('x', 160)]);
$body = $private->signedBody($request);
$given = getenv('KESS_BENCH');
if ($given !== false) {
    $request = file_get_contents("$given/request.json");
    $body = file_get_contents("$given/body.json");
}
$pem = file_get_contents("$folder/rsa-2048.pub.pem");
$key = openssl_pkey_get_public($pem);
$byHand = static function ($key) use ($body): int {
    $values = json_decode($body, true);
    $sign = base64_decode($values['sign'], true);
    ksort($values);
    unset($values['sign_type'], $values['sign']);

    return openssl_verify(json_encode($values), $sign, $key, \OPENSSL_ALGO_SHA256);
};
$ffi = Kess\Library::get();
$out = $ffi->new('uint8_t[65536]');
$length = $ffi->new('size_t[1]');
$handle = (fn () => $this->key)->call($public);
$signer = (fn () => $this->key)->call($private);
$rows = [
    'canonicalize' => [1000, static fn () => Kess\canonicalize($body)],
    'canonicalize-call' => [1000, static function () use ($ffi, $out, $length, $body) {
        $length[0] = 65536;
        $ffi->kess_canonicalize($out, $length, $body, \strlen($body), null, null);
    }],
    'verify' => [100, static fn () => $public->verifyDocument($body)],
    'verify-call' => [100, static function () use ($ffi, $handle, $out, $length, $body) {
        $length[0] = 65536;
        $ffi->kess_verify_document($handle, $out, $length, $body, \strlen($body), null, null);
    }],
    'openssl-verify-key' => [100, static fn () => $byHand($key)],
    'openssl-verify-pem' => [5, static fn () => $byHand($pem)],
    'sign' => [8, static fn () => $private->signedBody($request)],
    'refuse' => [1000, static function () {
        try {
            Kess\canonicalize('{');
        } catch (Kess\Exception\KessException) {
            // It is what is measured.
        }
    }],
    'sign-call' => [8, static function () use ($ffi, $signer, $out, $length, $request) {
        $length[0] = 65536;
        $ffi->kess_signed_body($signer, $out, $length, $request, \strlen($request), null, null);
    }],
];
foreach ($rows as $name => [$count, $call]) {
    $best = \INF;
    for ($round = 0; $round < 300; ++$round) {
        $start = hrtime(true);
        for ($i = 0; $i < $count; ++$i) {
            $call();
        }
        $best = min($best, (hrtime(true) - $start) / $count / 1000);
    }
    printf("%s %.3f\n", $name, $best);
}
